"""Tensors of the protocol: their shapes, and their elements as JSON and as bytes."""

import struct
from collections.abc import Iterator
from typing import Any

import msgspec

from modelfleet.errors import InvalidInput

BYTES, FP64 = "BYTES", "FP64"

_LENGTH = struct.Struct("<I")


class Tensor(msgspec.Struct, frozen=True):
    """A named array: its elements row by row; numbers for FP64, for BYTES text.

    Text is ``bytes`` in UTF-8 where it came in binary, else ``str``.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    values: tuple[Any, ...]


def flat(data: object) -> Iterator[Any]:
    """The elements of nested lists, row by row."""
    stack: list[Any] = [data]
    if isinstance(data, list) and not any(isinstance(value, list) for value in data):
        yield from data  # as most often
        return
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
    strings = (one.encode() if isinstance(one, str) else one for one in tensor.values)
    return b"".join(_LENGTH.pack(len(string)) + string for string in strings)


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
