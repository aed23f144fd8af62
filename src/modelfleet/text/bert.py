"""BERT's forward pass (Devlin et al. 2019) in numpy, one text at a time.

Every matrix product is made of small tiles of one shape, each computed by one thread of the BLAS
and added in a fixed order. So a text has the same bits alone as in any batch and at any thread
count, and that costs nothing: on one core, a stack of 16 x 384 x 32 tiles takes as long as one
product of 512 rows.
"""

import math
from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
Pooling = Literal["mean", "cls"]

ROWS, _COLUMNS, _DEPTH = 16, 32, 512
"""The largest tile: 16 x 32 x 512 multiply-adds is the most that OpenBLAS does without asking for
a second thread (see `modelfleet.learners.products`)."""

MOST_TOKENS = 256
"""Tokens of a text that are read, so that time is bounded, and attention is made of small tiles."""

_ERROR_FUNCTION = (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)
_ERROR_FUNCTION_SLOPE = 0.3275911
_TINY = 1e-12


class Projection(msgspec.Struct, frozen=True, eq=False):
    """A linear layer: float32 tiles ``(K / k, N / n, k, n)``, bias ``(N,)``."""

    tiles: Matrix
    bias: Matrix

    @classmethod
    def of(cls, weight: Matrix, bias: Matrix) -> "Projection":
        """From a weight ``(N, K)``, as PyTorch keeps it."""
        outputs, inputs = weight.shape
        depth, columns = _largest_divisor(inputs, _DEPTH), _largest_divisor(outputs, _COLUMNS)
        cut = weight.reshape(outputs // columns, columns, inputs // depth, depth)
        return cls(np.ascontiguousarray(cut.transpose(2, 0, 3, 1)), bias)

    def __call__(self, rows: Matrix) -> Matrix:
        """``(n, K)`` to ``(n, N)``; n is a multiple of `ROWS`."""
        chunks, _, depth, _ = self.tiles.shape
        blocks = rows.reshape(-1, ROWS, chunks, depth).transpose(0, 2, 1, 3)[:, :, None]
        made = (blocks @ self.tiles).sum(axis=1)  # (n / ROWS, N / n, ROWS, n)
        found: Matrix = made.transpose(0, 2, 1, 3).reshape(len(rows), -1)
        found += self.bias
        return found


class Norm(msgspec.Struct, frozen=True, eq=False):
    """Layer normalisation (Ba et al. 2016): weight and bias ``(H,)``."""

    weight: Matrix
    bias: Matrix
    epsilon: float

    def __call__(self, rows: Matrix) -> Matrix:
        """Each row with mean 0 and variance 1, scaled and shifted."""
        centred: Matrix = rows - rows.mean(axis=1, keepdims=True)
        spread = np.square(centred).mean(axis=1, keepdims=True)
        centred /= np.sqrt(spread + np.float32(self.epsilon))
        centred *= self.weight
        centred += self.bias
        return centred


class Layer(msgspec.Struct, frozen=True, eq=False):
    """One transformer block; ``attend`` projects to queries, keys and values side by side."""

    attend: Projection
    attended: Projection
    attended_norm: Norm
    widen: Projection
    narrow: Projection
    norm: Norm

    def __call__(self, rows: Matrix, count: int, heads: int) -> Matrix:
        """``(n, H)`` to ``(n, H)``, of which the first ``count`` rows are tokens."""
        mixed = _attention(self.attend(rows), count, heads)
        rows = self.attended_norm(self.attended(mixed) + rows)
        return self.norm(self.narrow(gelu(self.widen(rows))) + rows)


class Bert(msgspec.Struct, frozen=True, eq=False):
    """A model's weights.

    Attributes:
        words: float32 ``(vocabulary, H)``.
        positions: float32 ``(positions, H)``, with the embedding of the first token type added.
        norm: of the embeddings.
        layers: in their order.
        heads: of attention, in each layer.
        pooling: what stands for the text: the mean of its tokens, or its first one.
    """

    words: Matrix
    positions: Matrix
    norm: Norm
    layers: tuple[Layer, ...]
    heads: int
    pooling: Pooling

    @property
    def dimension(self) -> int:
        """H, the length of an embedding."""
        return int(self.words.shape[1])

    @property
    def most_tokens(self) -> int:
        """Tokens of a text that can be read."""
        return min(MOST_TOKENS, len(self.positions))

    def embedding(self, tokens: Sequence[int]) -> Matrix:
        """Unit vector ``(H,)`` of a text, from at least one and at most ``most_tokens`` tokens."""
        count = len(tokens)
        padded = np.zeros((-(-count // ROWS) * ROWS, self.dimension), np.float32)
        padded[:count] = self.words[np.array(tokens, np.intp)] + self.positions[:count]
        rows = self.norm(padded)
        for layer in self.layers:
            rows = layer(rows, count, self.heads)
        pooled = rows[0] if self.pooling == "cls" else rows[:count].mean(axis=0)
        unit: Matrix = pooled / np.float32(max(math.sqrt(np.square(pooled).sum()), _TINY))
        return unit


def gelu(rows: Matrix) -> Matrix:
    """``x`` times the normal distribution function of ``x`` (Hendrycks & Gimpel 2016).

    The error function is Abramowitz & Stegun's 7.1.26, right to 1.5e-7, which is what float32 can
    tell; it takes a third of the time of `scipy.special.erf`.
    """
    size = np.abs(rows)
    near = np.reciprocal(size * np.float32(_ERROR_FUNCTION_SLOPE / math.sqrt(2)) + np.float32(1))
    tail = near * np.float32(_ERROR_FUNCTION[0])
    for coefficient in _ERROR_FUNCTION[1:]:
        tail += np.float32(coefficient)
        tail *= near
    np.multiply(size, size, out=near)
    near *= np.float32(-0.5)
    tail *= np.exp(near, out=near)
    tail *= size
    tail *= np.float32(0.5)
    found: Matrix = np.maximum(rows, np.float32(0)) - tail
    return found


def _attention(projected: Matrix, count: int, heads: int) -> Matrix:
    """Scaled dot-product attention (Vaswani et al. 2017): ``(n, 3 H)`` to ``(n, H)``."""
    rows = len(projected)
    size = projected.shape[1] // 3 // heads
    queries, keys, values = projected.reshape(rows, 3, heads, size).transpose(1, 2, 0, 3)
    blocks = queries.reshape(heads, -1, ROWS, size)
    scores: Matrix = blocks @ keys[:, None, :count].swapaxes(2, 3)
    scores *= np.float32(1 / math.sqrt(size))
    scores -= scores.max(axis=3, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=3, keepdims=True)
    mixed: Matrix = scores @ values[:, None, :count]  # (heads, n / ROWS, ROWS, size)
    return mixed.transpose(1, 2, 0, 3).reshape(rows, heads * size)


def _largest_divisor(number: int, most: int) -> int:
    return next(size for size in range(min(number, most), 0, -1) if number % size == 0)
