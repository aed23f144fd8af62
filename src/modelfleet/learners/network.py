"""A convolutional network over the tokens of a text, as plain arrays that need no framework.

Kim 2014: filters over two, three and four neighbouring tokens, each pooled to the place where it
fits best, and one linear layer on top. Tokens that the network doesn't know are as if left out.
"""

from collections.abc import Mapping
from typing import Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.learners.arrays import Array, checked, size

WIDTHS = (2, 3, 4)
"""How many neighbouring tokens the filters look at."""

PADDING = max(WIDTHS) - 1
"""Empty places before and after a text, so that filters see where it begins and ends."""

_TILE = 32
"""Windows at a time: so few that the BLAS doesn't ask for a second thread (see `products.py`)."""


class Network(msgspec.Struct, frozen=True, eq=False):
    """What was learned from F filters of each width over vectors of P numbers.

    Attributes:
        tokens: uint16 ``(V,)``, sorted: the tokens that it has vectors for.
        vectors: float16 ``(V, P)``.
        filters: float32 ``(sum(WIDTHS) * P, F)``, one width below the other.
        levels: float32 ``(len(WIDTHS) * F,)``, added to what each filter found.
        weights: float32 ``(len(WIDTHS) * F, L)``.
        bias: float32 ``(L,)``.
    """

    tokens: NDArray[np.uint16]
    vectors: NDArray[np.float16]
    filters: NDArray[np.float32]
    levels: NDArray[np.float32]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]

    @classmethod
    def from_arrays(cls, count: int, arrays: Mapping[str, Array]) -> Self:
        """The network for ``count`` labels of which `to_arrays` gave ``arrays``, not copied.

        Raises:
            ValueError: if an array is missing, or its shape or type isn't that of a network.
        """
        known, length = size(arrays, "tokens"), size(arrays, "vectors", 1)
        filters = size(arrays, "filters", 1)
        found = len(WIDTHS) * filters
        return cls(
            checked(arrays, "tokens", ("uint16",), (known,)),
            checked(arrays, "vectors", ("float16",), (known, length)),
            checked(arrays, "filters", ("float32",), (sum(WIDTHS) * length, filters)),
            checked(arrays, "levels", ("float32",), (found,)),
            checked(arrays, "weights", ("float32",), (found, count)),
            checked(arrays, "bias", ("float32",), (count,)),
        )

    def to_arrays(self) -> dict[str, Array]:
        """All that it is, as plain named arrays."""
        return msgspec.structs.asdict(self)

    def scores(self, tokens: NDArray[np.uint16]) -> NDArray[np.float32]:
        """One score per label, float32 ``(L,)``, the same whatever the thread count."""
        found = np.maximum(self._pooled(self._placed(tokens)) + self.levels, 0)
        # Not the BLAS's product, which may split it among threads.
        scores: NDArray[np.float32] = np.einsum("f,fl->l", found, self.weights)
        return scores + self.bias

    def scaled(self, share: float) -> "Network":
        """The network with scores ``share`` times as large."""
        share_ = np.float32(share)
        return msgspec.structs.replace(self, weights=self.weights * share_, bias=self.bias * share_)

    def _placed(self, tokens: NDArray[np.uint16]) -> NDArray[np.float32]:
        """The vectors of a text's tokens, with empty places around: ``(t + 2 * PADDING, P)``."""
        placed = np.zeros((len(tokens) + 2 * PADDING, self.vectors.shape[1]), np.float32)
        if self.tokens.size:
            rows = self.tokens.searchsorted(tokens)
            known = np.flatnonzero(self.tokens.take(rows, mode="clip") == tokens)
            placed[known + PADDING] = self.vectors[rows[known]]
        return placed

    def _pooled(self, placed: NDArray[np.float32]) -> NDArray[np.float32]:
        """How well each filter fits where it fits best, at least as well as nowhere at all."""
        length = placed.shape[1]
        parts = self.filters.reshape(sum(WIDTHS), length, -1)
        best = []
        for width, last in zip(WIDTHS, np.cumsum(WIDTHS).tolist(), strict=True):
            windows = len(placed) - width + 1
            fits = np.zeros((windows, parts.shape[2]), np.float32)
            for start in range(0, windows, _TILE):
                tile = fits[start : start + _TILE]
                for offset, part in enumerate(parts[last - width : last], start):
                    tile += placed[offset : offset + len(tile)] @ part
            best.append(fits.max(axis=0, initial=0))
        return np.concatenate(best)
