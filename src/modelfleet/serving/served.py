"""One task's model as it answers now: a checkpoint, or label texts, plus the tail of the log."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.learners import Model, Overlay, calibration
from modelfleet.learners.mira import NO_LABEL
from modelfleet.learners.novelty import Novelty
from modelfleet.learners.operating import WHOLE_TASK
from modelfleet.serving.aiming import Aiming
from modelfleet.text import Encoder, Features
from modelfleet.training import PinnedExample

Reason = Literal["below_threshold", "no_label_fits", "no_labels"]
"""Why nothing was decided: the best label isn't sure enough, none seems to fit, or none exists."""

BELOW_THRESHOLD: Reason = "below_threshold"
NO_LABEL_FITS: Reason = "no_label_fits"
NO_LABELS: Reason = "no_labels"


_OBJECT_BYTES = 7_000  # around the arrays: objects, and what the allocator loses between them
_VERDICT_BYTES = 150
_PINNED_BYTES = 1_000


class Scored(msgspec.Struct, frozen=True):
    """Labels with their probabilities, the most probable first."""

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


class ServedModel(msgspec.Struct, frozen=True, eq=False):
    """A value: a server swaps one for the next, and requests in flight finish on the old one.

    Attributes:
        version: of the checkpoint; None while the task answers from its labels' texts.
        wanted: the live version; another than ``version`` only if that one can't be served.
        encoder: makes the features of requests that the model wants.
        base: the checkpoint's model, or prototypes.
        overlay: corrections since.
        active: the labels that may be predicted, in order; each one of the overlay's.
        columns: where these stand among the scores.
        temperature: divides scores.
        novelty: tells requests that no label fits; None of a version that can't.
        aiming: from which probability on it decides.
        applied: up to where in the log it knows the task's events; 0 of a task that nobody named.
        learned: a place in the log behind which none of these events is one that a training reads.
        pinned: the examples that are pinned, by their texts.
        aliases: the versions of the task that have a part, by its name.
        canary_share: of the requests, for the canary.
        audit_share: of the decisions, that alerts want people to look at.
        trouble: what is wrong with the live version, if another stands in for it.
        file_bytes: of the version's file, in which its arrays lie.
    """

    version: str | None
    wanted: str | None
    encoder: Encoder
    base: Model
    overlay: Overlay
    active: tuple[str, ...]
    columns: NDArray[np.intp]
    temperature: float
    novelty: Novelty | None
    aiming: Aiming
    applied: int
    learned: int = 0
    pinned: Mapping[str, Sequence[PinnedExample]] = {}
    aliases: Mapping[str, str] = {}
    canary_share: float = 0.0
    audit_share: float = 0.0
    trouble: str = ""
    file_bytes: int = 0

    def pinned_label(self, text: str, metadata: Mapping[str, Any]) -> str | None:
        """Where people say that this very request must go; None if they don't."""
        for one in reversed(self.pinned.get(text, ())):
            if one.label in self.active and one.holds_for(metadata):
                return one.label
        return None

    def judged(
        self,
        texts: Sequence[str],
        metadata: Sequence[Mapping[str, Any]],
        features: Sequence[Features],
        most: int = 2**31,
    ) -> list[Judged]:
        """What to answer to each request; only labels that are active now take part.

        A request gets the same answer alone as in any batch, to the last bit.

        Args:
            texts: of n requests.
            metadata: of each.
            features: of each with its metadata.
            most: candidates that are wanted.
        """
        if not self.active:
            nothing = Judged(None, (), self.aiming.threshold(WHOLE_TASK), NO_LABELS)
            return [nothing] * len(features)
        judged = self._weighed(features, most) if features else []
        if not self.pinned:
            return judged
        labels = map(self.pinned_label, texts, metadata)
        return [
            one if label is None else self._by_people(label)
            for label, one in zip(labels, judged, strict=True)
        ]

    def scored(self, features: Features, most: int = 2**31) -> tuple[Scored, ...]:
        """The probable labels for a request; only labels that are active now."""
        if not self.active:
            return ()
        (ranked,) = self._ranked(self._probabilities(self._scores([features])), most)
        return ranked

    def taught(self, features: Features, label: str | None) -> "ServedModel":
        """After a person gave a request this label, or said that none fits."""
        if label is None:
            overlay = self.overlay.refused(features)
            novelty = self.novelty and self.novelty.refusing(features)
        else:
            overlay = self.overlay.corrected(features, label, self.base.scores([features])[0])
            novelty = self.novelty and self.novelty.taught(features)
        return msgspec.structs.replace(self, overlay=overlay, novelty=novelty)

    def _by_people(self, label: str) -> Judged:
        return Judged(label, (Scored(label, 1.0),), self.aiming.threshold(label))

    def _scores(self, features: Sequence[Features]) -> NDArray[np.float32]:
        return self.overlay.total(features, self.base.scores(features))[:, self.columns]

    def _probabilities(self, scores: NDArray[np.float32]) -> NDArray[np.float64]:
        return calibration.probabilities(scores, self.temperature)

    def _ranked(self, probabilities: NDArray[np.float64], most: int) -> list[tuple[Scored, ...]]:
        """The best labels of each request."""
        order = np.argsort(-probabilities, axis=1, kind="stable")[:, :most]
        return [
            tuple([Scored(self.active[place], row[place]) for place in best])
            for row, best in zip(probabilities.tolist(), order.tolist(), strict=True)
        ]

    def _weighed(self, features: Sequence[Features], most: int) -> list[Judged]:
        """Whether to answer each request with its best candidate."""
        scores = self._scores(features)
        candidates = self._ranked(self._probabilities(scores), most)
        fits = self._fits(features, candidates, list(map(max, scores.tolist())))
        return list(map(self._outcome, candidates, fits, map(self.overlay.verdict, features)))

    def _fits(
        self,
        features: Sequence[Features],
        candidates: Sequence[tuple[Scored, ...]],
        scores: Sequence[float],
    ) -> Sequence[float | None]:
        """How well the best candidate fits each request, by the score that it has."""
        if self.novelty is None:
            return [None] * len(features)
        energy = [
            score - self.temperature * math.log(best[0].probability)
            for score, best in zip(scores, candidates, strict=True)
        ]
        return self.novelty.fit(features, energy)

    def _outcome(
        self, candidates: tuple[Scored, ...], fit: float | None, verdict: str | None
    ) -> Judged:
        """What to answer, by what people said last of this very request, if they did."""
        best = candidates[0]
        threshold = self.aiming.threshold(best.label)
        if verdict is not None or best.label not in self.base.labels:
            # A label that came after the training has scores that can't be compared with others'.
            fit = None
        if verdict == NO_LABEL or (fit is not None and fit < 0):
            return Judged(None, candidates, threshold, NO_LABEL_FITS, fit)
        if best.probability < threshold:
            return Judged(None, candidates, threshold, BELOW_THRESHOLD, fit)
        return Judged(best.label, candidates, threshold, None, fit)

    @property
    def is_stand_in(self) -> bool:
        """Whether it answers in place of a live version that can't be served."""
        return self.version != self.wanted

    @property
    def nbytes(self) -> int:
        """Bytes that it takes in memory: its arrays, and the objects around them.

        What objects take was measured (see `benchmarks/many_models.py`): what a process grows by
        when it loads thousands of models, less their arrays.
        """
        arrays = self.file_bytes or self.base.nbytes + self.aiming.curve.nbytes
        if self.novelty is not None:
            both = (self.novelty.centres, self.novelty.refused)
            arrays += sum(array.nbytes for array in both if array.flags.owndata)
        overlay = self.overlay.weights.nbytes + _VERDICT_BYTES * len(self.overlay.verdicts)
        pinned = sum(_PINNED_BYTES + 2 * len(text) for text in self.pinned)
        return _OBJECT_BYTES + arrays + overlay + pinned
