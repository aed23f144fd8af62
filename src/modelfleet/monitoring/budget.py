"""From the false alerts that an operator allows to what a stream's element may spend, and back.

The whole fleet may raise so many false alerts a week. Each stream has a part of that, and each of
its elements a share of the part; a detector's expected false alarms are at most the shares that it
was given (see `detectors`). So what was promised is a sum, whatever the number of tasks.
"""

from collections.abc import Mapping

import msgspec
import numpy as np
from scipy.special import gammaincinv

from modelfleet.monitoring.odds import Numbers
from modelfleet.monitoring.streams import Stream

WEIGHTS: Mapping[Stream, float] = {
    Stream.PRECISION: 0.50,
    Stream.MISSES: 0.10,
    Stream.OVERCONFIDENCE: 0.05,
    Stream.UNDERCONFIDENCE: 0.05,
    Stream.COVERAGE: 0.05,
    Stream.NEW_DOMAIN: 0.05,
    Stream.RESPONSE: 0.05,
    Stream.HELPFULNESS: 0.05,
}
"""Parts of the budget that streams of tasks have."""

SLICES = 0.09
"""The part that slices have."""
SEARCH = 0.01
"""The part of the weekly search for slices that nobody named."""


class Budget(msgspec.Struct, frozen=True):
    """What an operator allows.

    Attributes:
        false_alerts: a week, in the whole fleet.
    """

    false_alerts: float = 1.0


def parts(budget: Budget) -> Numbers:
    """False alerts a week of each stream, ``(8,)``; the rest is for slices."""
    return budget.false_alerts * np.array([WEIGHTS[stream] for stream in Stream])


def search_error(budget: Budget) -> float:
    """How likely a weekly search may name any slice falsely; on average it names no more."""
    return min(budget.false_alerts * SEARCH, 1.0)


def most_likely_at_most(false_alerts: int, certainty: float = 0.95) -> float:
    """The upper bound of the mean of a Poisson count (Garwood 1936, one-sided)."""
    return float(gammaincinv(false_alerts + 1, certainty))


def most_likely_at_least(false_alerts: int, certainty: float = 0.95) -> float:
    """The lower bound of the mean of a Poisson count (Garwood 1936, one-sided)."""
    return float(gammaincinv(false_alerts, 1 - certainty)) if false_alerts else 0.0


class Account(msgspec.Struct, frozen=True):
    """Promised against realised, where it is known that nothing is wrong.

    Attributes:
        promised: false alerts, the sum of the shares that were spent.
        realised: false alerts that were raised.
    """

    promised: float
    realised: int

    @property
    def broken(self) -> bool:
        """Whether more were raised than chance explains: the lower 95% bound is over the promise.

        One cause can ring at many tasks at once, and then the count is no Poisson count: so this
        asks for a look, and proves nothing.
        """
        return most_likely_at_least(self.realised) > self.promised


def promise(budget: Budget) -> str:
    """What an alert promises, in words."""
    allowed = (
        "1 false alert" if budget.false_alerts == 1 else f"{budget.false_alerts:g} false alerts"
    )
    return (
        f"While every model is as good as it says, the whole fleet raises at most {allowed} "
        "a week on average, however many tasks it has and however often one looks."
    )
