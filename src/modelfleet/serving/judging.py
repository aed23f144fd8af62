"""From models and requests to what is answered: requests of any models are judged together."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.learners import calibration
from modelfleet.learners.mira import NO_LABEL
from modelfleet.learners.operating import WHOLE_TASK
from modelfleet.serving.served import ServedModel
from modelfleet.text import Features

K = TypeVar("K")
V = TypeVar("V")

Reason = Literal["below_threshold", "no_label_fits", "no_labels"]
"""Why nothing was decided: the best label isn't sure enough, none seems to fit, or none exists."""

BELOW_THRESHOLD: Reason = "below_threshold"
NO_LABEL_FITS: Reason = "no_label_fits"
NO_LABELS: Reason = "no_labels"

ALL = 2**31
"""More candidates than any task has labels."""


class Scored(msgspec.Struct, frozen=True):
    """A label with its probability."""

    label: str
    probability: float


class Judged(msgspec.Struct, frozen=True):
    """What to answer: the label, or why there is none.

    ``fit`` is how well the best label fits, below zero if none does; None if that isn't known, or
    people have spoken of this very request.
    """

    label: str | None
    candidates: tuple[Scored, ...]
    threshold: float
    reason: Reason | None = None
    fit: float | None = None


class _Ranked(msgspec.Struct, frozen=True):
    """A request's best labels, the most probable first, and the score of the first."""

    candidates: tuple[Scored, ...] = ()
    top: float = 0.0


_NOTHING = _Ranked()


def judge(
    models: Sequence[ServedModel],
    texts: Sequence[str],
    metadata: Sequence[Mapping[str, Any]],
    features: Sequence[Features],
    most: int = ALL,
) -> list[Judged]:
    """What each model answers to its request; only labels that are active now take part.

    Scored in one pass for each model, and ranked in one for all that have as many labels. A request
    gets the same answer alone as in any batch, to the last bit.

    Args:
        models: that are asked, n of them.
        texts: of the request that each is asked.
        metadata: of each.
        features: of each with its metadata, by its model's encoder.
        most: candidates that are wanted.
    """
    ranked = _ranked(models, features, most)
    fits = _fits(models, features, ranked)
    judged = map(_judged, models, features, ranked, fits)
    labels = map(ServedModel.pinned_label, models, texts, metadata)
    return [
        one if label is None else _by_people(model, label)
        for model, one, label in zip(models, judged, labels, strict=True)
    ]


def probable(model: ServedModel, features: Features, most: int = ALL) -> tuple[Scored, ...]:
    """The probable labels for a request, the most probable first, whatever people said of it."""
    (ranked,) = _ranked([model], [features], most)
    return ranked.candidates


def for_each_kind(kinds: Iterable[K], answer: Callable[[K, Sequence[int]], Iterable[V]]) -> list[V]:
    """A value for each place, where places of the same kind are answered in one go.

    Args:
        kinds: of each place.
        answer: the values of all places of a kind, in their order.
    """
    places: dict[K, list[int]] = {}
    for place, kind in enumerate(kinds):
        places.setdefault(kind, []).append(place)
    found: dict[int, V] = {}
    for kind, some in places.items():
        found.update(zip(some, answer(kind, some), strict=True))
    return [found[place] for place in range(len(found))]


def _ranked(
    models: Sequence[ServedModel], features: Sequence[Features], most: int
) -> list[_Ranked]:
    """The best labels of each request; none of a model without labels."""

    def scored(model: ServedModel, places: Sequence[int]) -> Iterable[NDArray[np.float32]]:
        return model.scores([features[place] for place in places])

    def ranked(count: int, places: Sequence[int]) -> Iterable[_Ranked]:
        if not count:
            return [_NOTHING] * len(places)
        of = [models[place] for place in places]
        return _best(of, np.array([scores[place] for place in places]), most)

    scores = for_each_kind(models, scored)
    return for_each_kind(map(len, scores), ranked)


def _best(
    models: Sequence[ServedModel], scores: NDArray[np.float32], most: int
) -> Iterator[_Ranked]:
    """The best labels by scores ``(n, L)``, of n models with L > 0 labels."""
    temperatures = np.array([[model.temperature] for model in models])
    probabilities = calibration.probabilities(scores, temperatures)
    order = np.argsort(-probabilities, axis=1, kind="stable")[:, :most].tolist()
    tops, shares = scores.max(axis=1).tolist(), probabilities.tolist()
    for model, top, share, best in zip(models, tops, shares, order, strict=True):
        labels = model.active
        yield _Ranked(tuple([Scored(labels[place], share[place]) for place in best]), top)


def _fits(
    models: Sequence[ServedModel], features: Sequence[Features], ranked: Sequence[_Ranked]
) -> list[float | None]:
    """How well the best candidate fits each request, by the score that it has."""

    def fits(model: ServedModel, places: Sequence[int]) -> Iterable[float | None]:
        if model.novelty is None or not model.active:
            return [None] * len(places)
        energy = [_energy(ranked[place], model.temperature) for place in places]
        return model.novelty.fit([features[place] for place in places], energy)

    return for_each_kind(models, fits)


def _energy(ranked: _Ranked, temperature: float) -> float:
    """The free energy of all scores, by the best one and its share of the sum."""
    return ranked.top - temperature * math.log(ranked.candidates[0].probability)


def _judged(model: ServedModel, features: Features, ranked: _Ranked, fit: float | None) -> Judged:
    """What to answer, by what people said last of this very request, if they did."""
    candidates = ranked.candidates
    if not candidates:
        return Judged(None, (), model.aiming.threshold(WHOLE_TASK), NO_LABELS)
    best = candidates[0]
    threshold = model.aiming.threshold(best.label)
    verdict = model.overlay.verdict(features)
    if verdict is not None or best.label not in model.base.labels:
        # A label that came after the training has scores that can't be compared with others'.
        fit = None
    if verdict == NO_LABEL or (fit is not None and fit < 0):
        return Judged(None, candidates, threshold, NO_LABEL_FITS, fit)
    if best.probability < threshold:
        return Judged(None, candidates, threshold, BELOW_THRESHOLD, fit)
    return Judged(best.label, candidates, threshold, None, fit)


def _by_people(model: ServedModel, label: str) -> Judged:
    return Judged(label, (Scored(label, 1.0),), model.aiming.threshold(label))
