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
from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.learners.design import Design, Kernel, Scales, design
from modelfleet.learners.examples import Examples
from modelfleet.learners.linear import LinearModel
from modelfleet.learners.products import Matrix, product
from modelfleet.learners.recommended import REGULARISATION
from modelfleet.text import Features

_MANY = 2_000
"""Examples above which the kernel matrix isn't built, and hashes seen once are left out."""

_FEWEST_HASHES, _HASHES_PER_EXAMPLE = 6_000, 2
"""A model has weights for at most so many hashes: a number, and more for each example."""

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


class Prepared(msgspec.Struct, frozen=True, eq=False):
    """Examples made ready once, from any weighting of which models are fitted.

    Attributes:
        examples: n of them.
        known: their features.
        gram: the kernel matrix ``(n, n)`` of few examples; None of many.
        regularisation: strength of the penalty at small n; see `penalty`.
    """

    examples: Examples
    known: Design
    gram: Matrix | None
    regularisation: float

    @classmethod
    def of(cls, examples: Examples, regularisation: float = REGULARISATION) -> "Prepared":
        """What models of these examples have in common."""
        count = len(examples.features)
        few = count <= _MANY
        scale = sparse_scale(count / max(1, len(examples.labels)))
        known = design(examples.features, Scales(sparse=scale), rarest=1 if few else 2)
        return cls(examples, known, known.gram() if few else None, regularisation)

    def minimum(
        self,
        rows: NDArray[np.intp],
        weights: NDArray[np.floating],
        start: Matrix | None = None,
    ) -> Matrix:
        """Coefficients ``(L, rows)`` of the examples at ``rows``, which count so much each."""
        labels = self.examples.labels
        wanted = np.zeros((len(labels), rows.size), np.float32)
        wanted[self.examples.targets[rows], np.arange(rows.size)] = 1
        counted = np.asarray(weights, np.float32)
        strength = penalty(float(counted.sum(dtype=np.float64)), self.regularisation)
        return minimise(Problem(wanted, counted, strength, self._kernel(rows)), start=start)

    def _kernel(self, rows: NDArray[np.intp]) -> Kernel:
        if self.gram is None:
            return self.known.of(rows).implicit_kernel()
        gram = np.ascontiguousarray(self.gram[np.ix_(rows, rows)])
        return lambda left: product(left, gram)


class Learned(msgspec.Struct, frozen=True, eq=False):
    """What was learned of some examples: a coefficient ``(L, rows)`` for each label and example."""

    prepared: Prepared
    rows: NDArray[np.intp]
    coefficients: Matrix

    def again(self, weights: NDArray[np.floating]) -> "Learned":
        """What is learned when each example counts so much, ``(n,)``, and a zero leaves one out.

        The search begins at what was learned before, which is nearer than nothing.
        """
        rows = np.flatnonzero(weights)
        found = self.prepared.minimum(rows, weights[rows], self._at(rows))
        return Learned(self.prepared, rows, found)

    def _at(self, rows: NDArray[np.intp]) -> Matrix:
        """The coefficients of the examples at ``rows``, zero for those not learned from."""
        shape = (len(self.coefficients), len(self.prepared.examples.features))
        everywhere = np.zeros(shape, self.coefficients.dtype)
        everywhere[:, self.rows] = self.coefficients
        return everywhere[:, rows]

    def model(self) -> LinearModel:
        """The weights of features that the coefficients stand for."""
        return _model(
            self.prepared.known, self.prepared.examples.labels, self.rows, self.coefficients
        )

    def scores(self, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """What the model says of the examples at ``rows``: ``(rows, L)``."""
        known, gram = self.prepared.known, self.prepared.gram
        if gram is None:
            found = known.of(rows).scores(*known.of(self.rows).weights(self.coefficients))
        else:
            kernel = np.ascontiguousarray(gram[np.ix_(self.rows, rows)])
            found = product(self.coefficients, kernel).T
        return np.ascontiguousarray(found, np.float32)


def study(
    examples: Examples, regularisation: float = REGULARISATION
) -> Callable[[NDArray[np.floating]], Learned]:
    """Examples made ready once, to learn of them with several weightings."""
    prepared = Prepared.of(examples, regularisation)

    def learn(weights: NDArray[np.floating]) -> Learned:
        rows = np.flatnonzero(weights)
        return Learned(prepared, rows, prepared.minimum(rows, weights[rows]))

    return learn


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


def sparse_scale(per_label: float) -> float:
    """How large the sparse block is, next to the dense one, by the texts per label.

    Words can be told apart only once they were seen a few times; until then similarity of meaning
    knows more. 0.25 with names of labels only, 0.9 with 5 examples per label, 2 from 128 on.
    """
    return min(2.0, 0.25 + 0.25 * math.log2(max(1.0, per_label)))


def _model(
    known: Design, labels: tuple[str, ...], rows: NDArray[np.intp], coefficients: Matrix
) -> LinearModel:
    """The weights that the coefficients ``(L, rows)`` stand for, without those that matter least.

    What a hash matters is the length of its weights times the root of its frequency.
    """
    learned = known.of(rows)
    bias, dense, sparse = learned.weights(coefficients)
    seen = np.bincount(learned.sparse.indices, minlength=known.keys.size)
    most = _FEWEST_HASHES + _HASHES_PER_EXAMPLE * rows.size
    kept = np.flatnonzero(seen)
    if kept.size > most:
        matter = (sparse[kept] ** 2).sum(axis=1) * seen[kept]
        kept = np.sort(kept[np.argsort(-matter, kind="stable")[:most]])
    return LinearModel(
        labels=labels,
        bias=bias * np.float32(known.bias),
        dense=dense,
        keys=known.keys[kept],
        sparse=(sparse[kept] * known.factors[kept, None]).astype(np.float16),
    )
