"""What a learner sees of one request: a dense sentence embedding and sparse hashed n-grams."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

DIMENSION = 256
"""Length of the static encoder's dense block."""

TOKEN, BIGRAM, CHARACTERS, METADATA = 0, 1, 2, 3
"""Kinds of sparse features; a key's two lowest bits tell its kind."""

KIND_MASK = 3

MOST_TOKENS = 256
"""Tokens of a request whose order is kept; both blocks read on."""


class Features(msgspec.Struct, frozen=True, eq=False):
    """The two blocks of one request, and its words in their order.

    Attributes:
        dense: float32 ``(D,)``, unit norm, or zeros where the text has no token.
        keys: uint32 ``(m,)``, sorted, unique hashes; never empty.
        values: float32 ``(m,)``, whose norm is the encoder's: how much words say next to meaning.
        tokens: uint16 ``(t,)``, the ids of the first `MOST_TOKENS` tokens in the text's order.
    """

    dense: NDArray[np.float32]
    keys: NDArray[np.uint32]
    values: NDArray[np.float32]
    tokens: NDArray[np.uint16]


def dense_rows(features: Sequence[Features]) -> NDArray[np.float32]:
    """The dense blocks of n requests, n > 0: ``(n, D)``."""
    return features[0].dense[None] if len(features) == 1 else np.array([f.dense for f in features])


def joined(features: Sequence[Features]) -> tuple[NDArray[np.uint32], NDArray[np.float32]]:
    """The keys and values of n requests, n > 0, one request behind the other."""
    if len(features) == 1:
        return features[0].keys, features[0].values
    return np.concatenate([f.keys for f in features]), np.concatenate([f.values for f in features])
