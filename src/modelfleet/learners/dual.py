"""Models that are sums of examples: what learners have in common that find a coefficient of each.

The weights of such a model are, for each label, a sum of the examples' features, each multiplied by
the example's coefficient. So what a model says of an example follows from the coefficients and the
kernel matrix, and examples are made ready once for all models that learn of some of them.
"""

import math
from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.learners import calibration
from modelfleet.learners.design import Design, Kernel, Scales, design
from modelfleet.learners.examples import Examples
from modelfleet.learners.linear import LinearModel
from modelfleet.learners.products import Matrix, product
from modelfleet.learners.recommended import PRIOR_TEMPERATURE

_MANY = 2_000
"""Examples above which the kernel matrix isn't built, and hashes seen once are left out."""

_FEWEST_HASHES, _HASHES_PER_EXAMPLE = 2_000, 2
"""A model has weights for at most so many hashes: a number, and more for each example. They are
most of what it takes in memory; 6,000 and two for each were right no more often."""

_MOST_TOGETHER = 2**17
"""Coefficients that are searched for at a time: where each model has few, calling numpy is what
costs; more of them wouldn't stay in the processor's cache."""


class Part(msgspec.Struct, frozen=True, eq=False):
    """Some of the examples: n, of each of which coefficients are wanted, for each of M models.

    Attributes:
        labels: how many there are, L.
        targets: ``(n,)``, each example's column.
        weights: float32 ``(M, n)``, how much each example counts; positive for one model alone,
            while of several each may leave some out.
        kernel: multiplies by their kernel matrix.
        known: features of all examples.
        rows: ``(n,)``, which of them these are.
        start: coefficients ``(M, L, n)`` found for other weights, or None.
    """

    labels: int
    targets: NDArray[np.integer]
    weights: NDArray[np.float32]
    kernel: Kernel
    known: Design
    rows: NDArray[np.intp]
    start: Matrix | None


Solve = Callable[[Part], Matrix]
"""Finds the coefficients ``(M, L, n)``."""


class Prepared(msgspec.Struct, frozen=True, eq=False):
    """Examples made ready once, from any weighting of which models are fitted.

    Attributes:
        examples: n of them.
        known: their features.
        gram: the kernel matrix ``(n, n)`` of few examples; None of many.
        solve: finds coefficients.
        together: whether it finds those of several models at a time.
        stricter: other ways to find them, which follow examples less, the strictest first.
        wider: one that parts labels by a wide margin.
    """

    examples: Examples
    known: Design
    gram: Matrix | None
    solve: Solve
    together: bool = False
    stricter: Sequence[Solve] = ()
    wider: Solve | None = None

    @classmethod
    def of(
        cls,
        examples: Examples,
        solve: Solve,
        *,
        together: bool = False,
        stricter: Sequence[Solve] = (),
        wider: Solve | None = None,
    ) -> "Prepared":
        """What models of these examples have in common."""
        count = len(examples.features)
        few = count <= _MANY
        scales = Scales(
            sparse=sparse_scale(count / max(1, len(examples.labels))),
            characters=characters_scale(sum(one.keys.size for one in examples.features) / count),
        )
        known = design(examples.features, scales, rarest=1 if few else 2)
        gram = known.gram() if few else None
        return cls(examples, known, gram, solve, together, stricter, wider)

    def learn(self, weights: NDArray[np.floating], after: "Learned | None" = None) -> "Learned":
        """What is learned when each example counts so much, ``(n,)``, and a zero leaves one out."""
        rows = np.flatnonzero(weights)
        start = None if after is None else after.at(rows)[None]
        (found,) = self._solved(rows, weights[None], start)
        return Learned(self, rows, found)

    def learn_suited(self, weights: NDArray[np.floating], judged: NDArray[np.intp]) -> "Learned":
        """What is learned in the way that suits the examples at ``judged``, whose weights are zero.

        The strictest way is the quickest, and enough where labels contradict each other, so that
        nothing can be surer. Else each other one begins where the one before ended, as long as it
        explains those examples better (their log loss falls). A wide margin is tried last, and
        kept if it explains them better or more of them are right. What is learned ``again`` is
        learned the same way.
        """
        strictest, *others = (self._by(solve) for solve in (*self.stricter, self.solve))
        best = strictest.learn(weights)
        before = best.judged(judged)
        if before.temperature >= PRIOR_TEMPERATURE:
            return best
        for other in others:
            looser = other.learn(weights, after=best)
            after = looser.judged(judged)
            if after.log_loss >= before.log_loss:
                break
            best, before = looser, after
        if self.wider is None:
            return best
        wide = self._by(self.wider).learn(weights, after=best)
        after = wide.judged(judged)
        better = after.log_loss < before.log_loss or after.right > before.right
        return wide if better else best

    def learn_each(self, weightings: NDArray[np.floating]) -> "list[Learned]":
        """What is learned of each of M weightings ``(M, n)``."""
        most = _MOST_TOGETHER // max(1, weightings.shape[1] * len(self.examples.labels))
        if not self.together or self.gram is None or most <= 1:
            return [self.learn(weights) for weights in weightings]
        found: list[Learned] = []
        for first in range(0, len(weightings), most):
            some = weightings[first : first + most]
            rows = np.flatnonzero(some.any(axis=0))
            found += [Learned(self, rows, one) for one in self._solved(rows, some, None)]
        return found

    def _by(self, solve: Solve) -> "Prepared":
        return msgspec.structs.replace(self, solve=solve)

    def _solved(
        self, rows: NDArray[np.intp], weights: NDArray[np.floating], start: Matrix | None
    ) -> Matrix:
        part = Part(
            labels=len(self.examples.labels),
            targets=self.examples.targets[rows],
            weights=np.asarray(weights[:, rows], np.float32),
            kernel=self._kernel(rows),
            known=self.known,
            rows=rows,
            start=start,
        )
        return self.solve(part)

    def _kernel(self, rows: NDArray[np.intp]) -> Kernel:
        if self.gram is None:
            return self.known.of(rows).implicit_kernel()
        whole = len(rows) == len(self.gram)
        gram = self.gram if whole else np.ascontiguousarray(self.gram[np.ix_(rows, rows)])
        return lambda left: product(left, gram)


class Judged(msgspec.Struct, frozen=True):
    """How a model does on examples: the temperature that suits them, and at it their log loss.

    ``right`` is how many of them have their own label as the best.
    """

    temperature: float
    log_loss: float
    right: int


class Learned(msgspec.Struct, frozen=True, eq=False):
    """What was learned of some examples: a coefficient ``(L, rows)`` for each label and example."""

    prepared: Prepared
    rows: NDArray[np.intp]
    coefficients: Matrix

    def again(self, weights: NDArray[np.floating]) -> "Learned":
        """What is learned of other weights, beginning at what was learned before."""
        return self.prepared.learn(weights, after=self)

    def at(self, rows: NDArray[np.intp]) -> Matrix:
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

    def judged(self, rows: NDArray[np.intp]) -> "Judged":
        """How it does on the examples at ``rows``, unseen by it."""
        scores, targets = self.scores(rows), self.prepared.examples.targets[rows]
        temperature = calibration.temperature(scores, targets)
        log_loss = calibration.log_loss(scores, targets, temperature)
        return Judged(temperature, log_loss, int((scores.argmax(axis=1) == targets).sum()))


def sparse_scale(per_label: float) -> float:
    """How large the sparse block is, next to the dense one, by the texts per label.

    Words can be told apart only once they were seen a few times; until then similarity of meaning
    knows more. 0.25 with names of labels only, 0.9 with 5 examples per label, 2 from 128 on.
    """
    return min(2.0, 0.25 + 0.25 * math.log2(max(1.0, per_label)))


def characters_scale(hashes: float) -> float:
    """How much larger n-grams of characters are than words, by the hashes that texts have.

    A long text shares its common words with every other, whatever it is about, and its mean of
    token vectors says as little; n-grams tell more, the more so where the tokenizer, which knows
    English, takes words apart. 1 up to a dozen words, 5 from some sixty on.
    """
    return min(5.0, max(1.0, hashes / 80))


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
    made = LinearModel(
        labels=labels,
        bias=bias * np.float32(known.bias),
        dense=dense,
        keys=known.keys[kept],
        sparse=sparse[kept] * known.factors[kept, None],
    )
    return made.compact()
