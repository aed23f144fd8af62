"""From a training set to an evaluated, calibrated model: pure, and the same bytes every time."""

from collections.abc import Sequence
from typing import Any
from zlib import crc32

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.clock import HOUR
from modelfleet.learners import Model, calibration
from modelfleet.learners.lately import History, Lately
from modelfleet.learners.operating import NO_PRIOR, Prior
from modelfleet.recipe import Recipe
from modelfleet.text import Encoder, Features
from modelfleet.training.changes import since_change
from modelfleet.training.evaluation import (
    Aim,
    Evaluated,
    HeldOutScores,
    evaluate,
    newest_metrics,
)
from modelfleet.training.evidence import Example, TrainingSet
from modelfleet.training.fitting import LARGE, CrossFitted, Data, encoded, fit

_NEWEST_SHARE = 0.2
_MOST_LARGE = 2_000


class HeldOut(msgspec.Struct, frozen=True, eq=False):
    """The newest labelled requests, and how a model did that never saw them.

    Attributes:
        examples: m of them, in time order.
        features: of each.
        right: bool ``(m,)``: its best label is the one that people gave.
        metrics: as of `Evaluated`; empty without any.
    """

    examples: Sequence[Example]
    features: Sequence[Features]
    right: NDArray[np.bool_]
    metrics: dict[str, float]


class Trained(msgspec.Struct, frozen=True, eq=False):
    """A model, what turns its scores into decisions, and what it was seen to do.

    All but ``held_out`` follows from the training set, the recipe and the prior alone; ``held_out``
    also from what the live version had seen.
    """

    model: Model
    aim: Aim
    evaluated: Evaluated
    lately: Lately
    held_out: HeldOut

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """All that a server needs, as plain named arrays."""
        of = self.evaluated
        arrays = self.model.to_arrays() | of.novelty.to_arrays() | of.curve.to_arrays()
        return arrays | self.lately.to_arrays()


def train(
    known: TrainingSet,
    recipe: Recipe,
    encoder: Encoder,
    *,
    seen_until: int = 0,
    prior: Prior = NO_PRIOR,
) -> Trained:
    """Train, calibrate and evaluate a model.

    The newest requests are held out in time order from the model that is evaluated; the model that
    is returned has learned from all. What turns scores into decisions comes from scores of models
    that had not seen the example (cross-fitting). What was said before labels were divided anew
    is left out of all of it; see `changes`.

    Args:
        known: with at least one label.
        recipe: how.
        encoder: makes features of texts.
        seen_until: the live version's watermark, 0 if there is none. Of the requests after it the
            newer half is held out, so both models are asked about requests that they haven't seen.
        prior: what the recipe's other tasks have shown.
    """
    data = since_change(encoded(known, recipe, encoder))
    newest = _newest(data.labelled, seen_until)
    fitted = fit(data, newest)
    model, crossed = fitted.model, fitted.crossed
    rows = np.flatnonzero(newest)
    unseen = _held_out(data, rows, fitted.newest, 1 - rows.size / max(1, newest.size))
    aim = Aim.of(recipe, known.targets, prior)
    lately, scores = _lately(data, crossed, prior)
    held_out = _held_out(data, crossed.rows, scores, crossed.learned)
    evaluated = evaluate(model, data.everything, held_out, data.refused, aim)
    return Trained(
        model=model,
        aim=aim,
        evaluated=evaluated,
        lately=lately,
        held_out=HeldOut(
            [data.labelled[row] for row in np.flatnonzero(newest).tolist()],
            unseen.features,
            unseen.right,
            newest_metrics(unseen, model.labels, evaluated),
        ),
    )


def _lately(data: Data, crossed: CrossFitted, prior: Prior) -> tuple[Lately, NDArray[np.float32]]:
    """What was asked lately, if that tells what is asked next; and scores, moved by it if so."""
    asked = np.array([example.was_decided for example in data.labelled], bool)
    of_asked = asked[crossed.rows]
    rows = (np.cumsum(asked) - 1)[crossed.rows[of_asked]]
    scores, given = crossed.scores[of_asked], data.targets[asked]
    weights = data.everything.weights[: len(asked)][asked]
    temperature = calibration.temperature(scores, given[rows], prior=prior.temperature)
    history = History.of(given, weights, len(data.labels))
    lately, moved = history.learned(scores, rows, temperature)
    together = crossed.scores.copy()
    together[of_asked] = moved
    return lately, together


def _held_out(
    data: Data, rows: NDArray[np.intp], scores: NDArray[np.float32], learned: float
) -> HeldOutScores:
    """What models of this share of the examples said of those at ``rows``."""
    features = [data.features[row] for row in rows.tolist()]
    return HeldOutScores(features, scores, data.targets[rows], learned)


def _newest(labelled: Sequence[Example], seen_until: int) -> NDArray[np.bool_]:
    """Which examples to hold out: the newer half of what is new, or a fifth if all is.

    Of large sets it is the newest fifth in any case, so that one fit serves all of evaluation.
    Within an hour there is no order: examples that are loaded together often come label by label,
    and the last labels would be held out as a whole.
    """
    count = len(labelled)
    whole = seen_until == 0 or count >= LARGE
    new = [whole or example.seq > seen_until for example in labelled]
    size = min(int(count * _NEWEST_SHARE), _MOST_LARGE) if whole else (sum(new) + 1) // 2

    def age(row: int) -> tuple[bool, int, int]:
        example = labelled[row]
        return new[row], example.time // HOUR, crc32(example.key.encode())

    chosen = np.zeros(count, bool)
    chosen[sorted(range(count), key=age)[count - size :]] = True
    return chosen
