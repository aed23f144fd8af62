"""What a decision with its outcome says to each stream: did it happen, and how likely was it?"""

from collections.abc import Iterator

import msgspec

from modelfleet.monitoring.matured import Matured
from modelfleet.monitoring.streams import Stream
from modelfleet.serving.judging import NO_LABEL_FITS

Element = tuple[Stream, bool, float | None]
"""A stream, whether what it counts happened, and its probability; None: by what is usual."""

_CONFIRMS = 0.25
_NEWS_FROM = 200
_BEFOREHAND = 6


class Habit(msgspec.Struct, array_like=True):
    """How often people confirmed and corrected of late.

    Where hardly anybody ever confirms, a decision that isn't corrected says something: silence
    then counts as not wrong, which can't raise a false alarm. Elsewhere silence says nothing.
    """

    confirmed: int = 0
    corrected: int = 0

    @property
    def confirms(self) -> bool:
        """Whether people confirm what is right; until that is seen, they don't."""
        return (self.confirmed + 1) >= _CONFIRMS * (self.confirmed + self.corrected + _BEFOREHAND)

    def note(self, one: Matured) -> None:
        """Take in one more outcome; old ones weigh less."""
        self.confirmed += one.outcome == "confirmed"
        self.corrected += one.outcome == "corrected"
        if self.confirmed + self.corrected > _NEWS_FROM:
            self.confirmed //= 2
            self.corrected //= 2


def elements(one: Matured, habit: Habit) -> Iterator[Element]:
    """The elements of streams that one decision gives, at most one of each.

    Decisions that no label was ever a candidate of say nothing: nobody promised anything.
    """
    if one.best is None:
        return
    silent = one.outcome == "silent"
    wrong = 1 - one.confidence
    if one.label is not None and one.said != "irrelevant" and not (silent and habit.confirms):
        yield Stream.PRECISION, one.outcome == "corrected", wrong
    right = one.best_was_right
    if right is not None and one.proposed is not None:
        yield Stream.MISSES, not one.proposed, one.left_over
    if right is not None and habit.confirms:
        yield Stream.OVERCONFIDENCE, not right, wrong
        yield Stream.UNDERCONFIDENCE, right, one.confidence
    yield Stream.COVERAGE, one.label is None, None
    yield Stream.NEW_DOMAIN, one.reason == NO_LABEL_FITS, None
    yield Stream.RESPONSE, silent and one.helpful is None, None
    if one.helpful is not None:
        yield Stream.HELPFULNESS, not one.helpful, None
