"""What is known of one decision: what was decided, and the words of people about it."""

from collections.abc import Mapping

import msgspec

from modelfleet.events import Logged, kinds
from modelfleet.monitoring.matured import Matured, Outcome

Slices = tuple[tuple[str, str], ...]
"""Fields and their values: what kind of request it is."""

WORDS = (*kinds.VERDICTS, kinds.DecisionRated.kind)
"""The kinds of events that are words about a decision."""
_SHOWN = 3


class Decided(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A decision as it was made, without what the request was; ``top`` holds three candidates."""

    seq: int
    task: str
    time: int
    label: str | None
    top: tuple[str, ...]
    confidence: float
    threshold: float
    version: str | None
    recipe: str | None
    reason: str | None
    fit: float | None
    audit: float | None
    left_over: float = 0.0

    @property
    def best(self) -> str | None:
        """The first candidate."""
        return self.top[0] if self.top else None


class Words(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What people have said of a decision; the last word counts. ``first`` is when the first came.

    ``right`` is the label that is right; with ``said``, None means that no label is.
    """

    said: str | None = None
    right: str | None = None
    helpful: bool | None = None
    first: int = 0

    def outcome(self, decided: Decided) -> Outcome:
        """What became of a decision; of an abstention, it is confirmed if no label was right."""
        if self.said is None:
            return "silent"
        return "confirmed" if self.right == decided.label else "corrected"

    def judge(self, best: str | None) -> bool | None:
        """Whether a candidate was right; None if nobody said, or if it was no request at all."""
        if self.said is None or self.said == "irrelevant" or best is None:
            return None
        return self.right == best


class Waiting(msgspec.Struct, gc=False):
    """A decision that is awaiting words until it is ``due``; ``slices`` come from its request."""

    tenant: str
    id: str
    due: int
    decided: Decided
    words: Words
    slices: Slices


def decided_of(event: Logged, recipes: Mapping[str, str]) -> Decided:
    """The decision that an event records, by a version with one of these recipes."""
    fields = event.fields
    version = fields.get("version")
    top = (fields.get("candidates") or ())[:_SHOWN]
    return Decided(
        event.seq,
        event.task,
        event.logged,
        fields.get("label"),
        tuple([label for label, _ in top]),
        float(fields.get("confidence") or 0.0),
        float(fields.get("threshold") or 0.0),
        version,
        None if version is None else recipes.get(version),
        fields.get("reason"),
        fields.get("fit"),
        fields.get("audit"),
        max(0.0, 1.0 - sum([probability for _, probability in top])),
    )


def heard(words: Words, decided: Decided, event: Logged) -> Words:
    """What people have said, with one more word."""
    if event.kind == kinds.DecisionRated.kind:
        return msgspec.structs.replace(words, helpful=bool(event.fields["helpful"]))
    accepted = event.kind == kinds.DecisionAccepted.kind
    return Words(
        kinds.VERDICTS[event.kind],
        decided.label if accepted else event.fields.get("label"),
        words.helpful,
        event.logged if words.said is None else words.first,
    )


def matured(one: Waiting, slices: Slices) -> Matured:
    """The decision as detectors take it in; final at the moment when it was due."""
    decided, words = one.decided, one.words
    return Matured(
        seq=decided.seq,
        decision=one.id,
        tenant=one.tenant,
        task=decided.task,
        decided=decided.time,
        matured=one.due,
        label=decided.label,
        best=decided.best,
        confidence=decided.confidence,
        threshold=decided.threshold,
        version=decided.version,
        recipe=decided.recipe,
        reason=decided.reason,
        fit=decided.fit,
        outcome=words.outcome(decided),
        right=words.right,
        said=words.said,
        helpful=words.helpful,
        audit=decided.audit,
        slices=slices,
        proposed=None if words.right is None else words.right in decided.top,
        left_over=decided.left_over,
    )
