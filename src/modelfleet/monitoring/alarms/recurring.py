"""Whether an hour or a day of the week is worse each time it comes, and not once because of a day.

What gets worse on a Thursday is first seen on a Thursday. That is the day's fault only if another
Thursday was worse too, and each than the requests around it, which are of the time when it was as
bad as it was in general.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.clock import DAY
from modelfleet.monitoring.odds import Numbers, inside, shifted

REACH = {"hour": 0, "weekday": 3}
"""Kinds of time, and how many days before and after the others are that they are compared with."""

_FEWEST_OTHERS = 15
_BEFOREHAND = 1.0
_OF_OTHER_DAYS = 1 / 3


class Judged(msgspec.Struct, frozen=True, eq=False):
    """Decisions, when they were made (microseconds), and whether they were wrong, as expected."""

    decided: NDArray[np.int64]
    happened: NDArray[np.bool_]
    expected: Numbers


def recurs(judged: Judged, own: NDArray[np.bool_], others: NDArray[np.bool_], field: str) -> bool:
    """Whether a kind of time is worse than the requests around it, on more than one day.

    Args:
        judged: decisions.
        own: which are of the kind.
        others: which are of another time, and like it in all else.
        field: the kind of time.
    """
    days = judged.decided // DAY
    excess = [
        _excess(judged, own & (days == day), others & (np.abs(days - day) <= REACH[field]))
        for day in np.unique(days[own]).tolist()
    ]
    together = sum(excess)
    return together > 0 and together - max(excess) >= _OF_OTHER_DAYS * together


def _excess(judged: Judged, own: NDArray[np.bool_], others: NDArray[np.bool_]) -> float:
    """How many were wrong beyond what the others' errors let expect; none without others."""
    if others.sum() < _FEWEST_OTHERS:
        return 0.0
    wrong, usual = judged.happened[others].sum(), judged.expected[others].sum()
    odds = max(1.0, float((wrong + _BEFOREHAND) / (usual + _BEFOREHAND)))
    expected = shifted(inside(judged.expected[own]), odds)
    return float(judged.happened[own].sum() - expected.sum())
