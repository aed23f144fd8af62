"""Matrix products whose bits don't depend on how many threads the BLAS may use."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.floating[Any]]

_TILE = 32
_DEPTH = 256
"""32 x 256 x 32 multiply-adds is the most that OpenBLAS does without asking for a second thread
(``SMP_THRESHOLD_MIN * GEMM_MULTITHREAD_THRESHOLD`` in its `interface/gemm.c`)."""


def each_times(rows: NDArray[np.float32], right: NDArray[np.float32]) -> NDArray[np.float32]:
    """``rows @ right``, where each row has the bits that it has alone."""
    return rows @ right if len(rows) == 1 else np.matmul(rows[:, None], right)[:, 0]


def product(left: Matrix, right: Matrix) -> Matrix:
    """``left @ right``, from tiles that one thread computes, added in a fixed order."""
    rows = left.shape[0]
    result = np.zeros((rows, right.shape[1]), np.result_type(left, right))
    # Few rows leave room for more columns; a single one is multiplied by another routine.
    wide = _TILE * (_TILE // rows if 1 < rows < _TILE else 1)
    for depth in range(0, left.shape[1], _DEPTH):
        block = left[:, depth : depth + _DEPTH]
        for column in range(0, right.shape[1], wide):
            tile = np.ascontiguousarray(right[depth : depth + _DEPTH, column : column + wide])
            target = result[:, column : column + wide]
            for row in range(0, rows, _TILE):
                target[row : row + _TILE] += block[row : row + _TILE] @ tile
    return result
