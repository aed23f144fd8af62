"""What each element may spend of the fleet's false alerts, so that a week never costs more.

A day has a seventh of the week's budget. How many elements it will have isn't known beforehand:
half of the day's part is for as many as were usual lately, a quarter for as many again, an eighth
for twice that, and so on, so that no day, however busy, spends more than its part.
"""

import msgspec

from modelfleet.clock import DAY
from modelfleet.monitoring.budget import SLICES, Budget, parts
from modelfleet.monitoring.streams import STREAMS

WITHIN = STREAMS
"""The place of kinds of requests within tasks, behind the streams of tasks."""
OVER_ALL = STREAMS + 1
"""The place of streams and kinds of requests over the fleet and its recipes."""
KINDS_OF_ELEMENTS = STREAMS + 2
_WEEK = 7
_FEWEST = 400
"""Elements a day that are reckoned with at least: a small fleet doesn't ring at the first error."""


def day_of(time: int) -> int:
    """The day of a moment, counted from 1970 in UTC."""
    return time // DAY


class Traffic(msgspec.Struct, array_like=True):
    """How many elements came, of each stream, then of `WITHIN` and `OVER_ALL`.

    Attributes:
        day: the day that ``today`` is of.
        today: how many so far.
        before: of the seven days before, the newest first.
    """

    day: int = 0
    today: list[int] = msgspec.field(default_factory=lambda: [0] * KINDS_OF_ELEMENTS)
    before: list[list[int]] = []

    def turn(self, day: int) -> None:
        """Begin another day; days without any element don't count."""
        if day > self.day:
            if any(self.today):
                self.before = [self.today, *self.before][:_WEEK]
                self.today = [0] * KINDS_OF_ELEMENTS
            self.day = day

    def expected(self, kind: int) -> int:
        """How many elements a day is reckoned to have: the most that one of the last had."""
        return max([_FEWEST, *(day[kind] for day in self.before)])


class Allowance:
    """Gives elements of one day their shares, in order."""

    def __init__(self, budget: Budget, traffic: Traffic) -> None:
        weekly = [*parts(budget).tolist(), *[budget.false_alerts * SLICES / 2] * 2]
        self._traffic = traffic
        self._expected = [traffic.expected(kind) for kind in range(KINDS_OF_ELEMENTS)]
        self._first: list[float] = [
            part / _WEEK / 2 / expected
            for part, expected in zip(weekly, self._expected, strict=True)
        ]

    def share(self, kind: int) -> float:
        """What the next element of a kind may spend, in false alerts: of a stream, or another."""
        number = self._traffic.today[kind]
        self._traffic.today[kind] = number + 1
        expected = self._expected[kind]
        if number < expected:
            return self._first[kind]
        doubled = (number // expected).bit_length() - 1
        return self._first[kind] / float(2 * 4**doubled)
