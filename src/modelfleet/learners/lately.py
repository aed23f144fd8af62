"""Labels that are given more often lately than in what a model learned from.

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
from modelfleet.learners.arrays import checked
from modelfleet.learners.recommended import LATELY_HALF_LIFE, LATELY_USUAL

Columns = NDArray[np.integer]
Shares = NDArray[np.float64]

_KEPT = 0.5 ** (1 / LATELY_HALF_LIFE)
_FEWEST = 50
"""Examples that can tell whether it helps."""

_ARRAYS = ("lately_usual", "lately_counts", "lately_strength")


class Lately(msgspec.Struct, frozen=True, eq=False, dict=True):
    """How often people gave each label lately, next to how often usually; a value.

    Attributes:
        usual: float64 ``(L,)``, positive: shares of the labels in what was learned from.
        counts: float64 ``(L,)``, words of people that gave each, which fade as others come.
        strength: what a label's score moves by for each unit of the log ratio; 0 if it doesn't.
    """

    usual: Shares
    counts: NDArray[np.float64]
    strength: float

    @classmethod
    def nothing(cls) -> "Lately":
        """Of which nothing follows."""
        return cls(np.zeros(0), np.zeros(0), 0.0)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], labels: int) -> "Lately":
        """What `to_arrays` gave of so many labels, which may be nothing.

        Raises:
            ValueError: an array isn't what it should be.
        """
        if _ARRAYS[0] not in arrays:
            return cls.nothing()
        shapes = ((labels,), (labels,), (1,))
        usual, counts, strength = (
            checked(arrays, name, ("float64",), shape)
            for name, shape in zip(_ARRAYS, shapes, strict=True)
        )
        return cls(usual, counts, float(strength[0]))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """As plain named arrays; none if nothing follows from it."""
        if not self.strength:
            return {}
        values = (self.usual, self.counts, np.array([self.strength]))
        return dict(zip(_ARRAYS, values, strict=True))

    def after(self, column: int) -> "Lately":
        """After a person gave a request the label of this column, if it has a usual share."""
        if not self.strength or column >= len(self.usual):
            return self
        counts = self.counts * _KEPT
        counts[column] += 1
        return Lately(self.usual, counts, self.strength)

    @cached_property
    def shift(self) -> NDArray[np.float32]:
        """What each label's score moves by: ``(L,)``."""
        return (self.strength * _log_ratios(self.counts, self.usual)).astype(np.float32)


class History(msgspec.Struct, frozen=True, eq=False):
    """The labels that people gave, one after another.

    Attributes:
        given: ``(n,)``, their columns, in the order in which they were given.
        usual: float64 ``(L,)``, shares of the labels; each is taken to have one example more.
        counts: float64 ``(n + 1, L)``, before each of n labels was given, and after the last.
    """

    given: Columns
    usual: Shares
    counts: NDArray[np.float64]

    @classmethod
    def of(cls, given: Columns, weights: NDArray[np.floating], labels: int) -> "History":
        """Of n requests, by how much each counts among what is learned from."""
        from scipy.signal import lfilter  # noqa: PLC0415 - slow to import, and no server needs it

        sums = np.bincount(given, weights, labels) + 1
        words = np.zeros((len(given) + 1, labels))
        words[np.arange(1, len(given) + 1), given] = 1
        return cls(given, sums / sums.sum(), lfilter([1.0], [1.0, -_KEPT], words, axis=0))

    def learned(
        self, scores: NDArray[np.float32], rows: Columns, temperature: float
    ) -> tuple[Lately, NDArray[np.float32]]:
        """What follows for the next request; and scores as they would have been moved.

        Args:
            scores: ``(m, L)``, of requests that the model hadn't seen.
            rows: ``(m,)``, which of the n they are.
            temperature: of the scores.
        """
        ratios = _log_ratios(self.counts[rows], self.usual)
        if not _helps(scores / temperature, ratios, self.given[rows]):
            return Lately.nothing(), scores
        moved = (scores + temperature * ratios).astype(np.float32)
        return Lately(self.usual, self.counts[-1], temperature), moved


def _helps(scaled: NDArray[np.floating], ratios: NDArray[np.float64], given: Columns) -> bool:
    """Whether probabilities that move with the ratios are better."""
    if len(given) < _FEWEST:
        return False
    moved = calibration.misfit(scaled + ratios, given)
    return bool(moved.mean() < calibration.misfit(scaled, given).mean())


def _log_ratios(counts: NDArray[np.float64], usual: Shares) -> NDArray[np.float64]:
    """By how much the newest shares differ from the usual ones, by counts ``(..., L)``."""
    words = counts.sum(axis=-1, keepdims=True) + LATELY_USUAL
    ratios: NDArray[np.float64] = np.log((counts + LATELY_USUAL * usual) / words / usual)
    return ratios
