"""Models of a training set, and what models say of examples that they hadn't seen."""

from collections.abc import Sequence
from zlib import crc32

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.clock import DAY
from modelfleet.learners import Model, Studied, study
from modelfleet.learners.examples import Examples, joined, text_weights, with_label_texts
from modelfleet.learners.recommended import LABEL_TEXT_WEIGHT, PINNED_WEIGHT, TRUSTS
from modelfleet.recipe import Recipe
from modelfleet.text import Encoder, Features
from modelfleet.training.evidence import Example, TrainingSet
from modelfleet.training.pinned import PinnedExample
from modelfleet.training.selection import selected

LARGE = 2_000
"""From this many examples on, the newest are held out once, instead of cross-fitting."""

_MANY_PER_LABEL = 50
"""From here on label texts matter too little to learn how far they are to be trusted."""

_FOLDS = 3


class Data(msgspec.Struct, frozen=True, eq=False):
    """Labelled examples in time order, and all that is learned from, encoded.

    Attributes:
        labelled: n examples, of which some are held out at times.
        everything: these, then the labels' own texts, then what is pinned.
        texts: where the labels' texts stand in ``everything``.
        refused: requests that no label fits.
        learner: the name of what learns.
        studied: ``everything``, ready to be learned from.
    """

    labelled: Sequence[Example]
    everything: Examples
    texts: slice
    refused: Sequence[Features]
    learner: str
    studied: Studied

    @property
    def labels(self) -> tuple[str, ...]:
        """L names, in the order of all columns."""
        return self.everything.labels

    @property
    def targets(self) -> NDArray[np.intp]:
        """The column of each labelled example ``(n,)``."""
        return self.everything.targets[: len(self.labelled)]

    @property
    def features(self) -> Sequence[Features]:
        """Of each labelled example."""
        return self.everything.features[: len(self.labelled)]

    def since(self, first: int) -> "Data":
        """The same without the labelled examples before the one at ``first``."""
        everything = self.everything.since(first)
        return Data(
            labelled=self.labelled[first:],
            everything=everything,
            texts=slice(self.texts.start - first, self.texts.stop - first),
            refused=self.refused,
            learner=self.learner,
            studied=study(self.learner, everything),
        )

    def weights(self, held_out: NDArray[np.bool_], trust: float) -> NDArray[np.float64]:
        """How much everything counts: nothing for what is held out, less for known labels' texts.

        Args:
            held_out: ``(n,)``.
            trust: weight that the texts of a label without examples have; see `text_weights`.
        """
        weights = self.everything.weights.copy()
        weights[: len(held_out)][held_out] = 0
        examples = weights[: len(held_out)]
        seen = np.bincount(self.targets, examples, len(self.labels))
        weights[self.texts] = text_weights(self.everything.targets[self.texts], seen, trust)
        return weights

    def unseen(
        self, held_out: NDArray[np.bool_], trust: float = LABEL_TEXT_WEIGHT
    ) -> NDArray[np.float32]:
        """What a model of the others says of the examples that are held out: ``(held out, L)``."""
        if not held_out.any():
            return np.zeros((0, len(self.labels)), np.float32)
        return self.studied.learn(self.weights(held_out, trust)).scores(np.flatnonzero(held_out))


class CrossFitted(msgspec.Struct, frozen=True, eq=False):
    """What models said of examples that they hadn't seen, and how far they trusted label texts.

    Attributes:
        rows: of the examples.
        scores: float32 ``(rows, L)``.
        trust: weight, in examples, that the texts of a label had while it had no example.
        learned: share of all examples that each model had seen.
    """

    rows: NDArray[np.intp]
    scores: NDArray[np.float32]
    trust: float
    learned: float


class Fitted(msgspec.Struct, frozen=True, eq=False):
    """A model of all examples, and what models like it said of examples that they hadn't seen.

    Attributes:
        model: of everything.
        newest: float32 ``(newest, L)``, of the newest by a model of the earlier ones.
        crossed: of all, or where there are many, of the newest again.
    """

    model: Model
    newest: NDArray[np.float32]
    crossed: CrossFitted


def encoded(known: TrainingSet, recipe: Recipe, encoder: Encoder) -> Data:
    """What is learned from of a training set, as features."""
    labels = tuple(label.label for label in known.labels)
    column = {label: index for index, label in enumerate(labels)}
    chosen = selected(known.examples, recipe.learning.most_examples)
    labelled = [example for example in chosen if example.label is not None]
    refused = [example for example in chosen if example.label is None]
    targets = [column[e.label] for e in labelled if e.label is not None]
    told = Examples(
        _features(labelled, encoder),
        np.array(targets, np.intp),
        _recency(labelled, recipe.learning.recency_half_life),
        labels,
    )
    pinned = Examples(
        _features(known.pinned, encoder),
        np.array([column[one.label] for one in known.pinned], np.intp),
        np.full(len(known.pinned), PINNED_WEIGHT),
        labels,
    )
    texted = with_label_texts(told, known.label_texts(), encoder)
    everything = joined(texted, pinned)
    return Data(
        labelled=labelled,
        everything=everything,
        texts=slice(len(labelled), len(texted.features)),
        refused=_features(refused, encoder),
        learner=recipe.learning.learner,
        studied=study(recipe.learning.learner, everything),
    )


def cross_fitted(data: Data) -> CrossFitted:
    """Scores of examples by models that hadn't seen them.

    How far the labels' own texts are trusted is learned here, where examples are few: the trust
    under which most held-out examples were right.
    """
    fold = np.array([crc32(example.key.encode()) for example in data.labelled], np.int64) % _FOLDS
    folds = [fold == number for number in range(_FOLDS) if (fold == number).any()]
    few = len(data.labelled) < _MANY_PER_LABEL * len(data.labels)
    trusts = TRUSTS if few else TRUSTS[:1]
    weightings = [data.weights(held_out, trust) for trust in trusts for held_out in folds]
    learned = iter(data.studied.learn_each(np.array(weightings)) if folds else ())
    rows = [np.flatnonzero(held_out) for held_out in folds]
    scores = [_stacked(data, [next(learned).scores(of) for of in rows]) for _ in trusts]
    stacked = np.concatenate([np.zeros(0, np.intp), *rows])
    right = [(found.argmax(axis=1) == data.targets[stacked]).sum() for found in scores]
    best = int(np.argmax(right))
    learned_share = 1 - 1 / max(2, len(folds))
    return CrossFitted(stacked, scores[best], trusts[best], learned_share)


def _stacked(data: Data, scores: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    return np.concatenate([np.zeros((0, len(data.labels)), np.float32), *scores])


def fit(data: Data, newest: NDArray[np.bool_]) -> Fitted:
    """A model of all, and what models say of examples that they hadn't seen.

    The model of many examples is found from the one that hasn't seen the newest, which is quicker;
    that of few isn't, since which are the newest depends on the live version, and it must not.
    """
    all_of_them = np.zeros(len(newest), bool)
    if len(newest) < LARGE:
        crossed = cross_fitted(data)
        learned = data.studied.learn(data.weights(all_of_them, crossed.trust))
        return Fitted(learned.model(), data.unseen(newest, crossed.trust), crossed)
    rows = np.flatnonzero(newest)
    earlier = data.studied.learn_suited(data.weights(newest, LABEL_TEXT_WEIGHT), rows)
    unseen = earlier.scores(rows)
    learned = earlier.again(data.weights(all_of_them, LABEL_TEXT_WEIGHT))
    crossed = CrossFitted(rows, unseen, LABEL_TEXT_WEIGHT, 1 - rows.size / len(newest))
    return Fitted(learned.model(), unseen, crossed)


def _features(
    examples: Sequence[Example] | Sequence[PinnedExample], encoder: Encoder
) -> list[Features]:
    return encoder.encode([e.text for e in examples], [e.metadata for e in examples])


def _recency(examples: Sequence[Example], half_life: float) -> NDArray[np.float64]:
    """The weight of each example: half for each half-life (days) before the newest."""
    times = np.array([example.time for example in examples], np.float64)
    ages = (times.max(initial=0) - times) / DAY
    weights: NDArray[np.float64] = np.exp2(-ages / half_life)
    return weights
