"""A linear model over the two feature blocks: what every learner makes and every server scores."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.learners.arrays import Array, checked, size
from modelfleet.learners.products import each_times
from modelfleet.text import Features
from modelfleet.text.features import dense_rows, joined

_AS_IT_IS = np.zeros(0, np.float32)
_LARGEST = 127  # of an int8, on both sides
_CHUNK = 64
"""Requests at a time, so that the rows of their hashes stay small."""


class LinearModel(msgspec.Struct, frozen=True, eq=False):
    """One score per label; softmax of the scores is a probability.

    The arrays may be read-only views of a file; nothing here writes to them.

    Attributes:
        labels: L names, in the order of all columns.
        bias: float32 ``(L,)``.
        dense: float16 or float32 ``(D, L)``, or ``(0, L)`` if nothing was learned.
        keys: uint32 ``(V,)``, sorted: the hashes that the model has weights for.
        sparse: float16, float32 or int8 ``(V, L)``, one row per key.
        scale: float32 ``(L,)``, by which each column of ``sparse`` counts; ``(0,)`` if as it is.
    """

    labels: tuple[str, ...]
    bias: NDArray[np.float32]
    dense: NDArray[np.float16] | NDArray[np.float32]
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
            checked(arrays, "dense", ("float16", "float32"), (rows, count)),
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
        """The model with each hashed feature's weights rounded to a byte, and others to two.

        Each label's weights of hashes are rounded to 127 steps on each side of zero (symmetric
        linear quantization). Of 64,000 weights as a demo's models have, the steps add up to some
        thousandths of a probability.
        """
        if self.scale.size or not self.keys.size:
            return self
        weights = self.sparse.astype(np.float32)
        scale = np.maximum(np.abs(weights).max(axis=0), np.finfo(np.float32).tiny) / _LARGEST
        rounded = np.rint(weights / scale).astype(np.int8)
        dense = self.dense.astype(np.float16)
        return LinearModel(self.labels, self.bias, dense, self.keys, rounded, scale)

    def scaled(self, share: float) -> "LinearModel":
        """The model with scores ``share`` times as large."""
        factor = np.float32(share)
        bias, dense = self.bias * factor, self.dense * factor
        if self.scale.size:
            scale = self.scale * factor
            return LinearModel(self.labels, bias, dense, self.keys, self.sparse, scale)
        sparse = self.sparse * self.sparse.dtype.type(share)
        return LinearModel(self.labels, bias, dense, self.keys, sparse)

    def scores(self, features: Sequence[Features]) -> NDArray[np.float32]:
        """One score per request and label, float32 ``(n, L)``; of hashes never seen, none counts.

        Each request's sums have an order of their own, so it scores the same alone as in a batch.
        """
        if not features:
            return np.zeros((0, len(self.labels)), np.float32)
        if len(self.dense):
            weights = self.dense.astype(np.float32, copy=False)
            found = each_times(dense_rows(features), weights) + self.bias
        else:
            found = np.repeat(self.bias[None], len(features), axis=0)
        if self.keys.size:
            starts = range(0, len(features), _CHUNK)
            chunks = [self._summed(features[start : start + _CHUNK]) for start in starts]
            summed = chunks[0] if len(chunks) == 1 else np.concatenate(chunks)
            found += summed * self.scale if self.scale.size else summed
        return found

    def _summed(self, features: Sequence[Features]) -> NDArray[np.float32]:
        """The rows of each request's hashes, as often as it has them, added up: ``(n, L)``."""
        keys, values = joined(features)
        places = self.keys.searchsorted(keys)
        known = np.flatnonzero(self.keys.take(places, mode="clip") == keys)
        rows = self.sparse[places[known]].astype(np.float32, copy=False)
        values = values[known]
        if len(features) == 1:
            return (values @ rows)[None]
        ends = known.searchsorted(np.cumsum([one.keys.size for one in features])).tolist()
        return np.array([values[a:b] @ rows[a:b] for a, b in pairwise((0, *ends))])
