"""A linear model over the two feature blocks: what every learner makes and every server scores."""

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.text import DIMENSION, Features

Array = NDArray[np.generic]


class LinearModel(msgspec.Struct, frozen=True, eq=False):
    """One score per label; softmax of the scores is a probability.

    The arrays may be read-only views of a file; nothing here writes to them.

    Attributes:
        labels: L names, in the order of all columns.
        bias: float32 ``(L,)``.
        dense: float32 ``(256, L)``.
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
            np.zeros((DIMENSION, len(labels)), np.float32),
            np.zeros(0, np.uint32),
            np.zeros((0, len(labels)), np.float16),
        )

    @classmethod
    def from_arrays(cls, labels: tuple[str, ...], arrays: Mapping[str, Array]) -> "LinearModel":
        """The model of which `to_arrays` gave ``arrays``, without copying them.

        Raises:
            ValueError: if an array is missing, or its shape or type isn't that of such a model.
        """
        known = len(arrays["keys"]) if "keys" in arrays else 0
        shapes = {
            "bias": (len(labels),),
            "dense": (DIMENSION, len(labels)),
            "keys": (known,),
            "sparse": (known, len(labels)),
        }
        return cls(labels, **{name: _checked(arrays, name, shapes[name]) for name in shapes})

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

    def scores(self, features: Features) -> NDArray[np.float32]:
        """One score per label, float32 ``(L,)``; of hashes never seen, none counts."""
        found: NDArray[np.float32] = features.dense @ self.dense
        found += self.bias
        if self.keys.size:
            places = self.keys.searchsorted(features.keys)
            known = self.keys.take(places, mode="clip") == features.keys
            rows = self.sparse[places[known]]
            found += features.values[known] @ rows.astype(np.float32, copy=False)
        return found


_TYPES = {
    "bias": ("float32",),
    "dense": ("float32",),
    "keys": ("uint32",),
    "sparse": ("float16", "float32"),
}


def _checked(arrays: Mapping[str, Array], name: str, shape: tuple[int, ...]) -> Any:  # noqa: ANN401 - its type depends on the name
    """The array of that name, if its type and shape are a model's."""
    if name not in arrays:
        raise ValueError(f"array {name} is missing")
    array = arrays[name]
    if array.dtype.name not in _TYPES[name]:
        raise ValueError(f"array {name} has type {array.dtype}, not {' or '.join(_TYPES[name])}")
    if array.shape != shape:
        raise ValueError(f"array {name} has shape {array.shape}, not {shape}")
    return array
