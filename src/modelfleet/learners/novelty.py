"""Whether any label fits a request at all: a score that needs no example of those that none fits.

Two signals, each in standard deviations from the mean of held-out requests that a label fits: the
free energy of the scores (Liu et al. 2020), and the cosine between the request's embedding and the
nearest label's mean. With few examples per label meaning knows more, with many the scores do. A
request that is nearer to one that people refused than to any label loses by the difference. The
least fit that is accepted is a quantile of the held-out requests' own (as in conformal
prediction), so its cost is known: that share of requests that some label does fit.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.learners.products import each_times
from modelfleet.learners.recommended import FIT_LEAST, FIT_MEAN_AND_DEVIATION, REFUSED_WEIGHT
from modelfleet.text import Features
from modelfleet.text.features import dense_rows

Vectors = NDArray[np.float32] | NDArray[np.float16]

MOST_REMEMBERED = 100
"""The newest refused requests that are remembered, and the newest lessons since the training."""

_ARRAYS = {"fit_centres": "float16", "fit_refused": "float16", "fit_scale": "float64"}


class Scale(msgspec.Struct, frozen=True):
    """How the signals become one number; without held-out requests, what is usual."""

    energy_mean: float = 0.0
    energy_deviation: float = 1.0
    energy_weight: float = 0.0
    similarity_mean: float = FIT_MEAN_AND_DEVIATION[0]
    similarity_deviation: float = FIT_MEAN_AND_DEVIATION[1]
    similarity_weight: float = 1.0
    least: float = FIT_LEAST

    def fit(self, energy: Any, similarity: Any, nearer: Any) -> Any:  # noqa: ANN401 - numbers or arrays
        """How well a label fits, in standard deviations above the least that is accepted.

        Args:
            energy: free energy of the scores, ``T log sum exp(score / T)``.
            similarity: cosine to the nearest label's mean.
            nearer: by how much the cosine to the nearest refused request is more than that, or 0.
        """
        by_energy = (energy - self.energy_mean) / self.energy_deviation
        by_similarity = (similarity - self.similarity_mean) / self.similarity_deviation
        together = self.energy_weight * by_energy + self.similarity_weight * by_similarity
        return together - REFUSED_WEIGHT * nearer - self.least


class Novelty(msgspec.Struct, frozen=True, eq=False):
    """What requests that some label fits look like; a value.

    Attributes:
        centres: ``(M, D)``, unit vectors: first the labels' means, then lessons since. Half as
            exact as floats can be (float16) as they come from a file, whose memory they share.
        refused: the same ``(R, D)``, requests of which people said that no label fits.
        scale: how the signals are weighed.
        labels: how many of ``centres`` are labels' means.
    """

    centres: Vectors
    refused: Vectors
    scale: Scale
    labels: int

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "Novelty | None":
        """What `to_arrays` gave; None from a file of the time before there was such a thing."""
        if not _ARRAYS.keys() <= arrays.keys():
            return None
        centres, refused, scale = (arrays[name] for name in _ARRAYS)
        return cls(centres, refused, Scale(*scale.tolist()), len(centres))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """As plain named arrays; lessons since the training are left out."""
        scale = np.array(msgspec.structs.astuple(self.scale))
        values = (self.centres[: self.labels], self.refused, scale)
        return {
            name: value.astype(kind)
            for (name, kind), value in zip(_ARRAYS.items(), values, strict=True)
        }

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return self.centres.nbytes + self.refused.nbytes

    def fit(self, features: Sequence[Features], energy: Sequence[float]) -> list[float]:
        """How well a label fits each of n requests; below zero, none does.

        Args:
            features: of the requests.
            energy: of each, see `Scale.fit`.
        """
        dense = dense_rows(features)
        similarity = _nearest(self.centres, dense)
        refused = _nearest(self.refused, dense)
        nearer = [max(0.0, one - other) for one, other in zip(refused, similarity, strict=True)]
        return list(map(self.scale.fit, energy, similarity, nearer))

    def taught(self, features: Features) -> "Novelty":
        """After a person gave a request a label: what is like it isn't new any more."""
        lessons = _appended(self.centres[self.labels :], features)
        means = self.centres[: self.labels].reshape(-1, lessons.shape[1])
        centres = np.concatenate([means, lessons])
        return msgspec.structs.replace(self, centres=centres)

    def refusing(self, features: Features) -> "Novelty":
        """After a person said that no label fits a request: nor does one to what is like it."""
        return msgspec.structs.replace(self, refused=_appended(self.refused, features))


def _nearest(vectors: Vectors, dense: NDArray[np.float32]) -> list[float]:
    if not len(vectors):
        return [-1.0] * len(dense)
    cosines = each_times(dense, vectors.astype(np.float32, copy=False).T)
    nearest: list[float] = cosines.max(axis=1).tolist()
    return nearest


def _appended(vectors: Vectors, features: Features) -> Vectors:
    newest = vectors[1 - MOST_REMEMBERED :].reshape(-1, len(features.dense))  # none has no width
    return np.concatenate([newest, features.dense[None]])
