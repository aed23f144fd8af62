"""What every learner makes: the protocol of a model; and the one place that knows all learners."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.errors import InvalidInput
from modelfleet.learners import batch_mira, cnn, logistic
from modelfleet.learners.arrays import Array
from modelfleet.learners.cnn import CnnModel
from modelfleet.learners.examples import Examples
from modelfleet.learners.linear import LinearModel
from modelfleet.text import Features


class Model(Protocol):
    """One score per label; softmax of the scores is a probability. Nothing changes it."""

    @property
    def labels(self) -> tuple[str, ...]:
        """L names, in the order of the scores."""
        ...

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        ...

    def scores(self, features: Sequence[Features]) -> NDArray[np.float32]:
        """One score per request and label, float32 ``(n, L)``; the same alone as in any batch."""
        ...

    def to_arrays(self) -> dict[str, Array]:
        """All but the labels, as plain named arrays."""
        ...


class Learned(Protocol):
    """What was learned of some examples."""

    def model(self) -> Model:
        """It, as a model."""
        ...

    def scores(self, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """What that model says of the examples at ``rows``: ``(rows, L)``."""
        ...

    def again(self, weights: NDArray[np.floating]) -> "Learned":
        """What is learned when each example counts so much, ``(n,)``, and a zero leaves one out."""
        ...


class Studied(Protocol):
    """Examples made ready once, to learn of them several times, each time with other weights."""

    def learn(self, weights: NDArray[np.floating]) -> Learned:
        """What is learned when each example counts so much, ``(n,)``, and a zero leaves one out."""
        ...

    def learn_suited(self, weights: NDArray[np.floating], judged: NDArray[np.intp]) -> Learned:
        """What is learned in the way that suits the examples at ``judged``, whose weights are zero.

        What is learned ``again`` after it is learned the same way.
        """
        ...

    def learn_each(self, weightings: NDArray[np.floating]) -> Sequence[Learned]:
        """What is learned of each of M weightings ``(M, n)``."""
        ...


Study = Callable[[Examples], Studied]


Fit = Callable[
    [Sequence[Features], NDArray[np.integer], tuple[str, ...], NDArray[np.floating]], Model
]
"""Makes a model of features, their labels' columns, the labels, and how much each one counts."""

Open = Callable[[tuple[str, ...], Mapping[str, Array]], Model]
"""Makes a model of its labels and its arrays."""


class Refitting(msgspec.Struct, frozen=True, eq=False):
    """Examples of a learner that has no quicker way than to fit a model anew each time."""

    fit: Fit
    examples: Examples

    def learn(self, weights: NDArray[np.floating]) -> "Refitted":
        """See `Studied.learn`."""
        rows = np.flatnonzero(weights)
        features = [self.examples.features[row] for row in rows.tolist()]
        model = self.fit(features, self.examples.targets[rows], self.examples.labels, weights[rows])
        return Refitted(self, model)

    def learn_suited(self, weights: NDArray[np.floating], judged: NDArray[np.intp]) -> "Refitted":  # noqa: ARG002 - there is but one way
        """See `Studied.learn_suited`."""
        return self.learn(weights)

    def learn_each(self, weightings: NDArray[np.floating]) -> "list[Refitted]":
        """See `Studied.learn_each`."""
        return [self.learn(weights) for weights in weightings]


class Refitted(msgspec.Struct, frozen=True, eq=False):
    """What such a learner learned."""

    of: Refitting
    made: Model

    def model(self) -> Model:
        """It, as a model."""
        return self.made

    def scores(self, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """What that model says of the examples at ``rows``: ``(rows, L)``."""
        return self.made.scores([self.of.examples.features[row] for row in rows.tolist()])

    def again(self, weights: NDArray[np.floating]) -> "Refitted":
        """What is learned when each example counts so much."""
        return self.of.learn(weights)


def _nothing_missing() -> None:
    """Nothing that isn't always installed is needed."""


class Learner(msgspec.Struct, frozen=True):
    """How models are made, and how the arrays that they are stored as become one again."""

    study: Study
    open: Open
    check: Callable[[], None] = _nothing_missing
    """Raises InvalidInput if something that it needs to learn isn't installed."""


LEARNERS: Mapping[str, Learner] = {
    "logistic": Learner(logistic.study, LinearModel.from_arrays),
    "mira": Learner(batch_mira.study, LinearModel.from_arrays),
    "cnn": Learner(partial(Refitting, cnn.fit), CnnModel.from_arrays, cnn.check_framework),
}


def check_learner(learner: str) -> None:
    """Whether a recipe's learner can learn here.

    Raises:
        InvalidInput: it isn't known, or what it needs isn't installed.
    """
    if learner not in LEARNERS:
        raise InvalidInput.at("learning.learner", f"must be one of {', '.join(LEARNERS)}")
    LEARNERS[learner].check()


def study(learner: str, examples: Examples) -> Studied:
    """A learner's way to learn of examples, made ready once.

    Raises:
        InvalidInput: the learner isn't known, or what it needs isn't installed.
    """
    check_learner(learner)
    return LEARNERS[learner].study(examples)


def opened(learner: str, labels: tuple[str, ...], arrays: Mapping[str, Array]) -> Model:
    """The model of which `Model.to_arrays` gave ``arrays``, without copying them.

    Raises:
        ValueError: the learner isn't known here, or an array is missing or isn't such a model's.
    """
    if learner not in LEARNERS:
        raise ValueError(f"learner '{learner}' isn't known here; known are {', '.join(LEARNERS)}")
    return LEARNERS[learner].open(labels, arrays)
