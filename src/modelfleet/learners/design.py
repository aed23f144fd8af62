"""The training examples as one matrix, and the ways to multiply by its kernel."""

from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from modelfleet.learners.products import Matrix, product
from modelfleet.text import Features
from modelfleet.text.features import CHARACTERS, KIND_MASK

_PLACE_BITS = np.uint64(32)

Kernel = Callable[[Matrix], Matrix]
"""Multiplies a matrix ``(L, n)`` from the right with the kernel matrix ``(n, n)``."""


class Scales(msgspec.Struct, frozen=True):
    """How large the blocks are, next to the dense one: a larger block is penalised less."""

    sparse: float = 1.0
    characters: float = 1.0
    """Of the sparse block, how much larger n-grams of characters are."""
    bias: float = 1.0


class Design(msgspec.Struct, frozen=True, eq=False):
    """n examples in the scaled feature space in which weights are penalised alike.

    Attributes:
        dense: float32 ``(n, D)``.
        sparse: float32 CSR ``(n, V)``, scaled.
        keys: uint32 ``(V,)``, sorted: which hash each sparse column is.
        factors: float32 ``(V,)``, what each sparse column was multiplied by.
        bias: value of the one constant feature.
    """

    dense: Matrix
    sparse: csr_array
    keys: NDArray[np.uint32]
    factors: NDArray[np.float32]
    bias: float

    def of(self, rows: NDArray[np.intp]) -> "Design":
        """Some of the examples, in the same space."""
        return Design(self.dense[rows], self.sparse[rows], self.keys, self.factors, self.bias)

    def gram(self) -> Matrix:
        """The kernel matrix ``(n, n)``, cheap to multiply by for small n."""
        gram = product(self.dense, self.dense.T)
        gram += (self.sparse @ self.sparse.T).toarray()
        gram += self.bias**2
        return gram

    def weights(self, coefficients: Matrix) -> tuple[Matrix, Matrix, Matrix]:
        """What coefficients ``(L, n)`` of examples stand for: weights of the features.

        Returns:
            Those of the constant ``(L,)``, of the dense block ``(D, L)`` and the sparse ``(V, L)``.
        """
        columns = np.ascontiguousarray(coefficients.T)
        dense = product(np.ascontiguousarray(self.dense.T), columns)
        return columns.sum(axis=0) * self.bias, dense, self.sparse.T @ columns

    def scores(self, bias: Matrix, dense: Matrix, sparse: Matrix) -> Matrix:
        """What such weights say of the examples: ``(n, L)``."""
        scores: Matrix = product(self.dense, dense)
        scores += self.sparse @ sparse
        scores += bias * self.bias
        return scores

    def implicit_kernel(self) -> Kernel:
        """The kernel matrix, never built: to the features and back, for large n."""
        forth = _most_frequent_first(self.sparse)
        back = forth.T.tocsr()

        def multiply(left: Matrix) -> Matrix:
            columns = np.ascontiguousarray(left.T)
            through: Matrix = product(product(left, self.dense), self.dense.T)
            through += (forth @ (back @ columns)).T
            through += left.sum(axis=1, keepdims=True) * self.bias**2
            return through

        return multiply


def design(features: Sequence[Features], scales: Scales, rarest: int = 1) -> Design:
    """Examples as a `Design`; hashes that fewer than ``rarest`` examples have are left out.

    A sparse column is scaled by the root of its inverse document frequency, ``log((1 + n) / (1 +
    df)) + 1`` (Sparck Jones 1972; smoothed), relative to that of a hash seen once.
    """
    stacked = np.concatenate([example.keys for example in features])
    values = np.concatenate([example.values for example in features])
    keys, columns, counts = _distinct(stacked)
    count = len(features)
    rarity = np.log((1 + count) / (1 + counts)) + 1
    relative = np.sqrt(rarity / (np.log((1 + count) / 2) + 1))
    factors = (scales.sparse * relative).astype(np.float32)
    factors[keys & np.uint32(KIND_MASK) == CHARACTERS] *= np.float32(scales.characters)
    bounds = np.cumsum([0, *(example.keys.size for example in features)], dtype=np.int32)
    matrix = csr_array((values * factors[columns], columns, bounds), (count, keys.size))
    if rarest > 1:
        frequent = np.flatnonzero(counts >= rarest)
        matrix, keys, factors = matrix[:, frequent], keys[frequent], factors[frequent]
    return Design(
        dense=np.stack([example.dense for example in features]),
        sparse=matrix,
        keys=keys,
        factors=factors,
        bias=scales.bias,
    )


def _distinct(
    keys: NDArray[np.uint32],
) -> tuple[NDArray[np.uint32], NDArray[np.int32], NDArray[np.intp]]:
    """What `numpy.unique` gives with the inverse and the counts, in a quarter of its time.

    Keys are sorted together with their places, as one number each, which needs no indirection.
    """
    placed = np.arange(keys.size, dtype=np.uint64)
    placed |= keys.astype(np.uint64) << _PLACE_BITS
    placed.sort()
    ordered = (placed >> _PLACE_BITS).astype(np.uint32)
    is_first = np.ones(keys.size, bool)
    np.not_equal(ordered[1:], ordered[:-1], out=is_first[1:])
    firsts = np.flatnonzero(is_first)
    numbers = np.empty(keys.size, np.int32)
    numbers[placed.astype(np.uint32)] = np.cumsum(is_first, dtype=np.int32) - 1
    return ordered[firsts], numbers, np.diff(firsts, append=keys.size)


def _most_frequent_first(matrix: csr_array) -> csr_array:
    """The same columns in another order, in which those that most rows have stay in the cache."""
    counts = np.bincount(matrix.indices, minlength=matrix.shape[1])
    place = np.empty(counts.size, np.int32)
    place[np.argsort(-counts, kind="stable")] = np.arange(counts.size, dtype=np.int32)
    moved = csr_array((matrix.data, place[matrix.indices], matrix.indptr), matrix.shape)
    moved.sort_indices()
    return moved
