"""Multinomial logistic regression with an L2 penalty, in batch, with weighted examples.

The objective, with ``w`` the weights of all labels in the scaled feature space of `Design`:

    sum_i weight_i * log-loss_i(w) + regularisation / 2 * |w|^2

With a margin, each example's own label is scored lower by so much while it is learned (a softmax
margin: Gimpel & Smith 2010), so that it leads by more than the log loss alone would ask for.

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
from modelfleet.learners.dual import Part, Prepared
from modelfleet.learners.examples import Examples
from modelfleet.learners.linear import LinearModel
from modelfleet.learners.products import Matrix
from modelfleet.learners.recommended import (
    MARGIN,
    MARGIN_TEMPERATURE,
    MARGIN_TOLERANCE,
    REGULARISATION,
    STRICTER,
)
from modelfleet.text import Features

_TOLERANCE = 0.03
_MOST_ITERATIONS = 200
_LINE_STEPS = 8
_SLOPE = 0.05


class Problem(msgspec.Struct, frozen=True, eq=False):
    """What is minimised, for M models of the same examples, which are counted differently.

    Labels come before examples, so that sums over labels are fast.

    Attributes:
        wanted: ``(L, n)``, one where a label is an example's.
        weights: ``(M, n)``, how much each example counts; one that counts nothing is left out.
        regularisation: ``(M,)``, strength of the penalty.
        kernel: multiplies by the examples' kernel matrix.
        margin: by how much an example's own label is scored lower.
    """

    wanted: Matrix
    weights: Matrix
    regularisation: NDArray[np.float64]
    kernel: Kernel
    margin: float = 0.0

    def probabilities(self, scores: Matrix) -> Matrix:
        """Of each label for each example, ``(M, L, n)``, its own one being scored lower."""
        handicapped = scores - np.float32(self.margin) * self.wanted if self.margin else scores
        return _softmax(handicapped)

    def mapped(self, matrices: Matrix) -> Matrix:
        """A matrix of each model ``(M, L, n)``, multiplied by the kernel matrix."""
        flat = matrices.reshape(-1, matrices.shape[-1])
        return self.kernel(flat).reshape(matrices.shape)


class _Place(msgspec.Struct, frozen=True, eq=False):
    """Where the search for each model is; all matrices are ``(M, L, n)``.

    Attributes:
        coefficients: the search's result if it ended here.
        scores: that these give.
        probabilities: what they make of the labels.
    """

    coefficients: Matrix
    scores: Matrix
    probabilities: Matrix

    @classmethod
    def at(cls, problem: Problem, coefficients: Matrix) -> "_Place":
        """The place of these coefficients."""
        scores = problem.mapped(coefficients) if coefficients.any() else coefficients
        return cls(coefficients, scores, problem.probabilities(scores))

    def gradient(self, problem: Problem) -> Matrix:
        """Of the objective, in the metric of the kernel."""
        residuals = (self.probabilities - problem.wanted) * problem.weights[:, None]
        residuals += _as_factor(problem.regularisation, residuals) * self.coefficients
        return residuals


def minimise(
    problem: Problem, tolerance: float = _TOLERANCE, start: Matrix | None = None
) -> Matrix:
    """Coefficients ``(M, L, n)`` at the minimum of each model.

    Nonlinear conjugate gradients (Polak & Ribiere 1969, restarted when beta is negative), each
    with an almost exact line search: scores are linear along a line, so a step of the search
    costs no product with the kernel. Models go in step, each by its own sums; one that has arrived
    stays where it is.

    Args:
        problem: what is minimised.
        tolerance: stops where the gradient's norm is this fraction of what it is at zero.
        start: coefficients to begin at; else zero.
    """
    zeros = np.zeros((len(problem.weights), *problem.wanted.shape), problem.wanted.dtype)
    place = _Place.at(problem, zeros)
    gradient = place.gradient(problem)
    mapped = problem.mapped(gradient)
    square = _dot(gradient, mapped)
    enough = square * tolerance**2
    if start is not None:
        place = _Place.at(problem, start)
        gradient = place.gradient(problem)
        mapped = problem.mapped(gradient)
        square = _dot(gradient, mapped)
    direction, mapped_direction = -gradient, -mapped
    for _ in range(_MOST_ITERATIONS):
        moving = square > enough
        if not moving.any():
            break
        place = _line_minimum(problem, place, direction, mapped_direction, moving)
        previous, gradient = gradient, place.gradient(problem)
        mapped = problem.mapped(gradient)
        overlap, last = _dot(previous, mapped), square
        square = _dot(gradient, mapped)
        beta = np.maximum(0.0, (square - overlap) / np.where(moving, last, 1.0))
        beta = _as_factor(beta, gradient)
        direction = beta * direction - gradient
        mapped_direction = beta * mapped_direction - mapped
    return place.coefficients


class _Step:
    """How far one model goes along its line: Newton's method in one dimension, in a bracket."""

    def __init__(self, linear: float, curvature: float, *, goes: bool) -> None:
        """The penalty's slope where the line starts, and its curvature along it."""
        self.size = 0.0
        self.goes = goes
        self._linear, self._curvature = linear, curvature
        self._low, self._high = 0.0, math.inf
        self._small: float | None = None

    def take(self, slope: float, curvature: float) -> None:
        """Move on, unless the slope is a small fraction of the first; told those of the loss."""
        slope += self._linear + self.size * self._curvature
        if self._small is None:
            self._small = _SLOPE * abs(slope)
        elif abs(slope) <= self._small:
            self.goes = False
            return
        if slope < 0:
            self._low = self.size
        else:
            self._high = self.size
        self.size -= slope / (curvature + self._curvature)
        if not self._low < self.size < self._high:
            bounded = math.isfinite(self._high)
            self.size = (self._low + self._high) / 2 if bounded else 2 * self._low + 1


def _line_minimum(
    problem: Problem, start: _Place, direction: Matrix, mapped: Matrix, moving: NDArray[np.bool_]
) -> _Place:
    """The place on each line at which the slope is a small fraction of the first slope."""
    strength = problem.regularisation
    linear = (strength * _dot(direction, start.scores)).tolist()
    curvature = (strength * _dot(direction, mapped)).tolist()
    steps = [_Step(*of, goes=goes) for *of, goes in zip(linear, curvature, moving, strict=True)]
    probabilities, factor = start.probabilities, np.zeros((), mapped.dtype)
    for _ in range(_LINE_STEPS):
        along = probabilities * mapped
        spread = np.add.reduce(along * mapped, axis=1) - np.add.reduce(along, axis=1) ** 2
        residuals = (probabilities - problem.wanted) * problem.weights[:, None]
        slopes = _dot(residuals, mapped).tolist()
        curvatures = _dot(problem.weights, spread).tolist()
        for step, *of in zip(steps, slopes, curvatures, strict=True):
            if step.goes:
                step.take(*of)
        if not any(step.goes for step in steps):
            break
        factor = _as_factor(np.array([step.size for step in steps]), mapped)
        probabilities = problem.probabilities(start.scores + factor * mapped)
    return _Place(
        start.coefficients + factor * direction, start.scores + factor * mapped, probabilities
    )


def _softmax(scores: Matrix) -> Matrix:
    powers: Matrix = scores - np.maximum.reduce(scores, axis=1, keepdims=True)
    np.exp(powers, out=powers)
    powers /= np.add.reduce(powers, axis=1, keepdims=True)
    return powers


def _dot(left: Matrix, right: Matrix) -> NDArray[np.float64]:
    """Each model's sum of all products; not the BLAS's, which may split it among threads."""
    products = (left * right).reshape(len(left), -1)
    return np.asarray(np.add.reduce(products, axis=1), np.float64)


def _as_factor(numbers: NDArray[np.float64], matrices: Matrix) -> Matrix:
    """A number for each model, to multiply its matrix by."""
    return numbers.astype(matrices.dtype)[:, None, None]


def study(examples: Examples, regularisation: float = REGULARISATION) -> Prepared:
    """Examples made ready once, to learn of them with several weightings."""
    solve = partial(_coefficients, regularisation=regularisation)
    stricter = [
        partial(_coefficients, regularisation=factor * regularisation, tolerance=tolerance)
        for factor, tolerance in STRICTER
    ]
    wider = partial(_with_margin, regularisation=regularisation)
    return Prepared.of(examples, solve, together=True, stricter=stricter, wider=wider)


def _with_margin(part: Part, regularisation: float) -> Matrix:
    """The coefficients that lead by a margin, made as small as those without one."""
    start = None if part.start is None else part.start * np.float32(MARGIN_TEMPERATURE)
    told = msgspec.structs.replace(part, start=start)
    found = _coefficients(told, regularisation, MARGIN_TOLERANCE, MARGIN)
    return found / np.float32(MARGIN_TEMPERATURE)


def _coefficients(
    part: Part, regularisation: float, tolerance: float = _TOLERANCE, margin: float = 0.0
) -> Matrix:
    """Those at the minimum of each model: ``(M, L, n)``."""
    wanted = np.zeros((part.labels, part.targets.size), np.float32)
    wanted[part.targets, np.arange(part.targets.size)] = 1
    totals = part.weights.sum(axis=1, dtype=np.float64)
    strength = np.array([penalty(total, regularisation) for total in totals.tolist()])
    problem = Problem(wanted, part.weights, strength, part.kernel, margin)
    return minimise(problem, tolerance, part.start)


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
    return study(examples, regularisation).learn(examples.weights).model()


def penalty(total: float, regularisation: float = REGULARISATION) -> float:
    """The strength of the penalty: it grows with the root of the examples' total weight.

    Up to a few hundred examples it is ``regularisation`` itself; large sets, whose labels
    contradict each other more often than small ones can show, want up to three times as much.
    """
    return regularisation * min(3.0, max(1.0, math.sqrt(total / 300)))
