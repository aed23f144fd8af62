"""What detectors take in: a decision whose outcome is final."""

from typing import Literal

import msgspec

Outcome = Literal["confirmed", "corrected", "silent"]
"""Whether people said that a decision was right, that it wasn't, or nothing; silence is neither."""


class Matured(msgspec.Struct, frozen=True, gc=False):
    """A decision whose outcome is final, as detectors take it in.

    Attributes:
        seq: where in the log the decision stands.
        decision: its id.
        tenant: whose it is.
        task: which of the tenant's tasks decided.
        decided: when it was logged, in microseconds.
        matured: when its outcome became final, in microseconds.
        label: what was decided; None if it abstained.
        best: the first candidate; None if there was none.
        confidence: the calibrated probability of ``best``.
        threshold: the least confidence that isn't an abstention.
        version: what decided; None while label texts answer.
        recipe: what made the version; None without one.
        reason: why it abstained; None if it didn't.
        fit: how well ``best`` fits, below zero if it doesn't; None where that isn't known.
        outcome: of an abstention, confirmed if no label fits and corrected if one does.
        right: the label that people said is right; None if they said that none is, or nothing.
        said: their last word: accepted, reassigned, no_label_fits or irrelevant; None without one.
        helpful: whether they said that it helped.
        audit: the probability with which it was drawn for a look; None if it wasn't.
        slices: what kind of request it is, as pairs of a field and its value: ``length``,
            ``script``, ``hour`` and ``weekday`` (UTC), ``label``, and ``metadata.…`` with few
            values.
        proposed: whether the label that is right was a candidate; None if nobody said which is.
        left_over: the probability that none of the candidates is right.
    """

    seq: int
    decision: str
    tenant: str
    task: str
    decided: int
    matured: int
    label: str | None
    best: str | None
    confidence: float
    threshold: float
    version: str | None
    recipe: str | None
    reason: str | None
    fit: float | None
    outcome: Outcome
    right: str | None
    said: str | None
    helpful: bool | None
    audit: float | None
    slices: tuple[tuple[str, str], ...]
    proposed: bool | None = None
    left_over: float = 0.0

    @property
    def best_was_right(self) -> bool | None:
        """Whether the first candidate was right, decided or not; None if nobody said.

        A request that isn't one says nothing about it.
        """
        if self.said is None or self.said == "irrelevant" or self.best is None:
            return None
        return self.right == self.best
