"""The safetensors layout: where each array lies in a file, every bound checked.

Eight bytes of little-endian length, that many bytes of JSON, then the arrays' bytes without a gap
(https://github.com/huggingface/safetensors#format). Reading it here instead of through the
``safetensors`` library leaves the arrays where they are; the library copies each of them.
"""

import math
import mmap
from typing import Annotated, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.errors import CheckpointDamaged

Contents = bytes | mmap.mmap
Arrays = dict[str, NDArray[Any]]

# Plain numbers only: nothing here can hold a Python object.
DTYPES: dict[str, np.dtype[Any]] = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
    "I16": np.dtype("<i2"),
    "I8": np.dtype("i1"),
    "U64": np.dtype("<u8"),
    "U32": np.dtype("<u4"),
    "U16": np.dtype("<u2"),
    "U8": np.dtype("u1"),
    "BOOL": np.dtype("?"),
}

_LENGTH_BYTES = 8
_METADATA = "__metadata__"


class Span(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One array: what it holds, and from where to (not including) where, counted from the data."""

    dtype: str
    shape: tuple[Annotated[int, msgspec.Meta(ge=0)], ...]
    data_offsets: tuple[int, int]


class Layout(msgspec.Struct, frozen=True):
    """A file's own description: its metadata, its arrays, and the byte where their data begin."""

    metadata: dict[str, str]
    spans: dict[str, Span]
    start: int


def parse(contents: Contents) -> Layout:
    """Read the layout of a whole file.

    Raises:
        CheckpointDamaged: the file doesn't follow the format, or isn't as long as it says.
    """
    size = len(contents)
    if size < _LENGTH_BYTES:
        raise CheckpointDamaged(f"it ends at byte {size}, before its header")
    start = _LENGTH_BYTES + int.from_bytes(contents[:_LENGTH_BYTES], "little")
    if start > size:
        raise CheckpointDamaged(f"it ends at byte {size}, inside a header that ends at {start}")
    layout = _decode(contents[_LENGTH_BYTES:start], start)
    _check_spans(layout.spans, size - start)
    return layout


def views(contents: Contents, layout: Layout) -> Arrays:
    """The arrays, read-only, in one piece of memory that each keeps alive.

    Of a file that is mapped nothing is copied. Of one that was read the arrays are, all at once:
    beside those of a small model the header, which nobody needs any more, isn't small.

    Raises:
        CheckpointDamaged: a shape is none that an array can have.
    """
    is_read = isinstance(contents, bytes)
    data, start = (contents[layout.start :], 0) if is_read else (contents, layout.start)
    try:
        return {
            name: np.ndarray(span.shape, DTYPES[span.dtype], data, start + span.data_offsets[0])
            for name, span in layout.spans.items()
        }
    except (ValueError, OverflowError) as error:
        raise CheckpointDamaged(f"an array's shape is impossible: {error}") from error


def _decode(text: bytes, start: int) -> Layout:
    try:
        entries = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
        metadata = msgspec.json.decode(entries.pop(_METADATA, b"{}"), type=dict[str, str])
        spans = {name: msgspec.json.decode(raw, type=Span) for name, raw in entries.items()}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CheckpointDamaged(f"it isn't a safetensors file: {error}") from error
    return Layout(metadata, spans, start)


def _check_spans(spans: dict[str, Span], size: int) -> None:
    """Refuse spans that overlap, leave a gap, or don't fill the ``size`` bytes of data."""
    position = 0
    for name, span in sorted(spans.items(), key=lambda item: item[1].data_offsets):
        begin, end = span.data_offsets
        if span.dtype not in DTYPES:
            raise CheckpointDamaged(f"array {name!r} holds {span.dtype!r}, which we never write")
        length = math.prod(span.shape) * DTYPES[span.dtype].itemsize
        if begin != position or end != begin + length:
            raise CheckpointDamaged(f"array {name!r} isn't where its shape says it is")
        position = end
    if position != size:
        raise CheckpointDamaged(f"it has {size} bytes of arrays, its header describes {position}")
