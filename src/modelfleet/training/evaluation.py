"""What comes with a model: its temperature, its operating point, and what no label fits."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.learners import Model, calibration, novelty_learning
from modelfleet.learners.examples import Examples
from modelfleet.learners.novelty import Novelty
from modelfleet.learners.novelty_learning import Seen
from modelfleet.learners.operating import WHOLE_TASK, Curve, Point, Prior, solve
from modelfleet.learners.recommended import ENERGY_GROWTH
from modelfleet.recipe import Recipe
from modelfleet.text import Features


class HeldOutScores(msgspec.Struct, frozen=True, eq=False):
    """What models said of examples that they hadn't seen.

    Attributes:
        features: of m examples.
        scores: float32 ``(m, L)``.
        targets: ``(m,)``, the right column of each.
        learned: share of all examples that those models had learned from.
    """

    features: Sequence[Features]
    scores: NDArray[np.float32]
    targets: NDArray[np.intp]
    learned: float

    def energy(self, temperature: float) -> NDArray[np.float64]:
        """Free energy ``(m,)`` as a model of all examples would give it to unseen requests."""
        growth = float((1 / self.learned) ** ENERGY_GROWTH)
        return calibration.energy(self.scores, temperature) * growth

    @property
    def right(self) -> NDArray[np.bool_]:
        """Where the best label is the one that people gave."""
        if not self.scores.size:
            return np.zeros(len(self.targets), bool)
        found: NDArray[np.bool_] = self.scores.argmax(axis=1) == self.targets
        return found


class Evaluated(msgspec.Struct, frozen=True, eq=False):
    """What turns a model's scores into decisions, and what those would have been.

    Attributes:
        temperature: divides scores.
        novelty: tells requests that no label fits.
        curve: what would be decided of held-out requests, refused ones among them.
        points: the threshold of each target.
        metrics: accuracy, top 3, calibration error, temperature, coverage, precision, and whether
            the targets are certified; empty without held-out requests.
    """

    temperature: float
    novelty: Novelty
    curve: Curve
    points: Mapping[str, Point]
    metrics: dict[str, float]


class Aim(msgspec.Struct, frozen=True):
    """What decisions should be like.

    Attributes:
        targets: the precisions that are wanted, the task's own among them.
        refusable: share of requests that some label fits which may be refused as if none did.
        prior: what the recipe's other tasks have shown.
    """

    targets: Mapping[str, float]
    refusable: float
    prior: Prior

    @classmethod
    def of(cls, recipe: Recipe, asked: Mapping[str, float], prior: Prior) -> "Aim":
        """What people asked for, and the recipe's for what they didn't speak of."""
        targets = {WHOLE_TASK: recipe.learning.target_precision, **asked}
        return cls(targets, recipe.learning.refusable, prior)


def evaluate(
    model: Model, known: Examples, held_out: HeldOutScores, refused: Sequence[Features], aim: Aim
) -> Evaluated:
    """Calibrate a model and solve its operating point.

    Args:
        model: that has learned from all examples.
        known: these, and the labels' texts.
        held_out: what models like it said of examples that they hadn't seen.
        refused: requests of which people said that no label fits: wrong, however decided.
        aim: what decisions should be like.
    """
    temperature = calibration.temperature(
        held_out.scores, held_out.targets, prior=aim.prior.temperature
    )
    of_refused = model.scores(refused)
    scores = np.concatenate([held_out.scores, of_refused])
    seen = Seen(
        [*held_out.features, *refused],
        np.concatenate([held_out.targets, np.full(len(refused), -1)]),
        np.concatenate([held_out.energy(temperature), calibration.energy(of_refused, temperature)]),
    )
    novelty, fits = novelty_learning.learn(known, seen, aim.refusable)
    curve = _curve(scores, seen.targets, temperature, fits)
    points = solve(curve, model.labels, aim.targets, aim.prior)
    metrics = _measured(held_out, temperature) | _decided(curve, model.labels, points)
    return Evaluated(temperature, novelty, curve, points, metrics)


def newest_metrics(newest: HeldOutScores, labels: Sequence[str], by: Evaluated) -> dict[str, float]:
    """How the newest requests would have been decided at the same operating point."""
    fits = np.zeros(len(newest.targets))
    curve = _curve(newest.scores, newest.targets, by.temperature, fits)
    return _measured(newest, by.temperature) | _decided(curve, labels, by.points)


def _curve(
    scores: NDArray[np.float32],
    targets: NDArray[np.integer],
    temperature: float,
    fits: NDArray[np.float64],
) -> Curve:
    """What would be decided; nothing where no label seems to fit."""
    if not len(scores):
        return Curve.empty()
    best = scores.argmax(axis=1)
    confidence = calibration.probabilities(scores, temperature).max(axis=1)
    confidence[fits < 0] = 0.0
    return Curve(confidence.astype(np.float32), best == targets, best.astype(np.int32))


def _measured(held_out: HeldOutScores, temperature: float) -> dict[str, float]:
    """Accuracy, top 3 and calibration on requests the model hadn't seen; or empty."""
    scores, targets = held_out.scores, held_out.targets
    if not len(scores):
        return {}
    confidence = calibration.probabilities(scores, temperature).max(axis=1)
    better = (scores > scores[np.arange(len(scores)), targets][:, None]).sum(axis=1)
    return {
        "requests": float(len(scores)),
        "temperature": temperature,
        "accuracy": float(held_out.right.mean()),
        "top_3": float((better < 3).mean()),  # noqa: PLR2004 - its name
        "calibration_error": calibration.expected_error(confidence, held_out.right),
    }


def _decided(curve: Curve, labels: Sequence[str], points: Mapping[str, Point]) -> dict[str, float]:
    """Coverage and precision of decisions, and whether the targets are certified; or empty."""
    if not len(curve.confidence):
        return {}
    task = points[WHOLE_TASK].threshold
    least = np.array([points[label].threshold if label in points else task for label in labels])
    decided = (curve.confidence >= least[curve.columns]) & (curve.confidence > 0)
    metrics = {
        "coverage": float(decided.mean()),
        "certified": float(all(point.certified for point in points.values())),
    }
    if decided.any():
        metrics["precision"] = float(curve.correct[decided].mean())
    return metrics
