"""The sums of a task's decisions of one day, by what they have in common."""

import msgspec

from modelfleet.clock import DAY
from modelfleet.monitoring import slicing
from modelfleet.monitoring.counts import ANSWERED
from modelfleet.monitoring.decided import Decided, Slices, Words
from modelfleet.monitoring.tally import Tally

LABEL, VERSION, HOUR, RECIPE = "label", "version", "hour", "recipe"
"""Fields that say nothing of a request; an empty value is a decision without one. The sums over
all values of one of them are those of all decisions; a recipe's are those of its versions."""
CONFUSION = "confusion"
"""The field whose values are pairs: what was decided and what was right; empty: none."""
_BETWEEN = "\t"


class Day(msgspec.Struct, gc=False):
    """What was counted; ``slices`` by what requests were like: emptied when one is forgotten."""

    sums: Tally
    slices: Tally


def day_of(time: int) -> int:
    """The day of a moment, counted from 1970-01-01 UTC."""
    return time // DAY


def kinds_of(decided: Decided) -> Slices:
    """What a decision is counted by that says nothing of its request's text or metadata."""
    hour = slicing.hour_of(decided.time)
    return (LABEL, decided.label or ""), (VERSION, decided.version or ""), (HOUR, hour)


def count_pair(tally: Tally, decided: Decided, words: Words, change: int = 1) -> None:
    """Count what was decided beside what was right, if people said so; a change of -1 takes back.

    What was no request at all isn't counted.
    """
    if words.said is None or words.said == "irrelevant":
        return
    pair = f"{decided.label or ''}{_BETWEEN}{words.right or ''}"
    tally.count(((CONFUSION, pair),), {ANSWERED: change})


def pair_of(value: str) -> tuple[str | None, str | None]:
    """What was decided and what was right; None: no label."""
    decided, _, right = value.partition(_BETWEEN)
    return decided or None, right or None
