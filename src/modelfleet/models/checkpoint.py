"""A model's version as one file: a header and named arrays, sealed with a digest.

The file is an ordinary safetensors file, which any safetensors reader opens. Its one metadata
entry holds our header as JSON, with a digest of the whole file except the digest's own characters:
so a byte that changed anywhere, in the arrays, in a label's name or in a threshold, is found.
"""

import hashlib
import json
import mmap
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

import msgspec
import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from modelfleet.errors import (
    CheckpointDamaged,
    CheckpointMissing,
    CheckpointUnusable,
    InvalidInput,
    StoreUnavailable,
)
from modelfleet.models.layout import DTYPES, Contents, Layout, parse, views

FORMAT = 2
"""The newest format of the file that this code writes and reads: 2 since weights of embeddings have
16 bits."""

MAPPED_FROM = 4 * 2**20
"""Bytes from which a file is memory-mapped; a smaller one is read. See ``Checkpoint.open_file``."""

_METADATA_KEY = "modelfleet"
_BLANK = "0" * 64


class Header(msgspec.Struct, frozen=True):
    """What a version knows about itself.

    ``recipe`` is the recipe as it was given, any JSON object. ``watermark`` is the sequence number
    up to which the log was read, ``examples`` how many were trained on, ``training_digest`` a
    digest of them. ``temperature`` divides the scores, ``threshold`` is the least probability that
    is decided. ``encoder`` made its features and ``learner`` its arrays; a version that doesn't say
    so is from the time when there was one of each. ``targets`` are the
    precisions that people asked for, of labels by their names and of the task by an empty one, and
    ``prior`` is what other tasks had shown by then: both are needed to train it again.
    ``format`` is the format of the file.
    """

    tenant: str
    task: str
    version: str
    recipe: dict[str, Any]
    labels: tuple[str, ...]
    watermark: int
    examples: int
    metrics: dict[str, float]
    temperature: float
    threshold: float
    training_digest: str
    code_version: str
    encoder: str = "static#1"
    learner: str = "logistic"
    targets: dict[str, float] = {}
    prior: dict[str, Any] = {}
    format: int = FORMAT


class _Sealed(msgspec.Struct, frozen=True):
    digest: str
    header: Header


class _Dated(msgspec.Struct, frozen=True):
    """The part of a header that every future format keeps."""

    format: int


class _Envelope(msgspec.Struct, frozen=True):
    header: _Dated


class Checkpoint(msgspec.Struct, frozen=True, eq=False):
    """An open version: its header, its arrays, read-only, and its file's size in bytes."""

    header: Header
    arrays: Mapping[str, NDArray[Any]]
    digest: str
    nbytes: int

    @classmethod
    def open_bytes(cls, data: bytes, fingerprint: str | None = None, name: str = "bytes") -> Self:
        """Open a file's bytes; ``name`` is what errors call the file.

        Args:
            data: the whole file.
            fingerprint: if given, ``fingerprint(data)`` must be this.
            name: what errors call the file.

        Raises:
            CheckpointDamaged: the file is truncated, altered, foreign, or not the one with that
                fingerprint.
            CheckpointUnusable: it has a newer format.
        """
        return cls._open(data, fingerprint, name)

    @classmethod
    def open_file(
        cls, path: Path | str, fingerprint: str | None = None, name: str | None = None
    ) -> Self:
        """Open a file: read it if it has less than ``MAPPED_FROM`` bytes, map it otherwise.

        Errors call it by its ``name``, or by its path.

        Up to Python 3.12 every map keeps a duplicate of its file's descriptor for as long as it
        lives (from 3.13 on we ask for none), and Linux allows 65,530 maps per process: with a map
        per model, a process would hold some thousand models whatever memory it has. Checking the
        digest touches every page, so mapping doesn't make a small file smaller in memory: 5,000
        files of 60 KB took 344 MB and 0.2 ms each when read, 352 MB, 0.14 ms each and 5,000
        descriptors when mapped. A large file is worth a descriptor: its pages are shared by all
        processes on the machine and given back under pressure.

        A mapped file must be replaced by renaming and never be written into, as the stores do.

        Raises:
            CheckpointMissing: there is no such file.
            CheckpointDamaged, CheckpointUnusable: as for ``open_bytes``.
            StoreUnavailable: the file can't be read.
        """
        name = str(path) if name is None else name
        try:
            contents = _contents(path)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            raise CheckpointMissing(f"{name}: there is no such file") from error
        except OSError as error:
            raise StoreUnavailable(f"{path} can't be read: {error}") from error
        return cls._open(contents, fingerprint, name)

    @classmethod
    def _open(cls, contents: Contents, expected: str | None, name: str) -> Self:
        try:
            _check_fingerprint(contents, expected)
            layout = parse(contents)
            sealed = _unseal(contents, layout, is_known=expected is not None)
            arrays = MappingProxyType(views(contents, layout))
        except CheckpointUnusable as error:
            raise type(error)(f"{name} can't be opened: {error}") from error
        return cls(sealed.header, arrays, sealed.digest, len(contents))


def write(header: Header, arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """The file of a version; the same header and arrays give the same bytes, on any machine.

    Args:
        header: finite numbers and JSON values only.
        arrays: by name, of any shape, of booleans, integers, or floats of 16 to 64 bits.

    Raises:
        InvalidInput: the header isn't JSON, or an array has another type.
    """
    plain = {name: _storable(name, arrays[name]) for name in sorted(arrays)}
    # Several metadata entries may come out in any order, so there is one.
    metadata = {_METADATA_KEY: _envelope(header)}
    blank = safetensors.numpy.save(plain, metadata=metadata)
    digest = hashlib.sha256(blank).hexdigest()
    # The envelope begins with the digest, so the first blank is the digest's, whatever follows.
    return blank.replace(_BLANK.encode(), digest.encode(), 1)


def fingerprint(data: Contents) -> str:
    """SHA-256 of a whole file, in hexadecimal: what the event that publishes it carries."""
    return hashlib.sha256(data).hexdigest()


def _contents(path: Path | str) -> Contents:
    # Four calls of the system, where a file object makes nine: at each the interpreter is given up,
    # and whoever answers requests meanwhile must be waited for.
    descriptor = os.open(path, os.O_RDONLY)
    try:
        size = os.fstat(descriptor).st_size
        if size < MAPPED_FROM:
            return os.read(descriptor, size)
        if sys.version_info >= (3, 13):
            return mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ, trackfd=False)
        return mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
    finally:
        os.close(descriptor)


def _check_fingerprint(contents: Contents, expected: str | None) -> None:
    if expected is not None and (found := fingerprint(contents)) != expected:
        raise CheckpointDamaged(f"its fingerprint is {found}, {expected} was published")


def _unseal(contents: Contents, layout: Layout, *, is_known: bool) -> _Sealed:
    """Read our header out of a file; of one that isn't known to be whole, check the digest."""
    try:
        text = layout.metadata[_METADATA_KEY]
        newest = msgspec.json.decode(text, type=_Envelope).header.format
        if newest > FORMAT:
            raise CheckpointUnusable(f"it has format {newest}, this code reads up to {FORMAT}")
        sealed = msgspec.json.decode(text, type=_Sealed)
    except KeyError as error:
        raise CheckpointDamaged("modelfleet didn't write it: it has no header of ours") from error
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise CheckpointDamaged(f"its header is unreadable: {error}") from error
    if not is_known and _digest(contents, sealed.digest) != sealed.digest:
        raise CheckpointDamaged("its digest is wrong: it was altered after it was written")
    return sealed


def _digest(contents: Contents, written: str) -> str:
    """SHA-256 of a file as it was before ``written``, its digest, was put in."""
    place = contents.find(written.encode())
    whole = memoryview(contents)
    digest = hashlib.sha256(whole[:place])
    digest.update(_BLANK.encode())
    digest.update(whole[place + len(_BLANK) :])
    return digest.hexdigest()


def _envelope(header: Header) -> str:
    """The header as JSON, blank digest first, everything else in a fixed order."""
    try:
        text = json.dumps(
            msgspec.to_builtins(header),
            allow_nan=False,
            ensure_ascii=False,
            separators=(",", ":"),
            sort_keys=True,
        )
        # What can't be read back must not be written.
        msgspec.json.decode(text.encode(), type=Header)
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise InvalidInput.at("header", f"must be JSON with finite numbers: {error}") from error
    return f'{{"digest":"{_BLANK}","header":{text}}}'


def _storable(name: str, array: NDArray[Any]) -> NDArray[Any]:
    little = array.dtype.newbyteorder("<")
    if little not in DTYPES.values():
        raise InvalidInput.at(f"arrays.{name}", f"must hold numbers, not {array.dtype}")
    return np.asarray(array, dtype=little, order="C")
