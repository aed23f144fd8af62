"""What answers are worth: accuracy, calibration, refusals, and coverage at a precision."""

from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Numbers = NDArray[np.float64]

_BINS = 15
BEST = 3
"""Labels that an answer offers."""


class Answer(msgspec.Struct, frozen=True):
    """What was answered to one text.

    Attributes:
        best: the most probable labels, at most `BEST`; empty if there was no model.
        confidence: in the first of them; a probability where the learner has such.
        fit: how well the text fits the labels at all; more is better.
        decided: the label that was decided, None if the platform abstained.
    """

    best: tuple[str, ...]
    confidence: float
    fit: float
    decided: str | None = None


Ask = Callable[[Sequence[str]], list[Answer]]
"""A model: texts to answers."""

Peer = Callable[[Sequence["tuple[str, str]"]], Ask]
"""A learner: labelled texts to a model."""


def ranked(scores: Numbers, labels: Sequence[str]) -> list[Answer]:
    """The answers that scores ``(n, L)`` mean; the best score is confidence and fit."""
    order = np.argsort(-scores, axis=1, kind="stable")[:, :BEST]
    return [
        Answer(tuple(labels[place] for place in places), float(row.max()), float(row.max()))
        for places, row in zip(order.tolist(), scores, strict=True)
    ]


def right(answers: Sequence[Answer], labels: Sequence[str]) -> NDArray[np.bool_]:
    """Whether the best label of each answer is the right one."""
    pairs = zip(answers, labels, strict=True)
    return np.array([answer.best[:1] == (label,) for answer, label in pairs], bool)


def calibration_error(answers: Sequence[Answer], correct: NDArray[np.bool_]) -> float:
    """Expected calibration error (Guo et al. 2017) over 15 bins of equal width."""
    confidence = np.array([answer.confidence for answer in answers])
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    gaps = np.bincount(bins, confidence - correct, _BINS)
    return float(np.abs(gaps).sum() / len(answers))


def ranking_quality(inside: Numbers, outside: Numbers) -> float:
    """AUROC: how often one from inside fits better than one from outside; ties count half."""
    ranks = rankdata(np.concatenate([inside, outside]))[: len(inside)]
    above = ranks.sum() - len(inside) * (len(inside) + 1) / 2
    return float(above / (len(inside) * len(outside)))


def fits(answers: Sequence[Answer]) -> Numbers:
    """How well each text fits."""
    return np.array([answer.fit for answer in answers])


def best_coverage(answers: Sequence[Answer], correct: NDArray[np.bool_], wanted: float) -> float:
    """The largest share that one threshold could have decided at the wanted precision."""
    confidence = np.array([answer.confidence for answer in answers])
    order = np.argsort(-confidence, kind="stable")
    precision = np.cumsum(correct[order]) / np.arange(1, len(order) + 1)
    ends = np.append(np.diff(confidence[order]) != 0, True)
    good = np.flatnonzero((precision >= wanted) & ends)
    return float(good[-1] + 1) / len(order) if good.size else 0.0
