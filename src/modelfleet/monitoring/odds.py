"""Probabilities by their odds, and what ways of being worse make of them."""

import numpy as np
from numpy.typing import NDArray

from modelfleet.monitoring.streams import Alternatives

Numbers = NDArray[np.float64]

_LEAST = 1e-6  # far below what any tolerance lets count


def inside(probability: Numbers) -> Numbers:
    """Probabilities away from 0 and 1, so that their odds are finite."""
    return np.clip(probability, _LEAST, 1 - _LEAST)


def log_odds(probability: Numbers) -> Numbers:
    """Of probabilities inside of (0, 1)."""
    return np.asarray(np.log(probability) - np.log1p(-probability))


def logistic(value: Numbers) -> Numbers:
    """The probability that has these log odds."""
    return np.asarray(1 / (1 + np.exp(-value)))


def shifted(probability: Numbers, odds: float) -> Numbers:
    """Probabilities whose odds are multiplied."""
    return probability * odds / (1 - probability + probability * odds)


def alternatives(ways: Alternatives, probability: Numbers) -> Numbers:
    """The probabilities ``(n, k)`` that ways of being worse make of ``(n,)`` inside of (0, 1)."""
    moved = logistic(ways.slope * log_odds(probability)[:, None] + ways.shift)
    return np.asarray(ways.spoiled + (1 - ways.spoiled) * moved)


def ratios(happened: NDArray[np.bool_], wrong: Numbers, tolerated: Numbers) -> Numbers:
    """Likelihood ratios of alternatives ``(n, k)`` to the tolerated probability nearest to each."""
    return np.where(happened[:, None], wrong / tolerated, (1 - wrong) / (1 - tolerated))
