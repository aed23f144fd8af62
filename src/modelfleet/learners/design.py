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


class Design(msgspec.Struct, frozen=True, eq=False):
    """n examples in the scaled feature space in which weights are penalised alike.

    Attributes:
        dense: float64 ``(n, 256)``, scaled.
        sparse: float64 CSR ``(n, V)``, scaled.
        keys: uint32 ``(V,)``, sorted: which hash each sparse column is.
        dense_scale: what the dense block was multiplied by.
        sparse_scales: float64 ``(V,)``, what each sparse column was multiplied by.
        bias_scale: value of the one constant feature.
    """

    dense: Matrix
    sparse: csr_array
    keys: NDArray[np.uint32]
    dense_scale: float
    sparse_scales: NDArray[np.float64]
    bias_scale: float

    def explicit_kernel(self) -> Kernel:
        """The kernel matrix, built once: ``n * n`` numbers, cheap to multiply by for small n."""
        gram = product(self.dense, self.dense.T)
        gram += (self.sparse @ self.sparse.T).toarray()
        gram += self.bias_scale**2
        return lambda left: product(left, gram)

    def implicit_kernel(self) -> Kernel:
        """The kernel matrix, never built: to the features and back, for large n."""
        transposed = self.sparse.T.tocsr()

        def multiply(left: Matrix) -> Matrix:
            columns = np.ascontiguousarray(left.T)
            through = product(product(left, self.dense), self.dense.T)
            through += (self.sparse @ (transposed @ columns)).T
            through += left.sum(axis=1, keepdims=True) * self.bias_scale**2
            return through

        return multiply


def design(
    features: Sequence[Features],
    *,
    dense_scale: float,
    sparse_scale: float,
    bias_scale: float,
    rarest: int = 1,
) -> Design:
    """Examples as a `Design`; hashes that fewer than ``rarest`` examples have are left out.

    A sparse column is scaled by its inverse document frequency, ``log((1 + n) / (1 + df)) + 1``
    (Sparck Jones 1972; smoothed), relative to that of a hash seen once.
    """
    stacked = np.concatenate([example.keys for example in features])
    values = np.concatenate([example.values for example in features]).astype(np.float64)
    sizes = [example.keys.size for example in features]
    keys, columns, counts = np.unique(stacked, return_inverse=True, return_counts=True)
    count = len(features)
    frequent = counts >= rarest
    rarity = np.log((1 + count) / (1 + counts)) + 1
    scales = sparse_scale * rarity / (np.log((1 + count) / 2) + 1)
    bounds = np.concatenate([[0], np.cumsum(sizes)])
    matrix = csr_array((values * scales[columns], columns, bounds), (count, keys.size))
    matrix = matrix[:, np.flatnonzero(frequent)] if not frequent.all() else matrix
    return Design(
        dense=np.stack([example.dense for example in features]).astype(np.float64) * dense_scale,
        sparse=matrix,
        keys=keys[frequent],
        dense_scale=dense_scale,
        sparse_scales=scales[frequent],
        bias_scale=bias_scale,
    )
