"""Scores to probabilities that can be believed, and the confidence from which to decide."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import bdtrc, logsumexp

from modelfleet.learners.recommended import (
    CERTAINTY,
    PRIOR_TEMPERATURE,
    PRIOR_TEMPERATURE_EXAMPLES,
)

Numbers = NDArray[np.float64] | NDArray[np.float32]

_WIDEST = np.log(20.0)


def probabilities(scores: Numbers, temperature: float) -> NDArray[np.float64]:
    """Softmax of ``scores / temperature`` over the last axis; float64, same shape."""
    scaled = np.asarray(scores, np.float64) / temperature
    scaled -= scaled.max(axis=-1, keepdims=True, initial=-np.inf)
    np.exp(scaled, out=scaled)
    scaled /= scaled.sum(axis=-1, keepdims=True)
    return scaled


def temperature(
    scores: Numbers,
    targets: NDArray[np.integer],
    *,
    prior: float = PRIOR_TEMPERATURE,
    prior_examples: float = PRIOR_TEMPERATURE_EXAMPLES,
) -> float:
    """The temperature at which the log loss is lowest (Guo et al. 2017), drawn towards a prior.

    The log temperature has a normal prior around ``log(prior)`` that weighs as much as
    ``prior_examples`` examples, so few examples move it little; none gives ``prior`` itself.

    Args:
        scores: ``(n, L)``, of examples that the model was not trained on.
        targets: ``(n,)``, the right column of each.
        prior: the temperature to expect.
        prior_examples: how many examples the prior is worth.
    """
    scores = np.asarray(scores, np.float64)
    if scores.shape[0] == 0 or scores.shape[1] <= 1:
        return prior
    wanted = scores[np.arange(len(scores)), targets]

    def loss(log_temperature: float) -> float:
        sharpness = np.exp(-log_temperature)
        misfit = logsumexp(scores * sharpness, axis=1) - wanted * sharpness
        away = log_temperature - np.log(prior)
        return float(misfit.sum() + prior_examples * away**2 / 2)

    bounds = (np.log(prior) - _WIDEST, np.log(prior) + _WIDEST)
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-4})
    return float(np.exp(found.x))


def threshold(confidence: Numbers, correct: NDArray[np.bool_], target_precision: float) -> float:
    """The smallest confidence from which decisions are right as often as wanted.

    It is the smallest of the given confidences at which the lower bound of Clopper & Pearson
    (1934; one-sided, at the certainty of `recommended.CERTAINTY`) on the precision of all
    decisions that are at least as confident reaches ``target_precision``. Where no confidence can
    be certified so (too few examples, or too many errors), the probabilities are trusted instead:
    the answer is ``target_precision`` itself, or more where even the examples above it went wrong
    more often than that.

    Args:
        confidence: ``(n,)``, the probability of what would be decided.
        correct: ``(n,)``, whether that was right.
        target_precision: wanted share of right decisions, in [0, 1].
    """
    order = np.argsort(-np.asarray(confidence, np.float64), kind="stable")
    sorted_confidence = np.asarray(confidence, np.float64)[order]
    right = np.cumsum(np.asarray(correct, np.int64)[order])
    decided = np.arange(1, order.size + 1)
    # Equal confidences stand or fall together, so a set ends where the confidence changes.
    ends = np.ones(order.size, np.bool_)
    ends[:-1] = sorted_confidence[1:] != sorted_confidence[:-1]
    # The bound reaches the target where so many right ones would be a surprise below it.
    surprise = np.where(right > 0, bdtrc(right - 1, decided, target_precision), 1.0)
    certified = np.flatnonzero(ends & (surprise <= 1 - CERTAINTY))
    if target_precision <= 0:
        return 0.0
    if certified.size:
        return float(sorted_confidence[certified[-1]])
    return _fallback(sorted_confidence, right, target_precision)


def _fallback(
    confidence: NDArray[np.float64], right: NDArray[np.int64], target_precision: float
) -> float:
    """The target as a probability, raised until the examples above it don't contradict it."""
    decided = np.arange(1, confidence.size + 1)
    above = int(np.searchsorted(-confidence, -target_precision, side="right"))
    if above == 0 or right[above - 1] >= target_precision * decided[above - 1]:
        return float(target_precision)
    # Precision so far, at the wrong decisions: start above the most confident wrong one that
    # brings it under the target.
    short = np.flatnonzero(right[:above] < target_precision * decided[:above])
    return float(np.nextafter(confidence[short[0]], 2.0))
