"""One task's model as it answers now: a checkpoint, or label texts, plus the tail of the log."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.learners import Model, Overlay
from modelfleet.learners.novelty import Novelty
from modelfleet.serving.aiming import Aiming
from modelfleet.text import Encoder, Features
from modelfleet.training import PinnedExample

_OBJECT_BYTES = 4_000  # around the arrays: objects, and what the allocator loses between them
_VERDICT_BYTES = 150
_PINNED_BYTES = 1_000


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
        stored_bytes: of the version's arrays, which lie together.
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
    stored_bytes: int = 0

    def pinned_label(self, text: str, metadata: Mapping[str, Any]) -> str | None:
        """Where people say that this very request must go; None if they don't."""
        for one in reversed(self.pinned.get(text, ())):
            if one.label in self.active and one.holds_for(metadata):
                return one.label
        return None

    def scores(self, features: Sequence[Features]) -> NDArray[np.float32]:
        """The scores of the active labels: float32 ``(n, len(active))``, for n requests."""
        return self.overlay.total(features, self.base.scores(features))[:, self.columns]

    def taught(self, features: Features, label: str | None, *, asked: bool) -> "ServedModel":
        """After a person gave a text this label, or said that none fits.

        Args:
            features: of the text.
            label: that is right; None if none is.
            asked: whether it was a request; else it is what the label is called.
        """
        if label is None:
            overlay = self.overlay.refused(features)
            novelty = self.novelty and self.novelty.refusing(features)
        else:
            overlay = self.overlay.corrected(features, label, self.base.scores([features])[0])
            overlay = overlay.heard(label) if asked else overlay
            novelty = self.novelty and self.novelty.taught(features)
        return msgspec.structs.replace(self, overlay=overlay, novelty=novelty)

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
        arrays = self.stored_bytes or self.base.nbytes + self.aiming.curve.nbytes
        if self.novelty is not None:
            both = (self.novelty.centres, self.novelty.refused)
            arrays += sum(array.nbytes for array in both if array.flags.owndata)
        overlay = self.overlay.nbytes + _VERDICT_BYTES * len(self.overlay.verdicts)
        pinned = sum(_PINNED_BYTES + 2 * len(text) for text in self.pinned)
        return _OBJECT_BYTES + arrays + overlay + pinned
