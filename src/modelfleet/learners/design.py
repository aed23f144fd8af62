"""The training examples as one matrix, and the ways to multiply by its kernel."""

from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from modelfleet.learners.products import Matrix, product
from modelfleet.text import Features

Kernel = Callable[[Matrix], Matrix]
"""Multiplies a matrix ``(L, n)`` from the right with the kernel matrix ``(n, n)``."""


class Scales(msgspec.Struct, frozen=True):
    """How large the blocks are, next to the dense one: a larger block is penalised less."""

    sparse: float = 1.0
    bias: float = 1.0


class Design(msgspec.Struct, frozen=True, eq=False):
    """n examples in the scaled feature space in which weights are penalised alike.

    Attributes:
        dense: float64 ``(n, 256)``.
        sparse: float64 CSR ``(n, V)``, scaled.
        keys: uint32 ``(V,)``, sorted: which hash each sparse column is.
        factors: float64 ``(V,)``, what each sparse column was multiplied by.
        bias: value of the one constant feature.
    """

    dense: Matrix
    sparse: csr_array
    keys: NDArray[np.uint32]
    factors: NDArray[np.float64]
    bias: float

    def explicit_kernel(self) -> Kernel:
        """The kernel matrix, built once: ``n * n`` numbers, cheap to multiply by for small n."""
        gram = product(self.dense, self.dense.T)
        gram += (self.sparse @ self.sparse.T).toarray()
        gram += self.bias**2
        return lambda left: product(left, gram)

    def implicit_kernel(self) -> Kernel:
        """The kernel matrix, never built: to the features and back, for large n."""
        transposed = self.sparse.T.tocsr()

        def multiply(left: Matrix) -> Matrix:
            columns = np.ascontiguousarray(left.T)
            through = product(product(left, self.dense), self.dense.T)
            through += (self.sparse @ (transposed @ columns)).T
            through += left.sum(axis=1, keepdims=True) * self.bias**2
            return through

        return multiply


def design(features: Sequence[Features], scales: Scales, rarest: int = 1) -> Design:
    """Examples as a `Design`; hashes that fewer than ``rarest`` examples have are left out.

    A sparse column is scaled by its inverse document frequency, ``log((1 + n) / (1 + df)) + 1``
    (Sparck Jones 1972; smoothed), relative to that of a hash seen once.
    """
    stacked = np.concatenate([example.keys for example in features])
    values = np.concatenate([example.values for example in features]).astype(np.float64)
    keys, columns, counts = np.unique(stacked, return_inverse=True, return_counts=True)
    count = len(features)
    rarity = np.log((1 + count) / (1 + counts)) + 1
    factors = scales.sparse * rarity / (np.log((1 + count) / 2) + 1)
    bounds = np.cumsum([0, *(example.keys.size for example in features)])
    matrix = csr_array((values * factors[columns], columns, bounds), (count, keys.size))
    if rarest > 1:
        frequent = np.flatnonzero(counts >= rarest)
        matrix, keys, factors = matrix[:, frequent], keys[frequent], factors[frequent]
    return Design(
        dense=np.stack([example.dense for example in features]).astype(np.float64),
        sparse=matrix,
        keys=keys,
        factors=factors,
        bias=scales.bias,
    )
