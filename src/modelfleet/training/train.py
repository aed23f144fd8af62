"""From a training set to an evaluated, calibrated model: pure, and the same bytes every time."""

from collections.abc import Sequence
from zlib import crc32

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.clock import DAY
from modelfleet.learners import LinearModel, calibration, logistic
from modelfleet.learners.examples import Examples, with_label_texts
from modelfleet.recipe import Recipe
from modelfleet.text import Features, StaticEncoder
from modelfleet.training.evidence import Example, TrainingSet

_FOLDS = 3
_LARGE = 2_000
"""From this many examples on, the newest are held out once, instead of cross-fitting."""
_NEWEST_SHARE = 0.2
_MOST_LARGE = 2_000


class HeldOut(msgspec.Struct, frozen=True, eq=False):
    """The newest labelled requests, and how a model did that never saw them.

    Attributes:
        examples: m of them, in time order.
        features: of each.
        right: bool ``(m,)``: its best label is the one that people gave.
        metrics: accuracy, top 3, coverage and precision; empty without any.
    """

    examples: Sequence[Example]
    features: Sequence[Features]
    right: NDArray[np.bool_]
    metrics: dict[str, float]


class Trained(msgspec.Struct, frozen=True, eq=False):
    """A model, what turns its scores into decisions, and what it was seen to do.

    All but ``held_out`` follows from the training set and the recipe alone; ``held_out`` also from
    what the live version had seen. ``metrics`` are those of cross-fitting.
    """

    model: LinearModel
    temperature: float
    threshold: float
    metrics: dict[str, float]
    held_out: HeldOut


class _Data(msgspec.Struct, frozen=True, eq=False):
    """Labelled examples in time order, encoded; and features of requests that no label fits."""

    known: TrainingSet
    labelled: Sequence[Example]
    all: Examples
    refused: Sequence[Features]
    encoder: StaticEncoder

    def fit(self, chosen: NDArray[np.bool_]) -> LinearModel:
        """A model of some of the examples, and of the labels' texts."""
        rows = np.flatnonzero(chosen).tolist()
        some = Examples(
            [self.all.features[row] for row in rows],
            self.all.targets[rows],
            self.all.weights[rows],
            self.all.labels,
        )
        some = with_label_texts(some, self.known.label_texts(), self.encoder)
        return logistic.fit(some.features, some.targets, some.labels, some.weights)

    def scores(self, model: LinearModel, chosen: NDArray[np.bool_]) -> NDArray[np.float32]:
        """What a model says of some of the examples: ``(chosen, L)``."""
        rows = np.flatnonzero(chosen).tolist()
        empty = np.zeros((0, len(self.all.labels)), np.float32)
        return np.array([model.scores(self.all.features[row]) for row in rows]) if rows else empty


def train(
    known: TrainingSet, recipe: Recipe, encoder: StaticEncoder, *, seen_until: int = 0
) -> Trained:
    """Train, calibrate and evaluate a model.

    The newest requests are held out in time order from the model that is evaluated; the model that
    is returned has learned from all. Temperature and threshold come from scores of models that
    had not seen the example (cross-fitting).

    Args:
        known: with at least one label.
        recipe: how.
        encoder: makes features of texts.
        seen_until: the live version's watermark, 0 if there is none. Of the requests after it the
            newer half is held out, so both models are asked about requests that they haven't seen.
    """
    data = _encoded(known, recipe, encoder)
    newest = _newest(data.labelled, seen_until)
    newest_scores, newest_targets = data.scores(data.fit(~newest), newest), data.all.targets[newest]
    large = len(data.labelled) >= _LARGE
    scores, targets = (newest_scores, newest_targets) if large else _crossfitted(data)
    model = data.fit(np.ones(len(data.labelled), bool))
    temperature = calibration.temperature(scores, targets)
    refused = np.array([model.scores(features) for features in data.refused])
    threshold = _threshold(scores, targets, refused, temperature, recipe)
    rows = np.flatnonzero(newest).tolist()
    return Trained(
        model=model,
        temperature=temperature,
        threshold=threshold,
        metrics=_metrics(scores, targets, temperature, threshold),
        held_out=HeldOut(
            [data.labelled[row] for row in rows],
            [data.all.features[row] for row in rows],
            _right(newest_scores, newest_targets),
            _metrics(newest_scores, newest_targets, temperature, threshold),
        ),
    )


def _encoded(known: TrainingSet, recipe: Recipe, encoder: StaticEncoder) -> _Data:
    labels = tuple(label.label for label in known.labels)
    column = {label: index for index, label in enumerate(labels)}
    newest = known.examples[-recipe.learning.most_examples :]
    labelled = [example for example in newest if example.label is not None]
    refused = [example for example in newest if example.label is None]
    targets = [column[e.label] for e in labelled if e.label is not None]
    return _Data(
        known=known,
        labelled=labelled,
        all=Examples(
            _features(labelled, encoder),
            np.array(targets, np.intp),
            _recency(labelled, recipe.learning.recency_half_life),
            labels,
        ),
        refused=_features(refused, encoder),
        encoder=encoder,
    )


def _features(examples: Sequence[Example], encoder: StaticEncoder) -> list[Features]:
    return encoder.encode([e.text for e in examples], [e.metadata for e in examples])


def _recency(examples: Sequence[Example], half_life: float) -> NDArray[np.float64]:
    """The weight of each example: half for each half-life (days) before the newest."""
    times = np.array([example.time for example in examples], np.float64)
    ages = (times.max(initial=0) - times) / DAY
    weights: NDArray[np.float64] = np.exp2(-ages / half_life)
    return weights


def _newest(labelled: Sequence[Example], seen_until: int) -> NDArray[np.bool_]:
    """Which examples to hold out: the newer half of what is new, or a fifth if all is.

    Of large sets it is the newest fifth in any case, so that one fit serves all of evaluation.
    """
    count = len(labelled)
    new = sum(example.seq > seen_until for example in labelled)
    whole = seen_until == 0 or count >= _LARGE
    size = min(int(count * _NEWEST_SHARE), _MOST_LARGE) if whole else (new + 1) // 2
    return np.arange(count) >= count - size


def _crossfitted(data: _Data) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Scores of examples by models that hadn't seen them, with the right columns."""
    fold = np.array([crc32(example.key.encode()) for example in data.labelled], np.int64) % _FOLDS
    held_out = [fold == number for number in range(_FOLDS) if (fold == number).any()]
    scores = [data.scores(data.fit(~out), out) for out in held_out]
    targets = [data.all.targets[out] for out in held_out]
    return (
        np.concatenate([np.zeros((0, len(data.all.labels)), np.float32), *scores]),
        np.concatenate([np.zeros(0, np.intp), *targets]),
    )


def _threshold(
    scores: NDArray[np.float32],
    targets: NDArray[np.intp],
    refused: NDArray[np.float32],
    temperature: float,
    recipe: Recipe,
) -> float:
    """The confidence from which decisions keep the wanted precision.

    Requests that no label fits count as wrong however they would be decided.
    """
    right = _right(scores, targets)
    if len(refused):
        scores = np.concatenate([scores, refused])
        right = np.concatenate([right, np.zeros(len(refused), bool)])
    confidence = calibration.probabilities(scores, temperature).max(axis=1, initial=0)
    return calibration.threshold(confidence, right, recipe.learning.target_precision)


def _right(scores: NDArray[np.float32], targets: NDArray[np.intp]) -> NDArray[np.bool_]:
    if not len(scores):
        return np.zeros(0, bool)
    found: NDArray[np.bool_] = scores.argmax(axis=1) == targets
    return found


def _metrics(
    scores: NDArray[np.float32],
    targets: NDArray[np.intp],
    temperature: float,
    threshold: float,
) -> dict[str, float]:
    """Accuracy, top 3, coverage and precision on requests the model hadn't seen; or empty."""
    if not len(scores):
        return {}
    probabilities = calibration.probabilities(scores, temperature)
    right = _right(scores, targets)
    decided = probabilities.max(axis=1) >= threshold
    better = (scores > scores[np.arange(len(scores)), targets][:, None]).sum(axis=1)
    metrics = {
        "requests": float(len(scores)),
        "accuracy": float(right.mean()),
        "top_3": float((better < 3).mean()),  # noqa: PLR2004 - its name
        "coverage": float(decided.mean()),
    }
    if decided.any():
        metrics["precision"] = float(right[decided].mean())
    return metrics
