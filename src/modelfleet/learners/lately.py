"""What labels are given more often lately than in what a model learned from.

Something breaks, and everybody asks about it; a season comes. A label's odds move by the ratio of
its share now to its share among the examples (Saerens, Latinne & Decaestecker 2002; there shares
are estimated, here people say them). Where shares are steady that ratio is noise, so whether it is
used is learned: from how the task's own examples followed one another.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.learners import calibration

Targets = NDArray[np.integer]

NEWEST = 50
"""Words of people that say what is asked lately."""

_USUAL_WORDS = 20.0
"""Words that the usual shares count as, next to these."""

_SURE = 2.0
"""Standard errors by which it must help."""

_ARRAYS = ("lately_usual", "lately_newest", "lately_strength")


class Lately(msgspec.Struct, frozen=True, eq=False, dict=True):
    """The newest labels next to the usual ones; a value.

    Attributes:
        usual: float32 ``(L,)``, positive: shares of the labels in what was learned from.
        newest: columns of the labels that people gave last, 50 at most, the newest last.
        strength: what a label's score moves by for each unit of the log ratio; 0 if it doesn't.
    """

    usual: NDArray[np.float32]
    newest: tuple[int, ...]
    strength: float

    @classmethod
    def nothing(cls) -> "Lately":
        """Of which nothing follows."""
        return cls(np.zeros(0, np.float32), (), 0.0)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "Lately":
        """What `to_arrays` gave, which may be nothing."""
        if not arrays.keys() >= set(_ARRAYS):
            return cls.nothing()
        usual, newest, strength = (arrays[name] for name in _ARRAYS)
        return cls(usual, tuple(newest.tolist()), float(strength[0]))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """As plain named arrays; none if nothing follows from it."""
        if not self.strength:
            return {}
        newest, strength = np.array(self.newest, np.uint16), np.array([self.strength])
        return dict(zip(_ARRAYS, (self.usual, newest, strength), strict=True))

    def after(self, column: int) -> "Lately":
        """After a person gave a request the label of this column, if it has a usual share."""
        if not self.strength or column >= len(self.usual):
            return self
        return Lately(self.usual, (*self.newest, column)[-NEWEST:], self.strength)

    @cached_property
    def shift(self) -> NDArray[np.float32]:
        """What each label's score moves by: ``(L,)``."""
        counts = np.bincount(self.newest, minlength=len(self.usual))[None]
        moved: NDArray[np.float64] = self.strength * _log_ratios(counts, self.usual)[0]
        return moved.astype(np.float32)


def usual_shares(
    targets: Targets, weights: NDArray[np.floating], labels: int
) -> NDArray[np.float32]:
    """The share of each label among weighed examples, as if each had one example more."""
    counts = np.bincount(targets, weights, labels) + 1
    shares: NDArray[np.float64] = counts / counts.sum()
    return shares.astype(np.float32)


def before_each(targets: Targets, usual: NDArray[np.float32]) -> NDArray[np.float64]:
    """The log ratios before each of n labels was given, by those before it: ``(n, L)``.

    Args:
        targets: ``(n,)``, the columns of the labels in the order in which people gave them.
        usual: see `Lately`.
    """
    given = np.zeros((len(targets) + 1, len(usual)), np.int32)
    given[np.arange(1, len(targets) + 1), targets] = 1
    np.cumsum(given, axis=0, out=given)
    counts = given[:-1].copy()
    counts[NEWEST:] -= given[: -1 - NEWEST]
    return _log_ratios(counts, usual)


def helps(
    scores: NDArray[np.float32], ratios: NDArray[np.float64], targets: Targets, temperature: float
) -> bool:
    """Whether probabilities that move with the ratios were clearly better.

    Args:
        scores: ``(m, L)``, of examples that the model hadn't seen.
        ratios: ``(m, L)``, before each.
        targets: ``(m,)``, the right column of each.
        temperature: of the scores.
    """
    if len(targets) <= NEWEST:
        return False
    scaled = scores / temperature
    gains = calibration.misfit(scaled, targets) - calibration.misfit(scaled + ratios, targets)
    return bool(gains.mean() > _SURE * gains.std() / np.sqrt(len(gains)))


def _log_ratios(counts: NDArray[np.integer], usual: NDArray[np.float32]) -> NDArray[np.float64]:
    """By how much shares differ from the usual ones, by counts ``(n, L)`` of the newest labels."""
    words = counts.sum(axis=1, keepdims=True) + _USUAL_WORDS
    shares = (counts + _USUAL_WORDS * usual.astype(np.float64)) / words
    ratios: NDArray[np.float64] = np.log(shares / usual)
    return ratios
