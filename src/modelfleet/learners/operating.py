"""The operating point: the confidence from which decisions keep the precision that was asked for.

It is solved from a curve, what a model said of requests that it hadn't seen. The curve is small and
stored with the model, so that another precision takes effect without another training.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

from modelfleet.learners.calibration import BINS
from modelfleet.learners.recommended import CERTAINTY, PRIOR_DECISIONS, PRIOR_TEMPERATURE

WHOLE_TASK = ""
"""The name under which a task's own target stands beside those of its labels."""

_ARRAYS = ("curve_confidence", "curve_correct", "curve_columns")

Targets = Mapping[str, float]
"""The precision that is wanted of decisions for a label, and of all others (`WHOLE_TASK`)."""


class Prior(msgspec.Struct, frozen=True):
    """What a recipe's other tasks have shown, in counts; nothing by default.

    Attributes:
        requests: held-out requests that were looked at.
        temperature: the one to expect.
        bins: of each twentieth of confidence, how many there were and how many were right.
    """

    requests: int = 0
    temperature: float = PRIOR_TEMPERATURE
    bins: tuple[tuple[int, int], ...] = ()


NO_PRIOR = Prior()


class Curve(msgspec.Struct, frozen=True, eq=False):
    """What would have been decided of n held-out requests.

    Attributes:
        confidence: float32 ``(n,)``, the probability; 0 if it would be refused whatever it is.
        correct: bool ``(n,)``, whether it would have been right.
        columns: integers ``(n,)``, which label; as small as they can be in a file.
    """

    confidence: NDArray[np.float32]
    correct: NDArray[np.bool_]
    columns: NDArray[np.integer]

    @classmethod
    def empty(cls) -> "Curve":
        """Of no requests."""
        return cls(np.zeros(0, np.float32), np.zeros(0, bool), np.zeros(0, np.int32))

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "Curve":
        """What `to_arrays` gave; empty from a file of the time before there was such a thing."""
        if not arrays.keys() >= set(_ARRAYS):
            return cls.empty()
        return cls(*(arrays[name] for name in _ARRAYS))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """As plain named arrays."""
        smallest = np.min_scalar_type(int(self.columns.max(initial=0)))
        values = (
            self.confidence.astype(np.float32),
            self.correct.astype(np.bool_),
            self.columns.astype(smallest),
        )
        return dict(zip(_ARRAYS, values, strict=True))

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return self.confidence.nbytes + self.correct.nbytes + self.columns.nbytes

    def of(self, chosen: NDArray[np.bool_]) -> "Curve":
        """The part that is chosen."""
        return Curve(self.confidence[chosen], self.correct[chosen], self.columns[chosen])

    def bins(self) -> NDArray[np.int64]:
        """Requests and right ones by twentieths of confidence: ``(20, 2)``."""
        place = np.minimum((self.confidence * BINS).astype(np.intp), BINS - 1)
        seen = np.bincount(place, minlength=BINS)
        return np.stack([seen, np.bincount(place[self.correct], minlength=BINS)], axis=1)

    def reliability(self) -> tuple[tuple[int, int], ...]:
        """The same in plain numbers; empty of no requests."""
        return tuple((seen, right) for seen, right in self.bins().tolist()) if len(self) else ()

    def __len__(self) -> int:
        """How many requests."""
        return len(self.confidence)


class Point(msgspec.Struct, frozen=True):
    """A threshold, and what it did on the held-out requests.

    Attributes:
        target: the precision that is wanted.
        threshold: the least confidence that is decided.
        certified: whether the task's own requests show that it keeps the target.
        coverage: share of the requests that it decides; None without any.
        precision: share of those that were right; None if it decides none.
    """

    target: float
    threshold: float
    certified: bool
    coverage: float | None
    precision: float | None


def solve(curve: Curve, labels: Sequence[str], targets: Targets, prior: Prior) -> dict[str, Point]:
    """The point of each target: of labels that have their own, and of the task's other decisions.

    Args:
        curve: of held-out requests.
        labels: the labels that the curve's columns stand for.
        targets: with one for `WHOLE_TASK`.
        prior: what the recipe's other tasks have shown.
    """
    columns = {label: column for column, label in enumerate(labels)}
    own = {label: columns.get(label, -1) for label in targets if label != WHOLE_TASK}
    points = {}
    for label, column in own.items():
        points[label] = point(curve.of(curve.columns == column), targets[label], prior)
    others = curve.of(~np.isin(curve.columns, list(own.values()))) if own else curve
    points[WHOLE_TASK] = point(others, targets[WHOLE_TASK], prior)
    return points


def point(curve: Curve, target: float, prior: Prior) -> Point:
    """The smallest confidence from which decisions are right as often as wanted.

    It is the smallest at which the lower bound of Clopper & Pearson (1934; one-sided, at the
    certainty of `recommended.CERTAINTY`) on the precision of all decisions that are at least as
    confident reaches ``target``; or ``target``, if that is less and no request lies between. Where
    none can be certified so, the least confidence is borrowed
    at which the bound holds for the recipe's other tasks and this one together; where that can't
    be either, probabilities are trusted, and it is ``target`` itself. What is borrowed or trusted
    is raised until the task's own requests don't contradict it.
    """
    order = np.argsort(-curve.confidence, kind="stable")
    confidence = curve.confidence[order].astype(np.float64)
    right = np.cumsum(curve.correct[order], dtype=np.int64)
    if target <= 0:
        found: float | None = 0.0
    else:
        found = _certified(confidence, right, target)
    threshold = found
    if threshold is None:
        least = _borrowed(curve, prior, target)
        threshold = _uncontradicted(confidence, right, target, least)
    decided = int(np.searchsorted(-confidence, -threshold, side="right"))
    return Point(
        target=target,
        threshold=threshold,
        certified=found is not None,
        coverage=decided / len(confidence) if len(confidence) else None,
        precision=float(right[decided - 1] / decided) if decided else None,
    )


def _certified(
    confidence: NDArray[np.float64], right: NDArray[np.int64], target: float
) -> float | None:
    """The least confidence that the falling confidences certify; None if none does."""
    # Equal confidences stand or fall together, so a set ends where the confidence changes. One of
    # zero is never decided.
    ends = np.append(confidence[1:] != confidence[:-1], True)[: len(confidence)] & (confidence > 0)
    sure = np.flatnonzero(ends & _is_shown(right, np.arange(1, len(right) + 1), target))
    if not sure.size:
        return None
    found, following = float(confidence[sure[-1]]), confidence[sure[-1] + 1 :]
    # Down to the target itself probabilities are trusted, unless a request speaks against it.
    least = min(found, target)
    return found if following.size and following[0] >= least else least


def _is_shown(
    right: NDArray[np.int64 | np.float64], decided: NDArray[np.int64 | np.float64], target: float
) -> NDArray[np.bool_]:
    """Whether the bound on precision reaches the target.

    It does where so many right ones, or more, would be a surprise if the precision were lower: the
    upper tail of the binomial distribution, as the incomplete beta function, which takes fractions.
    """
    some = np.maximum(right, 1)
    surprise = np.where(right >= 1, betainc(some, np.maximum(decided - some, 0) + 1, target), 1.0)
    return np.asarray(surprise <= 1 - CERTAINTY)


def _borrowed(curve: Curve, prior: Prior, target: float) -> float:
    """The least twentieth of confidence that all tasks together certify, or else the target.

    Each twentieth from there on must have kept the target by itself, since this task's requests may
    lie otherwise among them than those of the others.
    """
    if not prior.bins:
        return target
    worth = min(1.0, PRIOR_DECISIONS / max(1, prior.requests))
    counts = curve.bins() + np.asarray(prior.bins) * worth
    surest_first = counts[:0:-1]
    keep = (surest_first[:, 0] > 0) & (surest_first[:, 1] >= target * surest_first[:, 0])
    seen, right = np.cumsum(surest_first, axis=0).T
    shown = np.flatnonzero(np.logical_and.accumulate(keep) & _is_shown(right, seen, target))
    return float((BINS - 1 - shown[-1]) / BINS) if shown.size else target


def _uncontradicted(
    confidence: NDArray[np.float64], right: NDArray[np.int64], target: float, least: float
) -> float:
    """``least``, raised until the requests above it were right as often as wanted."""
    decided = np.arange(1, confidence.size + 1)
    above = int(np.searchsorted(-confidence, -least, side="right"))
    if above == 0 or right[above - 1] >= target * decided[above - 1]:
        return least
    # Precision so far, at the wrong decisions: start above the most confident wrong one that
    # brings it under the target.
    short = np.flatnonzero(right[:above] < target * decided[:above])
    return float(np.nextafter(np.float32(confidence[short[0]]), np.float32(2.0)))
