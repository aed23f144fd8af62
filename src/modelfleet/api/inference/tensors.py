"""Tensors of the protocol: their shapes, and their elements as JSON and as bytes."""

import struct
from collections.abc import Iterator
from typing import Any

import msgspec

from modelfleet.errors import InvalidInput

BYTES, FP64 = "BYTES", "FP64"

_LENGTH = struct.Struct("<I")


class Tensor(msgspec.Struct, frozen=True):
    """A named array: its elements row by row, ``bytes`` for BYTES, numbers for FP64."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    values: tuple[Any, ...]


def flat(data: object) -> Iterator[Any]:
    """The elements of nested lists, row by row."""
    stack: list[Any] = [data]
    while stack:
        value = stack.pop()
        if isinstance(value, list):
            stack.extend(reversed(value))
        else:
            yield value


def to_bytes(tensor: Tensor) -> bytes:
    """The elements as they travel in binary: little-endian, strings behind their length."""
    if tensor.datatype == FP64:
        return struct.pack(f"<{len(tensor.values)}d", *tensor.values)
    return b"".join(_LENGTH.pack(len(value)) + value for value in tensor.values)


def strings_of(data: bytes, field: str) -> tuple[bytes, ...]:
    """The elements of a BYTES tensor that came in binary.

    Raises:
        InvalidInput: the bytes end within an element.
    """
    found: list[bytes] = []
    place = 0
    while place < len(data):
        start = place + _LENGTH.size
        if start > len(data):
            raise InvalidInput.at(field, f"ends within the length of element {len(found)}")
        (length,) = _LENGTH.unpack_from(data, place)
        place = start + length
        if place > len(data):
            raise InvalidInput.at(
                field, f"ends within element {len(found)}, which should have {length:,} bytes"
            )
        found.append(data[start:place])
    return tuple(found)
