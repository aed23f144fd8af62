"""Matrix products whose bits don't depend on how many threads the BLAS may use."""

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

_TILE = 32
_DEPTH = 256
"""32 x 256 x 32 multiply-adds is the most that OpenBLAS does without asking for a second thread
(``SMP_THRESHOLD_MIN * GEMM_MULTITHREAD_THRESHOLD`` in its `interface/gemm.c`)."""


def product(left: Matrix, right: Matrix) -> Matrix:
    """``left @ right`` in float64, from tiles that one thread computes, added in a fixed order."""
    result = np.zeros((left.shape[0], right.shape[1]))
    for depth in range(0, left.shape[1], _DEPTH):
        block = left[:, depth : depth + _DEPTH]
        for column in range(0, right.shape[1], _TILE):
            tile = np.ascontiguousarray(right[depth : depth + _DEPTH, column : column + _TILE])
            target = result[:, column : column + _TILE]
            for row in range(0, left.shape[0], _TILE):
                target[row : row + _TILE] += block[row : row + _TILE] @ tile
    return result
