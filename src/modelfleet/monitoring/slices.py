"""Kinds of requests that a model is worse at than it says: a language, a length, an hour.

A slice is watched like a task, by what decisions in it were held against anyway, so a slice that is
hard, and known to be, is no finding. Pooled over the fleet or a recipe, slices have much traffic,
and small biases show. Within a task they have little: there only whether *some* slice is off is
asked first, and then which.
"""

from collections.abc import Sequence

import msgspec
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


def evidence(levels: Levels, spent: Numbers) -> Numbers:
    """E-values of detectors at a moment that doesn't depend on their outcomes, ``(rows,)``."""
    level = levels.mean(axis=1, dtype=np.float64)
    return np.asarray(np.divide(level, spent, np.zeros_like(spent), where=spent > 0))


class Named(msgspec.Struct, frozen=True):
    """What a task's slices say.

    Attributes:
        some: the e-value of "some slice is off", valid however slices overlap.
        slices: places of those to name, strongest first.
    """

    some: float
    slices: tuple[int, ...]


def within_task(evidences: Numbers, false_share: float = 0.1) -> Named:
    """Whether some slice of a task is off, and which: e-values averaged, and e-BH among them."""
    some = float(evidences.mean()) if len(evidences) else 0.0
    return Named(some, tuple(triage(evidences, false_share)))


def triage(evidences: Numbers | Sequence[float], false_share: float = 0.1) -> list[int]:
    """Which to look at first, strongest first: on average at most a share of them falsely.

    e-BH (Wang & Ramdas 2022): the largest k of which the k-th e-value is at least
    ``n / (false_share * k)``. It holds under any dependence, for e-values of one moment; not for
    the highest that they have ever been.

    Args:
        evidences: ``(n,)``, e-values.
        false_share: of the list, at most so many are false on average, in (0, 1).
    """
    values = np.asarray(evidences, np.float64)
    order = np.argsort(-values, kind="stable")
    needed = len(values) / (false_share * np.arange(1, len(values) + 1))
    passed = np.flatnonzero(values[order] >= needed)
    return [int(place) for place in order[: passed[-1] + 1]] if passed.size else []
