"""Quality by day or week, and the days or weeks on which it fell."""

from collections.abc import Sequence
from itertools import groupby

import msgspec
from scipy.special import bdtr

from modelfleet.clock import DAY
from modelfleet.replay.measures import Measures, add, measure
from modelfleet.replay.observed import Observed

LEVEL = 0.01
LEAST = 20
LEAST_BEFORE = 50
DAYS_BEFORE = 28
_WEEKS_FROM = 70
_FIRST_MONDAY = 4 * DAY  # 1970-01-05

RULE = (
    f"Quality fell on a day or week whose accuracy is below that of the {DAYS_BEFORE} days before "
    f"by more than chance: one-sided binomial test at {LEVEL:.0%}, with at least {LEAST} labelled "
    f"requests in it and {LEAST_BEFORE} before. About one in {1 / LEVEL:.0f} days or weeks "
    "without any change would be listed, too."
)


class Period(msgspec.Struct, frozen=True):
    """Measures of ``days`` (1 or 7) from ``start`` (microseconds, midnight UTC) on."""

    start: int
    days: int
    measures: Measures


class Fall(msgspec.Struct, frozen=True):
    """A period in which the accuracy was lower than before by more than chance."""

    start: int
    days: int
    labelled: int
    accuracy: float
    before: float
    chance: float
    """The probability of as few right, had nothing changed."""


def days_of_period(observed: Sequence[Observed]) -> int:
    """Whether a history is looked at by day (up to ten weeks of it) or by week."""
    span = observed[-1].time - observed[0].time if observed else 0
    return 1 if span <= _WEEKS_FROM * DAY else 7


def by_period(observed: Sequence[Observed], days: int) -> tuple[Period, ...]:
    """Measures by day or week (from Monday); those without requests are left out.

    Args:
        observed: in time order.
        days: 1 or 7.
    """
    length = days * DAY

    def start_of(one: Observed) -> int:
        return (one.time - _FIRST_MONDAY) // length * length + _FIRST_MONDAY

    return tuple(
        Period(start, days, measure(list(within)))
        for start, within in groupby(observed, key=start_of)
    )


def falls(periods: Sequence[Period]) -> tuple[Fall, ...]:
    """The periods in which quality fell; see ``RULE``."""
    found = []
    for index, period in enumerate(periods):
        earliest = period.start - DAYS_BEFORE * DAY
        before = add(
            p.measures for p in periods[max(0, index - DAYS_BEFORE) : index] if p.start >= earliest
        )
        fall = _fall(period, before)
        if fall is not None:
            found.append(fall)
    return tuple(found)


def _fall(period: Period, before: Measures) -> Fall | None:
    now = period.measures
    if now.labelled < LEAST or before.labelled < LEAST_BEFORE:
        return None
    # One more right and one more wrong before: a flawless month doesn't make one miss a fall.
    expected = (before.right + 1) / (before.labelled + 2)
    chance = float(bdtr(now.right, now.labelled, expected))
    if now.right / now.labelled >= expected or chance > LEVEL:
        return None
    return Fall(
        period.start,
        period.days,
        now.labelled,
        accuracy=round(now.right / now.labelled, 6),
        before=round(before.right / before.labelled, 6),
        chance=round(chance, 9),
    )
