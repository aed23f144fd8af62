"""Learning from one correction at once: k-best MIRA, as an overlay over a batch model.

A correction finds the smallest change of the weights after which the right label leads each of
the strongest rivals by a margin (Crammer & Singer 2003; McDonald, Crammer & Pereira 2005), with a
clipped step, so that one label's corrections can't drown the others. What the clip leaves undone
for this very text is kept as a verdict about it alone.
"""

from collections.abc import Mapping, Sequence
from zlib import crc32

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.learners.late import LateLabels
from modelfleet.learners.lately import Lately
from modelfleet.learners.products import each_times
from modelfleet.learners.recommended import MIRA_CLIP, MIRA_MARGIN, MIRA_RIVALS
from modelfleet.text import Features
from modelfleet.text.features import dense_rows, joined

Scores = NDArray[np.float32]

SKETCH = 2048
"""Buckets that the sparse features are folded into (Weinberger et al. 2009); a power of two."""

_LEAD = 5.0
"""Log odds at which a verdict's label stands against all others together: 99.3%."""

_TINY = 1e-6
_FADE = 10.0
"""Corrections of one label after which its next one may move it half as far."""


NO_LABEL = ""
"""The verdict that no label fits a text."""


class Step(msgspec.Struct, frozen=True):
    """How far a correction means to move."""

    margin: float = MIRA_MARGIN
    clip: float = MIRA_CLIP
    rivals: int = MIRA_RIVALS


DEFAULT_STEP = Step()


def correct(scores: Scores, target: int, square_norm: float, step: Step = DEFAULT_STEP) -> Scores:
    """How much of an example to add to each label's weights: float32 ``(L,)``, adding up to zero.

    Args:
        scores: ``(L,)``, of the example as of now.
        target: column of the right label.
        square_norm: squared norm of the example's features, positive.
        step: margin wanted, largest share of the example that a label may get, rivals looked at.
    """
    moves = np.zeros(len(scores), np.float32)
    shortfalls = (scores.astype(np.float64) - float(scores[target]) + step.margin) / square_norm
    shortfalls[target] = -np.inf
    rivals = np.argsort(-shortfalls, kind="stable")[: step.rivals]
    rivals = rivals[shortfalls[rivals] > 0]
    if rivals.size == 0:
        return moves
    # Each rival loses what it falls short by beyond the target's own gain; the gain is their sum.
    gains = np.cumsum(shortfalls[rivals]) / np.arange(2, rivals.size + 2)
    active = int(np.flatnonzero(shortfalls[rivals] > gains)[-1])
    losses = np.maximum(shortfalls[rivals] - gains[active], 0)
    losses *= min(1.0, step.clip / losses.sum())
    moves[rivals] = -losses
    moves[target] = losses.sum()
    return moves


class Overlay(msgspec.Struct, frozen=True, eq=False):
    """What was learned since a model was trained; a value, so readers never see half a change.

    Its size grows with the labels that corrections touched, not with corrections, but for a few
    bytes per verdict; an overlay that changes nothing has no weights.

    Attributes:
        labels: the model's labels in its order, then labels that came by corrections.
        touched: ``(T,)``, the columns that corrections moved, in the order of their first move.
        weights: float32 ``(T, D + SKETCH)``; ``(0, 0)`` before the first correction.
        counts: int64 ``(L,)``, how many corrections each label was the target of.
        verdicts: the label that a text was last given, by the fingerprint of its features.
        late: what is known of the last of ``labels``, which the model lacks.
        lately: which labels people give more often than usually.
    """

    labels: tuple[str, ...]
    touched: NDArray[np.intp]
    weights: NDArray[np.float32]
    counts: NDArray[np.int64]
    verdicts: Mapping[int, str]
    late: LateLabels
    lately: Lately

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays that grow."""
        return self.weights.nbytes + self.late.differences.nbytes

    @property
    def corrections(self) -> int:
        """How many corrections were applied."""
        return int(self.counts.sum())

    @classmethod
    def over(
        cls,
        labels: tuple[str, ...],
        late: LateLabels | None = None,
        lately: Lately | None = None,
    ) -> "Overlay":
        """The overlay without a correction, over a model of these labels.

        Args:
            labels: of the model.
            late: what labels that come later are to be known by.
            lately: which labels people gave last, before the first correction.
        """
        return cls(
            labels,
            np.zeros(0, np.intp),
            np.zeros((0, 0), np.float32),
            np.zeros(len(labels), np.int64),
            {},
            late or LateLabels.none(),
            lately or Lately.nothing(),
        )

    def scores(self, features: Sequence[Features]) -> Scores:
        """What the corrections add to each label's score: float32 ``(n, L)``, without verdicts."""
        return self._scores(_folded(features))

    def total(self, features: Sequence[Features], base_scores: Scores) -> Scores:
        """The scores of model and corrections together: float32 ``(n, L)``.

        Args:
            features: of n requests.
            base_scores: what the model gives its own labels, the first of ``labels``. A label
                that the model lacks stands at the mean of those until it has a text.
        """
        total = self._padded(base_scores, features)
        if self.touched.size and len(features):
            total += self.scores(features)
        if self.lately.strength:
            total[:, : len(self.lately.usual)] += self.lately.shift
        for row, one in enumerate(features if self.verdicts else ()):
            verdict = self.verdict(one)
            if verdict:
                _lead(total[row], self.labels.index(verdict))
        return total

    def verdict(self, features: Features) -> str | None:
        """The label that this very text was last given, or NO_LABEL; None if nothing was said."""
        return self.verdicts.get(_fingerprint(features)) if self.verdicts else None

    def corrected(
        self,
        features: Features,
        target: str,
        base_scores: Scores,
        step: Step = DEFAULT_STEP,
    ) -> "Overlay":
        """The overlay after a person gave ``features`` the label ``target``.

        Args:
            features: of the request.
            target: the label that is right.
            base_scores: what the model gives its own labels for it, ``(L,)``.
            step: how far to move.
        """
        known = self if target in self.labels else self.with_label(target)
        column = known.labels.index(target)
        (folded,) = _folded([features])
        now = (known._padded(base_scores[None], [features]) + known._scores(folded[None]))[0]  # noqa: SLF001 - the same class
        square_norm = max(float(folded @ folded), _TINY)
        moves = correct(now, column, square_norm, known._faded(step, column))  # noqa: SLF001
        counts = known.counts.copy()
        counts[column] += 1
        verdicts = {**known.verdicts, _fingerprint(features): target}
        touched, weights = known._moved(moves, folded)  # noqa: SLF001
        late, place = known.late, column - base_scores.shape[-1]
        late = late.taught(place, features.dense) if place >= 0 else late
        return Overlay(known.labels, touched, weights, counts, verdicts, late, known.lately)

    def heard(self, label: str) -> "Overlay":
        """The overlay after a person gave some request a label that it knows."""
        return msgspec.structs.replace(self, lately=self.lately.after(self.labels.index(label)))

    def refused(self, features: Features) -> "Overlay":
        """The overlay after a person said that no label fits ``features``."""
        verdicts = {**self.verdicts, _fingerprint(features): NO_LABEL}
        return msgspec.structs.replace(self, verdicts=verdicts)

    def with_label(self, label: str) -> "Overlay":
        """The overlay that also knows ``label``, of which nothing was learned yet."""
        labels, counts = (*self.labels, label), np.append(self.counts, 0)
        late = self.late.with_one_more()
        return msgspec.structs.replace(self, labels=labels, counts=counts, late=late)

    def _scores(self, folded: NDArray[np.float32]) -> Scores:
        scores = np.zeros((len(folded), len(self.labels)), np.float32)
        if self.touched.size:
            scores[:, self.touched] = each_times(folded, self.weights.T)
        return scores

    def _moved(
        self, moves: Scores, folded: NDArray[np.float32]
    ) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """Touched columns and their weights after each column moved along ``folded``."""
        moving = np.flatnonzero(moves)
        new = np.setdiff1d(moving, self.touched)
        touched = np.concatenate([self.touched, new])
        weights = np.zeros((touched.size, folded.size), np.float32)
        weights[: len(self.touched), : self.weights.shape[1]] = self.weights
        rows = np.flatnonzero(np.isin(touched, moving))
        weights[rows] += moves[touched[rows], None] * folded
        return touched, weights

    def _faded(self, step: Step, column: int) -> Step:
        """The step with a clip that shrinks as the label collects corrections.

        What a label gains by its first n corrections grows with the logarithm of n, so however
        often people choose it, it doesn't drown the others before the next batch training.
        """
        fading = _FADE / (_FADE + float(self.counts[column]))
        return Step(step.margin, step.clip * fading, step.rivals)

    def _padded(self, base_scores: Scores, features: Sequence[Features]) -> Scores:
        """The model's scores ``(n, L)``, and those that later labels have by their texts."""
        if len(self.labels) == base_scores.shape[1] or not len(features):
            return base_scores.copy()
        middle = base_scores.sum(axis=1, keepdims=True) / np.float32(max(1, base_scores.shape[1]))
        late = middle + self.late.scores(dense_rows(features))
        return np.concatenate([base_scores, late], axis=1)


def _folded(features: Sequence[Features]) -> NDArray[np.float32]:
    """Both blocks as one row: the sparse one folded, each hash with a sign of its own."""
    count, dense = len(features), dense_rows(features)
    keys, values = joined(features)
    buckets = (keys >> np.uint32(2) & np.uint32(SKETCH - 1)).astype(np.intp)
    buckets += np.repeat(np.arange(count) * SKETCH, [one.keys.size for one in features])
    signed = np.where(keys >> np.uint32(31), values, -values)
    sketches = np.bincount(buckets, signed, count * SKETCH).reshape(count, SKETCH)
    return np.concatenate([dense, sketches], axis=1, dtype=np.float32)


def _fingerprint(features: Features) -> int:
    """A number that tells one request's features from another's."""
    return crc32(features.dense.tobytes(), crc32(features.keys.tobytes())) << 32 | crc32(
        features.keys.tobytes(), 1
    )


def _lead(scores: Scores, column: int) -> None:
    """Lets ``column`` lead all others together, if it doesn't; in place."""
    others = np.delete(scores, column)
    if others.size:
        top = others.max()
        together = top + np.log(np.exp(others - top).sum())
        scores[column] = max(scores[column], together + np.float32(_LEAD))
