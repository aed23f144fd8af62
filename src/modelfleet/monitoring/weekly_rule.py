"""The usual rule, as it is published: an alert if a metric is below k% of last week's.

It is here for those who want it. It promises nothing: with 20 outcomes a week and a precision of
85% that never changes, it rings in 24% of all weeks, and a fall by 10% is found every second time.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray


class WeeklyRule(msgspec.Struct, frozen=True):
    """When to ring.

    Attributes:
        drop: the share of last week's value by which this week's must be lower, k / 100.
        least: outcomes that both weeks must have.
    """

    drop: float = 0.1
    least: int = 20


class Week(msgspec.Struct, frozen=True, eq=False):
    """Good outcomes of tasks, and all, ``(n,)`` each."""

    good: NDArray[np.integer]
    counts: NDArray[np.integer]


def fell(rule: WeeklyRule, last: Week, this: Week) -> NDArray[np.bool_]:
    """Which tasks' share of good outcomes is below ``1 - drop`` of last week's."""
    enough = np.minimum(last.counts, this.counts) >= max(rule.least, 1)
    # Without divisions, so that a share that is exactly at the limit isn't below it.
    now = this.good * last.counts
    before = last.good * this.counts
    return np.asarray(enough & (now < (1 - rule.drop) * before - _ROUNDING * before))


_ROUNDING = 1e-12
