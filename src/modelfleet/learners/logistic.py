"""Multinomial logistic regression with an L2 penalty, in batch, with weighted examples.

The objective, with ``w`` the weights of all labels in the scaled feature space of `Design`:

    sum_i weight_i * log-loss_i(w) + regularisation / 2 * |w|^2

At the optimum, ``w`` is a sum of examples (the representer theorem: Kimeldorf & Wahba 1971), so
what is searched for is one coefficient per label and example. Conjugate gradients run in the
metric of the kernel, where the iterates are those of conjugate gradients over ``w`` itself; small
sets multiply by a kernel matrix built once, large ones go to the features and back. The objective
is the same.

The bits of the result depend on the examples, their order and the numeric libraries only, never on
a thread count: products are tiled (`products.py`), sparse ones are sequential, all in float64.
"""

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.learners.design import Design, Kernel, Scales, design
from modelfleet.learners.linear import LinearModel
from modelfleet.learners.products import Matrix, product
from modelfleet.learners.recommended import REGULARISATION
from modelfleet.text import Features

_MANY = 1_000
"""Examples above which the kernel matrix isn't built, and hashes seen once are left out."""

_FEWEST_HASHES, _HASHES_PER_EXAMPLE = 6_000, 2
"""A model has weights for at most so many hashes: a number, and more for each example."""

_TOLERANCE = 1e-2
_MOST_ITERATIONS = 200
_LINE_STEPS = 8
_SLOPE = 0.05


class _Point(msgspec.Struct, frozen=True, eq=False):
    """A place of the search: coefficients, the scores they give, and the probabilities."""

    coefficients: Matrix
    scores: Matrix
    probabilities: Matrix


class Problem(msgspec.Struct, frozen=True, eq=False):
    """What is minimised: all matrices are ``(L, n)``, so that sums over labels are fast."""

    wanted: Matrix
    weights: NDArray[np.float64]
    regularisation: float
    kernel: Kernel

    def gradient(self, point: _Point) -> Matrix:
        """Of the objective at ``point``, in the metric of the kernel."""
        residuals = (point.probabilities - self.wanted) * self.weights
        residuals += self.regularisation * point.coefficients
        return residuals


def minimise(problem: Problem, tolerance: float = _TOLERANCE) -> Matrix:
    """Coefficients ``(L, n)`` at the minimum.

    Nonlinear conjugate gradients (Polak & Ribiere 1969, restarted when beta is negative), each
    with an almost exact line search: scores are linear along a line, so a step of the search
    costs no product with the kernel.

    Args:
        problem: what is minimised.
        tolerance: stops where the gradient's norm is this fraction of the first one's.
    """
    zeros = np.zeros_like(problem.wanted)
    point = _Point(zeros, zeros, _softmax(zeros))
    gradient = problem.gradient(point)
    mapped = problem.kernel(gradient)
    square = first = _dot(gradient, mapped)
    direction, mapped_direction = -gradient, -mapped
    for _ in range(_MOST_ITERATIONS):
        if square <= first * tolerance**2:
            break
        point = _line_minimum(problem, point, direction, mapped_direction)
        previous, gradient = gradient, problem.gradient(point)
        mapped = problem.kernel(gradient)
        overlap, last = _dot(previous, mapped), square
        square = _dot(gradient, mapped)
        beta = max(0.0, (square - overlap) / last)
        direction = beta * direction - gradient
        mapped_direction = beta * mapped_direction - mapped
    return point.coefficients


def _line_minimum(problem: Problem, start: _Point, direction: Matrix, mapped: Matrix) -> _Point:
    """The point on the line at which the slope is a small fraction of the first slope.

    Newton's method in one dimension, inside a bracket that the sign of the slope narrows.
    """
    strength = problem.regularisation
    linear = strength * _dot(direction, start.scores)
    curvature = strength * _dot(direction, mapped)
    step, low, high, first = 0.0, 0.0, np.inf, 0.0
    probabilities = start.probabilities
    for attempt in range(_LINE_STEPS):
        along = probabilities * mapped
        spread = (along * mapped).sum(axis=0) - along.sum(axis=0) ** 2
        residuals = (probabilities - problem.wanted) * problem.weights
        slope = _dot(residuals, mapped) + linear + step * curvature
        if attempt == 0:
            first = slope
        elif abs(slope) <= _SLOPE * abs(first):
            break
        low, high = (step, high) if slope < 0 else (low, step)
        step -= slope / (_dot(problem.weights, spread) + curvature)
        if not low < step < high:
            step = (low + high) / 2 if np.isfinite(high) else 2 * low + 1
        probabilities = _softmax(start.scores + step * mapped)
    return _Point(
        start.coefficients + step * direction, start.scores + step * mapped, probabilities
    )


def _softmax(scores: Matrix) -> Matrix:
    powers: Matrix = scores - scores.max(axis=0)
    np.exp(powers, out=powers)
    powers /= powers.sum(axis=0)
    return powers


def _dot(left: Matrix, right: Matrix) -> float:
    """The sum of all products; not the BLAS's, which may split it among threads."""
    return float((left * right).sum())


def fit(
    features: Sequence[Features],
    targets: NDArray[np.integer],
    labels: tuple[str, ...],
    weights: NDArray[np.floating],
    regularisation: float = REGULARISATION,
) -> LinearModel:
    """The model that explains the examples best.

    Args:
        features: n examples; none gives the model that scores zero.
        targets: ``(n,)``, each example's column of ``labels``; a label may have no example.
        labels: L names.
        weights: ``(n,)``, how much each example counts, positive.
        regularisation: strength of the penalty at small n; see `penalty`.
    """
    if not features or not labels:
        return LinearModel.empty(labels)
    counted = np.asarray(weights, np.float64)
    total = float(counted.sum())
    rarest = 2 if len(features) > _MANY else 1
    known = design(features, Scales(sparse=sparse_scale(total, len(labels))), rarest)
    wanted = np.zeros((len(labels), len(features)))
    wanted[targets, np.arange(len(features))] = 1
    kernel = known.explicit_kernel() if len(features) <= _MANY else known.implicit_kernel()
    problem = Problem(wanted, counted, penalty(total, regularisation), kernel)
    return _model(known, labels, minimise(problem))


def penalty(total: float, regularisation: float = REGULARISATION) -> float:
    """The strength of the penalty: it grows with the root of the examples' total weight.

    Up to a few hundred examples it is ``regularisation`` itself; large sets, whose labels
    contradict each other more often than small ones can show, want up to three times as much.
    """
    return regularisation * min(3.0, max(1.0, math.sqrt(total / 300)))


def sparse_scale(total: float, count: int) -> float:
    """How large the sparse block is, next to the dense one, by the examples per label.

    Words can be told apart only once they were seen a few times; until then similarity of meaning
    knows more. 0.55 with label texts only, 1 with 5 examples per label, 2 from 56 on.
    """
    return min(2.0, 0.25 + 0.3 * math.log2(1 + total / count))


def _model(known: Design, labels: tuple[str, ...], coefficients: Matrix) -> LinearModel:
    """The weights that the coefficients ``(L, n)`` stand for, without those that matter least.

    What a hash matters is the length of its weights times the root of its frequency.
    """
    columns = np.ascontiguousarray(coefficients.T)
    sparse = known.sparse.T @ columns
    most = _FEWEST_HASHES + _HASHES_PER_EXAMPLE * len(columns)
    kept = np.arange(known.keys.size)
    if kept.size > most:
        matter = (sparse**2).sum(axis=1) * np.bincount(known.sparse.indices, minlength=kept.size)
        kept = np.sort(np.argsort(-matter, kind="stable")[:most])
    return LinearModel(
        labels=labels,
        bias=(columns.sum(axis=0) * known.bias**2).astype(np.float32),
        dense=product(known.dense.T, columns).astype(np.float32),
        keys=known.keys[kept],
        sparse=(sparse[kept] * known.factors[kept, None]).astype(np.float16),
    )
