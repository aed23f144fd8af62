"""One task's model as it answers now: a checkpoint, or label texts, plus the tail of the log."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.learners import LinearModel, Overlay, calibration
from modelfleet.learners.mira import NO_LABEL
from modelfleet.text import Features


class Scored(msgspec.Struct, frozen=True):
    """Labels with their probabilities, the most probable first."""

    label: str
    probability: float


class ServedModel(msgspec.Struct, frozen=True, eq=False):
    """A value: a server swaps one for the next, and requests in flight finish on the old one.

    Attributes:
        version: of the checkpoint; None while the task answers from its labels' texts.
        wanted: the live version; another than ``version`` only if that one can't be served.
        base: the checkpoint's model, or prototypes.
        overlay: corrections since.
        active: the labels that may be predicted, in order; each one of the overlay's.
        columns: where these stand among the scores.
        temperature: divides scores.
        threshold: least probability that is decided.
        applied: sequence number of the last event of this task that it knows.
    """

    version: str | None
    wanted: str | None
    base: LinearModel
    overlay: Overlay
    active: tuple[str, ...]
    columns: NDArray[np.intp]
    temperature: float
    threshold: float
    applied: int

    def scored(self, features: Features, most: int = 2**31) -> list[Scored]:
        """The probable labels for a request; only labels that are active now."""
        scores = self.overlay.total(features, self.base.scores(features))
        if not self.active:
            return []
        probabilities = calibration.probabilities(scores[self.columns], self.temperature)
        order = np.argsort(-probabilities, kind="stable")[:most]
        return [Scored(self.active[i], float(probabilities[i])) for i in order]

    @property
    def is_stand_in(self) -> bool:
        """Whether it answers in place of a live version that can't be served."""
        return self.version != self.wanted

    def refuses(self, features: Features) -> bool:
        """Whether a person said of this very text that no label fits."""
        return self.overlay.verdict(features) == NO_LABEL

    @property
    def nbytes(self) -> int:
        """Bytes of its arrays."""
        return self.base.nbytes + self.overlay.weights.nbytes
