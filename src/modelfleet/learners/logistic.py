"""Multinomial logistic regression with an L2 penalty, in batch, with weighted examples.

The objective, with ``w`` the weights of all labels in the scaled feature space of `Design`:

    sum_i weight_i * log-loss_i(w) + regularisation / 2 * |w|^2

At the optimum, ``w`` is a sum of examples (the representer theorem: Kimeldorf & Wahba 1971), so
what is searched for is one coefficient per label and example. Conjugate gradients run in the
metric of the kernel, where the iterates are those of conjugate gradients over ``w`` itself; small
sets multiply by a kernel matrix built once, large ones go to the features and back. The objective
is the same.

The bits of the result depend on the examples, their order and the numeric libraries only, never on
a thread count: products are tiled (`products.py`), sparse ones are sequential.
"""

import math
from collections.abc import Sequence
from functools import partial

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.learners.design import Kernel
from modelfleet.learners.dual import Learn, Part, study_with
from modelfleet.learners.examples import Examples
from modelfleet.learners.linear import LinearModel
from modelfleet.learners.products import Matrix
from modelfleet.learners.recommended import REGULARISATION
from modelfleet.text import Features

_TOLERANCE = 0.03
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
    weights: NDArray[np.floating]
    regularisation: float
    kernel: Kernel

    def gradient(self, point: _Point) -> Matrix:
        """Of the objective at ``point``, in the metric of the kernel."""
        residuals = (point.probabilities - self.wanted) * self.weights
        residuals += self.regularisation * point.coefficients
        return residuals


def minimise(
    problem: Problem, tolerance: float = _TOLERANCE, start: Matrix | None = None
) -> Matrix:
    """Coefficients ``(L, n)`` at the minimum.

    Nonlinear conjugate gradients (Polak & Ribiere 1969, restarted when beta is negative), each
    with an almost exact line search: scores are linear along a line, so a step of the search
    costs no product with the kernel.

    Args:
        problem: what is minimised.
        tolerance: stops where the gradient's norm is this fraction of what it is at zero.
        start: coefficients to begin at; else zero.
    """
    zeros = np.zeros_like(problem.wanted)
    point = _Point(zeros, zeros, _softmax(zeros))
    gradient = problem.gradient(point)
    mapped = problem.kernel(gradient)
    square = first = _dot(gradient, mapped)
    if start is not None:
        scores = problem.kernel(start)
        point = _Point(start, scores, _softmax(scores))
        gradient = problem.gradient(point)
        mapped = problem.kernel(gradient)
        square = _dot(gradient, mapped)
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


def study(examples: Examples, regularisation: float = REGULARISATION) -> Learn:
    """Examples made ready once, to learn of them with several weightings."""
    return study_with(partial(_coefficients, regularisation=regularisation), examples)


def _coefficients(part: Part, regularisation: float) -> Matrix:
    """Those at the minimum: ``(L, n)``."""
    wanted = np.zeros((part.labels, part.targets.size), np.float32)
    wanted[part.targets, np.arange(part.targets.size)] = 1
    strength = penalty(float(part.weights.sum(dtype=np.float64)), regularisation)
    return minimise(Problem(wanted, part.weights, strength, part.kernel), start=part.start)


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
    examples = Examples(features, np.asarray(targets), np.asarray(weights), labels)
    return study(examples, regularisation)(examples.weights).model()


def penalty(total: float, regularisation: float = REGULARISATION) -> float:
    """The strength of the penalty: it grows with the root of the examples' total weight.

    Up to a few hundred examples it is ``regularisation`` itself; large sets, whose labels
    contradict each other more often than small ones can show, want up to three times as much.
    """
    return regularisation * min(3.0, max(1.0, math.sqrt(total / 300)))
