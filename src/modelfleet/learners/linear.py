"""A linear model over the two feature blocks: what every learner makes and every server scores."""

from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.learners.arrays import Array, checked, size
from modelfleet.text import Features


class LinearModel(msgspec.Struct, frozen=True, eq=False):
    """One score per label; softmax of the scores is a probability.

    The arrays may be read-only views of a file; nothing here writes to them.

    Attributes:
        labels: L names, in the order of all columns.
        bias: float32 ``(L,)``.
        dense: float32 ``(D, L)``, or ``(0, L)`` if nothing was learned.
        keys: uint32 ``(V,)``, sorted: the hashes that the model has weights for.
        sparse: float16 or float32 ``(V, L)``, one row per key.
    """

    labels: tuple[str, ...]
    bias: NDArray[np.float32]
    dense: NDArray[np.float32]
    keys: NDArray[np.uint32]
    sparse: NDArray[np.float16] | NDArray[np.float32]

    @classmethod
    def empty(cls, labels: tuple[str, ...] = ()) -> "LinearModel":
        """The model that scores zero for each of ``labels``."""
        return cls(
            labels,
            np.zeros(len(labels), np.float32),
            np.zeros((0, len(labels)), np.float32),
            np.zeros(0, np.uint32),
            np.zeros((0, len(labels)), np.float16),
        )

    @classmethod
    def from_arrays(cls, labels: tuple[str, ...], arrays: Mapping[str, Array]) -> "LinearModel":
        """The model of which `to_arrays` gave ``arrays``, without copying them.

        Raises:
            ValueError: if an array is missing, or its shape or type isn't that of such a model.
        """
        known, rows, count = size(arrays, "keys"), size(arrays, "dense"), len(labels)
        return cls(
            labels,
            checked(arrays, "bias", ("float32",), (count,)),
            checked(arrays, "dense", ("float32",), (rows, count)),
            checked(arrays, "keys", ("uint32",), (known,)),
            checked(arrays, "sparse", ("float16", "float32"), (known, count)),
        )

    def to_arrays(self) -> dict[str, Array]:
        """All but the labels, as plain named arrays."""
        return {
            "bias": self.bias,
            "dense": self.dense,
            "keys": self.keys,
            "sparse": self.sparse,
        }

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(array.nbytes for array in self.to_arrays().values())

    def scaled(self, share: float) -> "LinearModel":
        """The model with scores ``share`` times as large."""
        factor = np.float32(share)
        sparse = self.sparse * self.sparse.dtype.type(share)
        return LinearModel(self.labels, self.bias * factor, self.dense * factor, self.keys, sparse)

    def scores(self, features: Features) -> NDArray[np.float32]:
        """One score per label, float32 ``(L,)``; of hashes never seen, none counts."""
        found = self.bias.copy() if not len(self.dense) else features.dense @ self.dense + self.bias
        if self.keys.size:
            places = self.keys.searchsorted(features.keys)
            known = self.keys.take(places, mode="clip") == features.keys
            rows = self.sparse[places[known]]
            found += features.values[known] @ rows.astype(np.float32, copy=False)
        return found
