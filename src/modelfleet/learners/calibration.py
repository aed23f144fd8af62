"""Scores to probabilities that can be believed."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from modelfleet.learners.recommended import (
    PRIOR_TEMPERATURE,
    PRIOR_TEMPERATURE_EXAMPLES,
)

Numbers = NDArray[np.float64] | NDArray[np.float32]

BINS = 20
"""Twentieths of confidence, by which tasks tell what became of theirs."""

_WIDEST = np.log(20.0)


def probabilities(scores: Numbers, temperature: float | NDArray[np.float64]) -> NDArray[np.float64]:
    """Softmax of ``scores / temperature`` over the last axis; float64, same shape.

    Args:
        scores: ``(..., L)``.
        temperature: one, or ``(..., 1)``.
    """
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
    from scipy.optimize import minimize_scalar  # noqa: PLC0415 - slow to import, and no server needs it

    scores = np.asarray(scores, np.float64)
    if scores.shape[0] == 0 or scores.shape[1] <= 1:
        return prior

    def loss(log_temperature: float) -> float:
        sharpness = np.exp(-log_temperature)
        wrong = misfit(scores * sharpness, targets)
        away = log_temperature - np.log(prior)
        return float(wrong.sum() + prior_examples * away**2 / 2)

    bounds = (np.log(prior) - _WIDEST, np.log(prior) + _WIDEST)
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-4})
    return float(np.exp(found.x))


def log_loss(scores: Numbers, targets: NDArray[np.integer], temperature: float) -> float:
    """The mean log loss of ``scores / temperature``, ``(n, L)``; zero of no examples."""
    if not len(targets):
        return 0.0
    return float(misfit(np.asarray(scores, np.float64) / temperature, targets).mean())


def misfit(scores: Numbers, targets: NDArray[np.integer]) -> NDArray[np.float64]:
    """The negative logarithm of each right label's probability, by its softmax."""
    top = scores.max(axis=1)
    spread = np.log(np.exp(scores - top[:, None]).sum(axis=1))
    return np.asarray(spread + top - scores[np.arange(len(scores)), targets])


def expected_error(confidence: Numbers, correct: NDArray[np.bool_], bins: int = 15) -> float:
    """How far probabilities are from what came true: the expected calibration error, in [0, 1].

    Requests are put into bins of equal width by their confidence; the gaps between mean confidence
    and the share of right ones are averaged by the bins' sizes (Naeini et al. 2015).
    """
    if not len(confidence):
        return 0.0
    place = np.minimum((np.asarray(confidence) * bins).astype(np.intp), bins - 1)
    gaps = np.bincount(place, np.asarray(confidence, np.float64) - correct, bins)
    return float(np.abs(gaps).sum() / len(confidence))


def energy(scores: Numbers, temperature: float) -> NDArray[np.float64]:
    """Free energy over the last axis, ``T log sum exp(score / T)`` (Liu et al. 2020)."""
    scaled = np.asarray(scores, np.float64) / temperature
    return np.asarray(temperature * logsumexp(scaled, axis=-1))
