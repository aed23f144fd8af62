"""Hashes of tokens, n-grams and metadata: 32 bits, the same on every machine and in every process.

All arithmetic is on ``uint32`` and wraps around. The finaliser is MurmurHash3's ``fmix32``
(Austin Appleby, public domain), so that neighbouring inputs land far apart.
"""

import math
from collections.abc import Iterator, Mapping
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from modelfleet.text.features import KIND_MASK, METADATA

Hashes = NDArray[np.uint32]

_ROLL = np.uint32(0x01000193)
_BIGRAM_ROLL = np.uint32(0x9E3779B1)
_LONGEST_VALUE = 64
_MOST_ITEMS = 16


def mixed(raw: Hashes) -> Hashes:
    """MurmurHash3's finaliser over every element; changes ``raw`` in place and returns it."""
    raw ^= raw >> np.uint32(16)
    raw *= np.uint32(0x85EBCA6B)
    raw ^= raw >> np.uint32(13)
    raw *= np.uint32(0xC2B2AE35)
    raw ^= raw >> np.uint32(16)
    return raw


def bigrams(tokens: Hashes) -> Hashes:
    """A raw hash of each two neighbours: ``(n,)`` to ``(n - 1,)``."""
    return tokens[:-1] * _BIGRAM_ROLL + tokens[1:]


def character_ngrams(
    points: Hashes, shortest: int, longest: int
) -> list[tuple[Hashes, NDArray[np.intp]]]:
    """Raw hashes of the n-grams of code points that lie within one word.

    Args:
        points: code points of words, one space before each and one after the last.
        shortest: code points of the shortest n-gram, at least 2.
        longest: code points of the longest.

    Returns:
        For each length, the hashes and the positions at which those n-grams start. A space may
        be an n-gram's first or last code point (so beginnings and ends of words differ from their
        middles), never an inner one.
    """
    space = points == np.uint32(32)
    rolled = points
    whole: NDArray[np.bool_] | None = None
    found = []
    for length in range(2, longest + 1):
        if rolled.size < 2:  # noqa: PLR2004 - no n-gram of this length is left
            break
        rolled = rolled[:-1] * _ROLL + points[length - 1 :]
        if length > 2:  # noqa: PLR2004 - an n-gram of two has no inner code point
            inner = ~space[length - 2 : length - 2 + rolled.size]
            whole = inner if whole is None else whole[: rolled.size] & inner
        if length >= shortest and whole is not None:
            starts = np.flatnonzero(whole)
            found.append((rolled[starts], starts))
    return found


def metadata_keys(metadata: Mapping[str, object]) -> list[int]:
    """The keys of a request's metadata: one per name and value, sorted, unique."""
    return sorted(
        {
            crc32(f"{name}\x1f{value}".encode("utf-8", "replace")) & ~KIND_MASK | METADATA
            for name, field in metadata.items()
            for value in _values(field)
        }
    )


def _values(field: object) -> Iterator[str]:
    """The categories that a metadata field stands for; none for what has no plain value."""
    if isinstance(field, bool):
        yield "true" if field else "false"
    elif isinstance(field, str):
        yield field[:_LONGEST_VALUE].strip().lower()
    elif isinstance(field, int | float):
        yield _bucket(field)
    elif isinstance(field, list | tuple | set | frozenset):
        for item in sorted(str(item)[:_LONGEST_VALUE] for item in list(field)[:_MOST_ITEMS]):
            yield item.strip().lower()


def _bucket(number: float) -> str:
    """A coarse bucket: each power of two is one, by sign; zero and what isn't finite are alone."""
    if isinstance(number, float) and not math.isfinite(number):
        return "#not-finite"
    if number == 0:
        return "#0"
    magnitude = abs(number).bit_length() if isinstance(number, int) else math.frexp(number)[1]
    return f"#{'-' if number < 0 else '+'}{magnitude}"
