"""The doctor: which examples and labels of a task hold its model back, from the log alone."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from zlib import crc32

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.clock import DAY
from modelfleet.events import EventLog
from modelfleet.learners import calibration
from modelfleet.learners.confident import doubtful
from modelfleet.recipe import Recipe
from modelfleet.text import Encoder, Encoders
from modelfleet.training.diagnosis import (
    Contradiction,
    Diagnosis,
    Doubtful,
    Overlap,
    Scarce,
    Shown,
    Unpredicted,
)
from modelfleet.training.evidence import Example, TrainingSet, read_training_set
from modelfleet.training.fitting import Data, encoded

MOST_EXAMPLES = 20_000
"""The newest examples that are looked at; more would take minutes."""
MOST_FOUND = 200
"""Of each kind of finding."""

_ENOUGH = 20
"""Examples of a label from which on it is known by them more than by its own texts."""
_PACE_DAYS = 90
_FOLDS = 3
_SHOWN = 3
_FEWEST_CONFUSED, _LEAST_SHARE = 3, 0.05

_WORD = re.compile(r"[^\W\d_]+|\d+")


class Doctor:
    """Examines tasks; costs a few trainings of each."""

    def __init__(self, log: EventLog, encoders: Encoders, recipe: Recipe) -> None:
        self._log = log
        self._encoders = encoders
        self._recipe = recipe

    def examine(self, tenant: str, task: str) -> Diagnosis:
        """What is wrong with a task's examples and labels, as of now."""
        known = read_training_set(self._log, tenant, task)
        encoder = self._encoders.remembering(self._recipe.learning.encoder)
        return diagnose(known, self._recipe, encoder)


class Seen(msgspec.Struct, frozen=True, eq=False):
    """Labelled examples, and what models say of them that hadn't seen them or their like.

    Attributes:
        examples: n of them, in time order.
        labels: L names.
        targets: ``(n,)``, the column that people gave.
        probabilities: ``(n, L)``.
    """

    examples: Sequence[Example]
    labels: tuple[str, ...]
    targets: NDArray[np.intp]
    probabilities: NDArray[np.float64]

    @property
    def best(self) -> NDArray[np.intp]:
        """``(n,)``, the column that models would decide."""
        found: NDArray[np.intp] = self.probabilities.argmax(axis=1)
        return found


def diagnose(known: TrainingSet, recipe: Recipe, encoder: Encoder) -> Diagnosis:
    """What is wrong with a training set's examples and labels.

    Args:
        known: what the log adds up to.
        recipe: how models are made.
        encoder: makes features of texts.
    """
    newest = msgspec.structs.replace(known, examples=known.examples[-MOST_EXAMPLES:])
    if not any(example.label is not None for example in newest.examples):
        return Diagnosis(0, None, scarce=_scarce([], known), resting=known.resting)
    seen = _cross_fitted(encoded(newest, recipe, encoder))
    return Diagnosis(
        examples=len(seen.examples),
        accuracy=float((seen.best == seen.targets).mean()),
        doubtful=_doubtful(seen),
        overlaps=_overlaps(seen),
        scarce=_scarce(seen.examples, known),
        contradictions=_contradictions(seen.examples),
        unpredicted=_unpredicted(seen),
        resting=known.resting,
    )


def words_of(text: str) -> str:
    """What two texts have in common that say the same: their words, in any order.

    Case, accents' encoding, punctuation and repetition don't matter, nor which numbers there are.
    A text without words is itself.
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    words = {"0" if word.isdigit() else word for word in _WORD.findall(plain)}
    return " ".join(sorted(words)) or plain.strip()


def _cross_fitted(data: Data) -> Seen:
    """Each third of the examples by a model of the others; what says the same stays together."""
    fold = _folds(data)
    scores = np.zeros((len(data.labelled), len(data.labels)), np.float32)
    for number in np.unique(fold):
        held_out = fold == number
        scores[held_out] = data.unseen(held_out)
    temperature = calibration.temperature(scores, data.targets)
    probabilities = calibration.probabilities(scores, temperature)
    return Seen(data.labelled, data.labels, data.targets, probabilities)


def _folds(data: Data) -> NDArray[np.int64]:
    """Which third each example is in: by its words; those of a label that has no others, in turn.

    Else no model that judges such a label would have seen any of it.
    """
    fold = np.array([crc32(words_of(e.text).encode()) for e in data.labelled], np.int64) % _FOLDS
    for column in range(len(data.labels)):
        rows = np.flatnonzero(data.targets == column)
        if len(np.unique(fold[rows])) == 1:
            fold[rows] = np.arange(len(rows)) % _FOLDS
    return fold


def _doubtful(seen: Seen) -> tuple[Doubtful, ...]:
    rows = doubtful(seen.probabilities, seen.targets)[:MOST_FOUND]
    return tuple(
        Doubtful(
            _shown(seen.examples[row]),
            likely=seen.labels[best],
            probability=round(float(seen.probabilities[row, best]), 6),
            given_probability=round(float(seen.probabilities[row, seen.targets[row]]), 6),
        )
        for row, best in zip(rows.tolist(), seen.best[rows].tolist(), strict=True)
    )


def _overlaps(seen: Seen) -> tuple[Overlap, ...]:
    """The pairs of labels of whose examples the largest shares go to the other one."""
    counts = np.bincount(seen.targets, minlength=len(seen.labels))
    pairs = Counter(
        (min(pair), max(pair))
        for pair in zip(seen.targets.tolist(), seen.best.tolist(), strict=True)
        if pair[0] != pair[1]
    )
    found = [
        _overlap(seen, pair, confused, int(counts[list(pair)].sum()))
        for pair, confused in sorted(pairs.items())
        if confused >= max(_FEWEST_CONFUSED, _LEAST_SHARE * counts[list(pair)].sum())
    ]
    return tuple(sorted(found, key=lambda one: -one.share)[:MOST_FOUND])


def _overlap(seen: Seen, pair: tuple[int, int], confused: int, examples: int) -> Overlap:
    first, second = pair
    there = (seen.targets == first) & (seen.best == second)
    back = (seen.targets == second) & (seen.best == first)
    rows = np.flatnonzero(there | back)
    clearest = rows[np.argsort(-seen.probabilities[rows, seen.best[rows]], kind="stable")]
    shown = tuple(_shown(seen.examples[row]) for row in clearest[:_SHOWN].tolist())
    return Overlap(seen.labels[first], seen.labels[second], confused, examples, shown)


def _scarce(examples: Sequence[Example], known: TrainingSet) -> tuple[Scarce, ...]:
    counts = Counter(example.label for example in examples)
    newest = max((example.time for example in examples), default=0)
    since = newest - _PACE_DAYS * DAY
    recent = Counter(example.label for example in examples if example.time > since)
    began = min((example.time for example in examples if example.time > since), default=newest)
    span = max(newest - began, DAY)
    found = []
    for name in (label.label for label in known.labels):
        missing = _ENOUGH - counts[name]
        if missing > 0:
            by = newest + round(missing * span / recent[name]) if recent[name] else None
            found.append(Scarce(name, counts[name], missing, by))
    return tuple(sorted(found, key=lambda one: -one.missing)[:MOST_FOUND])


def _contradictions(examples: Sequence[Example]) -> tuple[Contradiction, ...]:
    """Examples of the same words with different labels; those said most often first."""
    alike: dict[str, list[Example]] = {}
    for example in examples:
        alike.setdefault(words_of(example.text), []).append(example)
    found = []
    for same in alike.values():
        labels = Counter(str(example.label) for example in same)
        if len(labels) > 1:
            one_each = {example.label: example for example in same}
            shown = tuple(_shown(one) for one in list(one_each.values())[:_SHOWN])
            found.append(Contradiction(dict(sorted(labels.items())), shown))
    return tuple(sorted(found, key=lambda one: -sum(one.labels.values()))[:MOST_FOUND])


def _unpredicted(seen: Seen) -> tuple[Unpredicted, ...]:
    given = np.bincount(seen.targets, minlength=len(seen.labels))
    predicted = np.bincount(seen.best, minlength=len(seen.labels))
    never = np.flatnonzero((given > 0) & (predicted == 0)).tolist()
    found = [Unpredicted(seen.labels[column], int(given[column])) for column in never]
    return tuple(sorted(found, key=lambda one: -one.examples)[:MOST_FOUND])


def _shown(example: Example) -> Shown:
    return Shown(example.key, example.text, str(example.label))
