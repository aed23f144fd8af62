"""What is usual of a task: how far the log odds of its outcomes are from what was expected of them.

Confidences are calibrated by recipe and on little data, so those of a single task are a bit off; a
rate (of abstentions, say) differs between tasks by itself. Detectors would take either for a fault,
so each stream has an offset: the expectation's log odds plus the offset is what is usual. Offsets
are learned from two sums in constant time (a Laplace approximation, made anew at each element),
drawn towards what the recipe's other tasks have (empirical Bayes), and forgotten slowly.

    score      sum of (happened - usual) + information * offset at which `usual` was taken
    information  sum of usual * (1 - usual)
    offset     (score + mean / variance) / (information + 1 / variance), of the prior's
"""

import math
from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.monitoring.odds import Numbers, inside, log_odds, logistic
from modelfleet.monitoring.streams import CALIBRATION, FROM_CONFIDENCE, Stream
from modelfleet.monitoring.turns import turns

MEMORY = 2000.0
"""Elements after which what was learned weighs a third (1/e)."""


class Prior(msgspec.Struct, frozen=True):
    """What is known of a task's offset before its own outcomes: a normal distribution."""

    mean: float = 0.0
    variance: float = 0.0625


START: Mapping[Stream, Prior] = {
    stream: Prior() if stream in FROM_CONFIDENCE else Prior(variance=1.0) for stream in Stream
}
"""What holds until a recipe has enough tasks to say: rates differ between tasks more than
calibration does."""


class Expectations(msgspec.Struct, frozen=True, eq=False):
    """Elements of streams, in the order of events.

    Attributes:
        rows: ``(n,)``, the row of ``sums``: a task's stream.
        streams: ``(n,)``, which `Stream` it is.
        happened: ``(n,)``, whether what the stream counts happened.
        stated: ``(n,)``, the probability of it by the decision's confidence or the recipe's rate.
        prior_mean: ``(n,)``, of the offset.
        prior_variance: ``(n,)``, of the offset.
    """

    rows: NDArray[np.intp]
    streams: NDArray[np.integer]
    happened: NDArray[np.bool_]
    stated: Numbers
    prior_mean: Numbers
    prior_variance: Numbers


def expect(sums: Numbers, elements: Expectations) -> Numbers:
    """What detectors should hold each element against, ``(n,)``; learns from it afterwards.

    It is the mean of the usual probability given the elements before it alone, over what the offset
    may be. Held against it the detectors' bound is exact for tasks whose offsets are as the prior
    says; a bound of the offset instead would cost most of their power. Calibration streams get what
    was stated, since that is what they question.

    Args:
        sums: float64 ``(rows, 2)``, score and information of each row; changed in place, to the
            same bits however events are batched.
        elements: in the order of events.
    """
    stated = log_odds(inside(elements.stated))
    expected = np.empty_like(stated)
    for places in turns(elements.rows):
        rows = elements.rows[places]
        mean, deviation = offsets(
            sums[rows], elements.prior_mean[places], elements.prior_variance[places]
        )
        # The mean of a logistic of a normal deviate (MacKay 1992).
        shrunk = 1 / np.sqrt(1 + np.pi / 8 * deviation**2)
        expected[places] = logistic((stated[places] + mean) * shrunk)
        usual = logistic(stated[places] + mean)
        information = usual * (1 - usual)
        score = elements.happened[places] - usual + information * mean
        sums[rows] = sums[rows] * (1 - 1 / MEMORY) + np.stack([score, information], axis=1)
    questioned = np.isin(elements.streams, CALIBRATION)
    return np.where(questioned, elements.stated, expected)


def offsets(
    sums: Numbers, mean: Numbers | float, variance: Numbers | float
) -> tuple[Numbers, Numbers]:
    """Mean and standard deviation of the offsets that sums ``(n, 2)`` and a prior say, ``(n,)``."""
    precision = sums[:, 1] + 1 / variance
    return (sums[:, 0] + mean / variance) / precision, 1 / np.sqrt(precision)


def pooled(sums: Numbers) -> Numbers:
    """What tasks add to the pool of a recipe's stream, ``(n, 5)`` of sums ``(n, 2)``.

    Pools are plain sums of these, so one is kept up to date by adding what a task has become less
    what it was.
    """
    score, information = sums.T
    squared = np.divide(score**2, information, np.zeros_like(score), where=information > 0)
    return np.stack([information > 0, information, information**2, score, squared], axis=1)


def prior(pool: Numbers, otherwise: Prior, most: float = 1.0) -> Prior:
    """The prior that a pool ``(5,)`` of many tasks says, by moments (DerSimonian & Laird 1986).

    The variance has its own standard error added: while little is known, tasks may differ more than
    it seems.

    Args:
        pool: the sum of what tasks add to it.
        otherwise: what holds while the pool is too small to say.
        most: the largest variance, since tasks that broke are in the pool too.
    """
    tasks, information, squared_information, score, squared = pool.tolist()
    spread = information - squared_information / information if information > 0 else 0.0
    if tasks < _ENOUGH_TASKS or spread <= 0:
        return otherwise
    variance = (
        squared - score**2 / information - (tasks - 1) + math.sqrt(2 * (tasks - 1))
    ) / spread
    return Prior(score / information, min(max(variance, _LEAST_VARIANCE), most))


_ENOUGH_TASKS = 20
_LEAST_VARIANCE = 1e-4
