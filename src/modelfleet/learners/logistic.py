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

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.learners.design import Design, Kernel, design
from modelfleet.learners.linear import LinearModel
from modelfleet.learners.products import Matrix, product
from modelfleet.text import Features

_MOST_ITERATIONS = 200
_LINE_STEPS = 8


class _Point(msgspec.Struct, frozen=True, eq=False):
    """A place of the search: coefficients, the scores they give, and the probabilities."""

    coefficients: Matrix
    scores: Matrix
    probabilities: Matrix


class _Problem(msgspec.Struct, frozen=True, eq=False):
    """What is minimised: all matrices are ``(L, n)``, so that sums over labels are fast."""

    wanted: Matrix
    weights: Matrix
    regularisation: float
    kernel: Kernel

    def gradient(self, point: _Point) -> Matrix:
        """Of the objective at ``point``, in the metric of the kernel."""
        residuals = (point.probabilities - self.wanted) * self.weights
        residuals += self.regularisation * point.coefficients
        return residuals


def minimise(problem: _Problem, tolerance: float) -> tuple[Matrix, int]:
    """Coefficients ``(L, n)`` at the minimum, and the iterations it took.

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
    iteration = 0
    while square > first * tolerance**2 and iteration < _MOST_ITERATIONS:
        iteration += 1
        point = _line_minimum(problem, point, direction, mapped_direction)
        previous, gradient = gradient, problem.gradient(point)
        mapped = problem.kernel(gradient)
        overlap, last = _dot(previous, mapped), square
        square = _dot(gradient, mapped)
        beta = max(0.0, (square - overlap) / last)
        direction = beta * direction - gradient
        mapped_direction = beta * mapped_direction - mapped
    return point.coefficients, iteration


def _line_minimum(
    problem: _Problem, start: _Point, direction: Matrix, mapped: Matrix
) -> _Point:
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
        elif abs(slope) <= 0.05 * abs(first):
            break
        low, high = (step, high) if slope < 0 else (low, step)
        step -= slope / (float(problem.weights[0] @ spread) + curvature)
        if not low < step < high:
            step = (low + high) / 2 if np.isfinite(high) else 2 * low + 1
        probabilities = _softmax(start.scores + step * mapped)
    return _Point(
        start.coefficients + step * direction, start.scores + step * mapped, probabilities
    )


def _softmax(scores: Matrix) -> Matrix:
    powers = scores - scores.max(axis=0)
    np.exp(powers, out=powers)
    powers /= powers.sum(axis=0)
    return powers


def _dot(left: Matrix, right: Matrix) -> float:
    """The sum of all products; not the BLAS's, which may split it among threads."""
    return float((left * right).sum())


def fit(
    features: Sequence[Features],
    targets: NDArray[np.intp],
    labels: tuple[str, ...],
    weights: NDArray[np.float64],
    regularisation: float,
) -> LinearModel:
    d = design(features, dense_scale=1.0, sparse_scale=1.0, bias_scale=1.0)
    kernel = d.explicit_kernel() if len(features) <= 2000 else d.implicit_kernel()
    wanted = np.zeros((len(labels), len(features)))
    wanted[targets, np.arange(len(features))] = 1
    w = np.broadcast_to(np.asarray(weights, float), wanted.shape)
    a, it = minimise(_Problem(wanted, w, regularisation, kernel), 1e-3)
    return to_model(d, labels, a)


def to_model(d, labels, a):
    return LinearModel(
        labels,
        (a.sum(axis=1) * d.bias_scale**2).astype(np.float32),
        (product(d.dense.T, a.T) * d.dense_scale).astype(np.float32),
        d.keys,
        ((d.sparse.T @ a.T) * d.sparse_scales[:, None]).astype(np.float16),
    )
