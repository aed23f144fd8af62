"""What a learner sees of one request: a dense sentence embedding and sparse hashed n-grams."""

import msgspec
import numpy as np
from numpy.typing import NDArray

DIMENSION = 256
"""Length of the dense block."""

TOKEN, BIGRAM, CHARACTERS, METADATA = 0, 1, 2, 3
"""Kinds of sparse features; a key's two lowest bits tell its kind."""

KIND_MASK = 3


class Features(msgspec.Struct, frozen=True, eq=False):
    """The two blocks of one request.

    Attributes:
        dense: float32 ``(256,)``, unit norm, or zeros where the text has no token.
        keys: uint32 ``(m,)``, sorted, unique hashes; never empty.
        values: float32 ``(m,)``, unit norm.
    """

    dense: NDArray[np.float32]
    keys: NDArray[np.uint32]
    values: NDArray[np.float32]
