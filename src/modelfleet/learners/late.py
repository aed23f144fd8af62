"""Labels that came after a training: known by where their texts lie, next to those of other labels.

A model says nothing about a label that it never saw, and corrections alone move one too little to
overtake a hundred others. So such a label has a score of its own: how far a text lies in the
direction in which the label's texts differ from all others (a nearest class mean, Mensink et al.
2013), less what a label must reach, in the measure of what the model gives its best labels.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.learners.products import each_times
from modelfleet.learners.recommended import LATE_LEAST, LATE_STRENGTH, USUAL_LEAD

_TINY = 1e-9


class LateLabels(msgspec.Struct, frozen=True, eq=False):
    """M such labels; a value.

    Attributes:
        usual: float32 ``(D,)``, where texts lie usually: the mean of the known labels' means;
            ``(0,)`` if nothing is known of them.
        lead: how far the model's best label usually leads the mean of all, in scores.
        differences: float32 ``(M, D)``, sums over each label's texts of how they differ from the
            usual; zeros of a label that nothing is known of.
    """

    usual: NDArray[np.float32]
    lead: float
    differences: NDArray[np.float32]

    @classmethod
    def none(cls) -> "LateLabels":
        """No such label yet, next to a model of which nothing else is known."""
        return cls(np.zeros(0, np.float32), USUAL_LEAD, np.zeros((0, 0), np.float32))

    @classmethod
    def beside(cls, means: NDArray[np.floating], lead: float) -> "LateLabels":
        """No such label yet, next to a model that knows some.

        Args:
            means: ``(L, D)``, of the embeddings of each known label's texts.
            lead: how far the best label usually leads; one that isn't positive isn't known.
        """
        if not len(means):
            return cls.none()
        usual = means.astype(np.float32).mean(axis=0)
        nothing = np.zeros((0, usual.size), np.float32)
        return cls(usual, lead if lead > 0 else USUAL_LEAD, nothing)

    def scores(self, dense: NDArray[np.float32]) -> NDArray[np.float32]:
        """What each label gets beyond the mean of the model's scores: float32 ``(n, M)``.

        Args:
            dense: ``(n, D)``, embeddings of requests.
        """
        if not self.differences.size:
            return np.zeros((len(dense), len(self.differences)), np.float32)
        lengths = np.sqrt((self.differences**2).sum(axis=1))
        strengths = np.where(lengths > _TINY, LATE_STRENGTH * self.lead, 0).astype(np.float32)
        factors = strengths / np.maximum(lengths, np.float32(_TINY))
        weights = self.differences * factors[:, None]
        start = strengths * np.float32(LATE_LEAST)
        if self.usual.size:
            start = start + weights @ self.usual
        return each_times(dense, np.ascontiguousarray(weights.T)) - start

    def with_one_more(self) -> "LateLabels":
        """With a further label, of which nothing is known."""
        differences = np.pad(self.differences, ((0, 1), (0, 0)))
        return LateLabels(self.usual, self.lead, differences)

    def taught(self, place: int, dense: NDArray[np.float32]) -> "LateLabels":
        """After a text of embedding ``dense`` was given to the label at ``place``."""
        difference = dense - self.usual if self.usual.size else dense
        differences = np.zeros((len(self.differences), dense.size), np.float32)
        differences[:, : self.differences.shape[1]] = self.differences
        differences[place] += difference
        return LateLabels(self.usual, self.lead, differences)
