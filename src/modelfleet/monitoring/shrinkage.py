"""Shares of small tasks for display: drawn towards what is usual of their recipe, with an interval.

The raw share of a week of six outcomes says next to nothing, and a list sorted by it shows the
smallest tasks. Each task's share is taken as a draw from a beta distribution that is fitted to all
of them (empirical Bayes, by moments), and its own outcomes move it from there.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaincinv

from modelfleet.monitoring.odds import Numbers

_FLATTEST, _STEEPEST = 1.0, 1e4  # outcomes that the prior may be worth


class Beta(msgspec.Struct, frozen=True):
    """The distribution of shares over tasks, in outcomes that happened and that didn't."""

    happened: float = 1.0
    not_happened: float = 1.0


class Shown(msgspec.Struct, frozen=True, eq=False):
    """What to show of tasks, ``(n,)`` each: the median, and a 90% interval."""

    median: Numbers
    least: Numbers
    most: Numbers


def fitted(happened: NDArray[np.integer], counts: NDArray[np.integer]) -> Beta:
    """The beta distribution of tasks' shares; the flat one of fewer than two tasks.

    Args:
        happened: ``(n,)``, outcomes of each task.
        counts: ``(n,)``, outcomes of each task in all.
    """
    some = counts > 0
    happened, counts = happened[some], counts[some]
    if len(counts) < 2:  # noqa: PLR2004 - a spread needs two
        return Beta()
    mean = float((happened.sum() + 0.5) / (counts.sum() + 1))
    chance = mean * (1 - mean)
    # Of a share of n: chance / n + spread * (1 - 1 / n); weighted by n, summed over tasks.
    squares = float((counts * (happened / counts - mean) ** 2).sum())
    spread = (squares - chance * len(counts)) / max(float((counts - 1).sum()), 1.0)
    worth = float(np.clip(chance / max(spread, 1e-12) - 1, _FLATTEST, _STEEPEST))
    return Beta(mean * worth, (1 - mean) * worth)


def shown(prior: Beta, happened: NDArray[np.integer], counts: NDArray[np.integer]) -> Shown:
    """Posterior median and 90% interval of each task's share."""
    for_it, against = _posterior(prior, happened, counts)
    median, least, most = (betaincinv(for_it, against, at) for at in (0.5, 0.05, 0.95))
    return Shown(median, least, most)


def probability_below(
    prior: Beta, happened: NDArray[np.integer], counts: NDArray[np.integer], target: float
) -> Numbers:
    """How probable it is that each task's share is below a target, ``(n,)``: what to rank by."""
    return np.asarray(betainc(*_posterior(prior, happened, counts), target))


def _posterior(
    prior: Beta, happened: NDArray[np.integer], counts: NDArray[np.integer]
) -> tuple[Numbers, Numbers]:
    against = counts - happened
    return np.asarray(prior.happened + happened), np.asarray(prior.not_happened + against)
