"""A linear model over the two feature blocks: what every learner makes and every server scores."""

from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.learners.arrays import Array, checked, size
from modelfleet.text import Features

_AS_IT_IS = np.zeros(0, np.float32)
_LARGEST = 127  # of an int8, on both sides


class LinearModel(msgspec.Struct, frozen=True, eq=False):
    """One score per label; softmax of the scores is a probability.

    The arrays may be read-only views of a file; nothing here writes to them.

    Attributes:
        labels: L names, in the order of all columns.
        bias: float32 ``(L,)``.
        dense: float32 ``(D, L)``, or ``(0, L)`` if nothing was learned.
        keys: uint32 ``(V,)``, sorted: the hashes that the model has weights for.
        sparse: float16, float32 or int8 ``(V, L)``, one row per key.
        scale: float32 ``(L,)``, by which each column of ``sparse`` counts; ``(0,)`` if as it is.
    """

    labels: tuple[str, ...]
    bias: NDArray[np.float32]
    dense: NDArray[np.float32]
    keys: NDArray[np.uint32]
    sparse: NDArray[np.float16] | NDArray[np.float32] | NDArray[np.int8]
    scale: NDArray[np.float32] = _AS_IT_IS

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
            checked(arrays, "sparse", ("float16", "float32", "int8"), (known, count)),
            checked(arrays, "scale", ("float32",), (count,)) if "scale" in arrays else _AS_IT_IS,
        )

    def to_arrays(self) -> dict[str, Array]:
        """All but the labels, as plain named arrays."""
        arrays: dict[str, Array] = {
            "bias": self.bias,
            "dense": self.dense,
            "keys": self.keys,
            "sparse": self.sparse,
        }
        return arrays | {"scale": self.scale} if self.scale.size else arrays

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(array.nbytes for array in self.to_arrays().values())

    def compact(self) -> "LinearModel":
        """The model with each hashed feature's weights rounded to a byte: half as large.

        Each label's weights are rounded to 127 steps on each side of zero (symmetric linear
        quantization). Of 64,000 weights as a demo's models have, the steps add up to some
        thousandths of a probability.
        """
        if self.scale.size or not self.keys.size:
            return self
        weights = self.sparse.astype(np.float32)
        scale = np.maximum(np.abs(weights).max(axis=0), np.finfo(np.float32).tiny) / _LARGEST
        rounded = np.rint(weights / scale).astype(np.int8)
        return LinearModel(self.labels, self.bias, self.dense, self.keys, rounded, scale)

    def scaled(self, share: float) -> "LinearModel":
        """The model with scores ``share`` times as large."""
        factor = np.float32(share)
        bias, dense = self.bias * factor, self.dense * factor
        if self.scale.size:
            scale = self.scale * factor
            return LinearModel(self.labels, bias, dense, self.keys, self.sparse, scale)
        sparse = self.sparse * self.sparse.dtype.type(share)
        return LinearModel(self.labels, bias, dense, self.keys, sparse)

    def scores(self, features: Features) -> NDArray[np.float32]:
        """One score per label, float32 ``(L,)``; of hashes never seen, none counts."""
        found = self.bias.copy() if not len(self.dense) else features.dense @ self.dense + self.bias
        if self.keys.size:
            places = self.keys.searchsorted(features.keys)
            known = self.keys.take(places, mode="clip") == features.keys
            rows = self.sparse[places[known]].astype(np.float32, copy=False)
            summed = features.values[known] @ rows
            found += summed * self.scale if self.scale.size else summed
        return found
