"""Stored arrays, checked before they become a model."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.generic]


def checked(
    arrays: Mapping[str, Array], name: str, types: tuple[str, ...], shape: tuple[int, ...]
) -> Any:  # noqa: ANN401 - its type depends on the name
    """The array of that name.

    Raises:
        ValueError: it is missing, or has none of these types, or another shape.
    """
    if name not in arrays:
        raise ValueError(f"array {name} is missing")
    array = arrays[name]
    if array.dtype not in types:
        raise ValueError(f"array {name} has type {array.dtype}, not {' or '.join(types)}")
    if array.shape != shape:
        raise ValueError(f"array {name} has shape {array.shape}, not {shape}")
    return array


def size(arrays: Mapping[str, Array], name: str, axis: int = 0) -> int:
    """How long an array is; 0 where it is missing, so that `checked` can say so."""
    array = arrays.get(name)
    return 0 if array is None or array.ndim <= axis else array.shape[axis]
