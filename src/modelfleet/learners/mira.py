"""Learning from one correction at once: k-best MIRA, as an overlay over a batch model.

A correction finds the smallest change of the weights after which the right label leads each of
the strongest rivals by a margin (Crammer & Singer 2003; McDonald, Crammer & Pereira 2005), with a
clipped step, so that one label's corrections can't drown the others. What the clip leaves undone
for this very text is kept as a verdict about it alone.
"""

from collections.abc import Mapping
from zlib import crc32

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.learners.recommended import MIRA_CLIP, MIRA_MARGIN, MIRA_RIVALS
from modelfleet.text import DIMENSION, Features

Scores = NDArray[np.float32]

SKETCH = 2048
"""Buckets that the sparse features are folded into (Weinberger et al. 2009); a power of two."""

_LEAD = np.float32(1e-3)
_FADE = 10.0
"""Corrections of one label after which its next one may move it half as far."""


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

    Its size doesn't grow with corrections, but for a few bytes per verdict.

    Attributes:
        labels: the model's labels in its order, then labels that came by corrections.
        weights: float32 ``(L, 256 + SKETCH)``.
        verdicts: the label that a text was last given, by the fingerprint of its features.
        """

    labels: tuple[str, ...]
    weights: NDArray[np.float32]
    counts: NDArray[np.int64]
    verdicts: Mapping[int, str]

    @property
    def corrections(self) -> int:
        """How many corrections were applied."""
        return int(self.counts.sum())

    @classmethod
    def over(cls, labels: tuple[str, ...]) -> "Overlay":
        """The overlay that changes nothing, over a model of these labels."""
        weights = np.zeros((len(labels), DIMENSION + SKETCH), np.float32)
        return cls(labels, weights, np.zeros(len(labels), np.int64), {})

    def scores(self, features: Features) -> Scores:
        """What the corrections add to each label's score: float32 ``(L,)``, without verdicts."""
        return self.weights @ _folded(features)

    def total(self, features: Features, base_scores: Scores) -> Scores:
        """The scores of model and corrections together: float32 ``(L,)``.

        Args:
            features: of the request.
            base_scores: what the model gives its own labels, the first of ``labels``. A label
                that the model lacks stands at the mean of those.
        """
        total = self._padded(base_scores)
        if self.verdicts:
            total += self.scores(features)
            verdict = self.verdict(features)
            if verdict is not None:
                _lead(total, self.labels.index(verdict))
        return total

    def verdict(self, features: Features) -> str | None:
        """The label that this very text was last given, None if it never was."""
        return self.verdicts.get(_fingerprint(features)) if self.verdicts else None

    def corrected(
        self,
        features: Features,
        target: str,
        base_scores: Scores,
        step: Step = DEFAULT_STEP,
    ) -> "Overlay":
        """The overlay after a person gave ``features`` the label ``target``."""
        known = self if target in self.labels else self.with_label(target)
        column = known.labels.index(target)
        folded = _folded(features)
        now = known._padded(base_scores) + known.weights @ folded  # noqa: SLF001 - the same class
        moves = correct(now, column, float(folded @ folded), known._faded(step, column))  # noqa: SLF001
        moved = np.flatnonzero(moves)
        weights, counts = known.weights.copy(), known.counts.copy()
        weights[moved] += moves[moved, None] * folded
        counts[column] += 1
        verdicts = {**known.verdicts, _fingerprint(features): target}
        return Overlay(known.labels, weights, counts, verdicts)

    def _faded(self, step: Step, column: int) -> Step:
        """The step with a clip that shrinks as the label collects corrections.

        What a label gains by its first n corrections grows with the logarithm of n, so however
        often people choose it, it doesn't drown the others before the next batch training.
        """
        fading = _FADE / (_FADE + float(self.counts[column]))
        return Step(step.margin, step.clip * fading, step.rivals)

    def _padded(self, base_scores: Scores) -> Scores:
        missing = len(self.labels) - len(base_scores)
        middle = base_scores.mean() if len(base_scores) else np.float32(0)
        return np.concatenate([base_scores, np.full(missing, middle, np.float32)])

    def with_label(self, label: str) -> "Overlay":
        """The overlay that also knows ``label``, of which nothing was learned yet."""
        row = np.zeros((1, self.weights.shape[1]), np.float32)
        return Overlay(
            (*self.labels, label),
            np.concatenate([self.weights, row]),
            np.append(self.counts, 0),
            self.verdicts,
        )


def _folded(features: Features) -> NDArray[np.float32]:
    """Both blocks as one vector: the sparse one folded, each hash with a sign of its own."""
    folded = np.empty(DIMENSION + SKETCH, np.float32)
    folded[:DIMENSION] = features.dense
    buckets = features.keys >> np.uint32(2) & np.uint32(SKETCH - 1)
    signs = features.keys >> np.uint32(31)
    signed = np.where(signs, features.values, -features.values)
    folded[DIMENSION:] = np.bincount(buckets, signed, SKETCH)
    return folded


def _fingerprint(features: Features) -> int:
    """A number that tells one request's features from another's."""
    return crc32(features.dense.tobytes(), crc32(features.keys.tobytes())) << 32 | crc32(
        features.keys.tobytes(), 1
    )


def _lead(scores: Scores, column: int) -> None:
    """Lets ``column`` lead all others, if it doesn't; in place."""
    others = np.delete(scores, column)
    if others.size:
        scores[column] = max(scores[column], others.max() + _LEAD)
