"""Kinds of requests that a model is worse at than it says: a language, a length, an hour.

A slice is watched like a task, by what decisions in it were held against anyway, so a slice that is
hard, and known to be, is no finding. Pooled over the fleet or a recipe, slices have much traffic,
and small biases show. Within a task they have little (see `alarms.within`).
"""

import numpy as np
from numpy.typing import NDArray

from modelfleet.monitoring.detectors import Levels
from modelfleet.monitoring.odds import Numbers, alternatives, inside, ratios, shifted
from modelfleet.monitoring.streams import Alternatives

TOLERATED_ODDS = 1.1
"""How much the odds of being wrong may exceed what is expected, in a slice, before it counts."""

SUBTLE = Alternatives(
    shift=np.log([1.08, 1.18, 1.4, 2.0, 3.5]), slope=np.ones(5), spoiled=np.zeros(5)
)
"""Beyond what is tolerated. Finer than for tasks, since slices of a fleet have more outcomes."""


def slice_bets(
    happened: NDArray[np.bool_], expected: Numbers, odds: float = TOLERATED_ODDS
) -> Levels:
    """Factors of bets that a slice is worse than expected, float32 ``(n, 5)``, for `advance`.

    Args:
        happened: ``(n,)``, whether decisions were wrong.
        expected: ``(n,)``, what each was held against (`watching.Observed`).
        odds: what is tolerated.
    """
    most = shifted(inside(expected), odds)
    bets = ratios(happened, alternatives(SUBTLE, most), most[:, None])
    return bets.astype(np.float32)
