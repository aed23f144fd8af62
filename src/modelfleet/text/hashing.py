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

NGRAM = 4
"""Code points of a character n-gram. Lengths of 3 to 5 together decided no better, at twice the
features."""

_SPACE = np.uint32(32)
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


def character_ngrams(points: Hashes) -> tuple[Hashes, NDArray[np.intp]]:
    """Raw hashes of the n-grams of four code points that lie within one word.

    Args:
        points: code points of words, one space before each and one after the last.

    Returns:
        The hashes and the positions at which those n-grams start. A space may be an n-gram's
        first or last code point (so beginnings and ends of words differ from their middles),
        never an inner one.
    """
    letter = points != _SPACE
    starts = np.flatnonzero(letter[1:-2] & letter[2:-1])
    rolled = points[starts]
    for place in range(1, NGRAM):
        rolled *= _ROLL
        rolled += points[starts + place]
    return rolled, starts


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
