"""The kinds of events that modelfleet itself writes and understands.

A kind never changes its meaning: fields are only ever added, each with a default, so every event
that was ever written stays readable. Anything else is a new kind under a new name.
`docs/events.md` shows an example of each.
"""

import msgspec

from modelfleet.events.body import Body as Body
from modelfleet.events.body import Forgettable as Forgettable
from modelfleet.events.body import Json as Json
from modelfleet.events.findings import ActionMeasured as ActionMeasured
from modelfleet.events.findings import ActionTaken as ActionTaken
from modelfleet.events.findings import AlertEnded as AlertEnded
from modelfleet.events.findings import AlertRaised as AlertRaised
from modelfleet.events.findings import AuditsAsked as AuditsAsked
from modelfleet.events.versions import TrainingFailed as TrainingFailed
from modelfleet.events.versions import TrainingRetried as TrainingRetried
from modelfleet.events.versions import VersionCanaried as VersionCanaried
from modelfleet.events.versions import VersionKept as VersionKept
from modelfleet.events.versions import VersionPinned as VersionPinned
from modelfleet.events.versions import VersionPromoted as VersionPromoted
from modelfleet.events.versions import VersionPublished as VersionPublished
from modelfleet.events.versions import VersionShadowed as VersionShadowed
from modelfleet.events.versions import VersionUnpinned as VersionUnpinned
from modelfleet.events.versions import VersionUnusable as VersionUnusable


class Candidate(msgspec.Struct, frozen=True, array_like=True):
    """A label and its calibrated probability."""

    label: str
    probability: float


class LabelDefined(Body, frozen=True):
    """A label was added, brought back, or its texts changed."""

    kind = "label.defined"
    label: str
    name: str = ""
    description: str = ""
    keywords: tuple[str, ...] = ()


class LabelRemoved(Body, frozen=True):
    """A label may not be predicted any more; its examples rest until it is defined again."""

    kind = "label.removed"
    label: str


class ShadowSaid(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a version would have answered that is only tried out: no label means abstained."""

    version: str
    label: str | None = None
    confidence: float = 0.0
    reason: str | None = None


class RequestDecided(Forgettable, frozen=True):
    """A request was answered; the event's id is the decision's. No label means it abstained.

    ``reason`` says why it did (see `decisions.Reason`); ``fit`` how well the best label fits, below
    zero if none does. ``audit`` is the probability with which it was drawn for a person to look at,
    None if it wasn't. ``version`` answered; ``shadow`` is what another would have said.
    """

    kind = "request.decided"
    text: str
    metadata: dict[str, Json] = {}
    label: str | None = None
    confidence: float = 0.0
    candidates: tuple[Candidate, ...] = ()
    threshold: float = 0.0
    version: str | None = None
    reason: str | None = None
    fit: float | None = None
    audit: float | None = None
    shadow: ShadowSaid | None = None


class DecisionAccepted(Forgettable, frozen=True):
    """Somebody confirmed the label of a decision."""

    kind = "decision.accepted"
    decision: str
    by: str | None = None


class DecisionReassigned(Forgettable, frozen=True):
    """Somebody gave the request another label."""

    kind = "decision.reassigned"
    decision: str
    label: str
    by: str | None = None


class DecisionRefused(Forgettable, frozen=True):
    """Somebody said that no label of the task fits the request."""

    kind = "decision.refused"
    decision: str
    by: str | None = None


class DecisionIrrelevant(Forgettable, frozen=True):
    """Somebody said that this was no request at all."""

    kind = "decision.irrelevant"
    decision: str
    by: str | None = None


class DecisionRated(Forgettable, frozen=True):
    """Somebody said whether the decision helped; it teaches nothing about the label."""

    kind = "decision.rated"
    decision: str
    helpful: bool
    by: str | None = None


class ExampleGiven(Forgettable, frozen=True):
    """A request and its label, without a decision; a later one with the same key replaces it.

    ``label`` is None when no label fits. Without a key, the event's id is the key.
    """

    kind = "example.given"
    text: str
    label: str | None
    metadata: dict[str, Json] = {}
    key: str | None = None
    by: str | None = None


class ExamplePinned(Forgettable, frozen=True):
    """A text that must be decided as ``label`` until it is unpinned, and is learned from as well.

    Without a key, the event's id is the key. A later one with the same key, or with the same text
    and metadata, replaces it.
    """

    kind = "example.pinned"
    text: str
    label: str
    metadata: dict[str, Json] = {}
    key: str | None = None
    by: str | None = None


class ExampleUnpinned(Forgettable, frozen=True):
    """A pinned example isn't any more."""

    kind = "example.unpinned"
    key: str
    by: str | None = None


class EvidenceForgotten(Body, frozen=True):
    """Events, by their ids, were emptied of all that came from a person; none of them teaches now.

    They are of the same tenant and task. ``why`` says for what reason, not whom it concerned.
    """

    kind = "evidence.forgotten"
    events: tuple[str, ...]
    by: str | None = None
    why: str = ""


class TargetSet(Body, frozen=True):
    """Somebody said how often decisions must be right: a task's, or those for one label.

    A ``precision`` of None means the recipe's again, or for a label the task's. ``why`` says why
    monitoring did so.
    """

    kind = "target.set"
    precision: float | None
    label: str | None = None
    by: str | None = None
    why: str = ""


class KeyCreated(Body, frozen=True):
    """An API key was made; only its hash is known. An empty tenant means the whole fleet."""

    kind = "key.created"
    key: str
    digest: str
    role: str
    tenant: str = ""
    name: str = ""


class KeyRevoked(Body, frozen=True):
    """An API key may not be used any more."""

    kind = "key.revoked"
    key: str


KINDS: dict[str, type[Body]] = {
    body.kind: body
    for body in (
        LabelDefined,
        LabelRemoved,
        RequestDecided,
        DecisionAccepted,
        DecisionReassigned,
        DecisionRefused,
        DecisionIrrelevant,
        DecisionRated,
        ExampleGiven,
        ExamplePinned,
        ExampleUnpinned,
        EvidenceForgotten,
        TargetSet,
        VersionPublished,
        VersionKept,
        VersionPromoted,
        VersionPinned,
        VersionUnpinned,
        VersionCanaried,
        VersionShadowed,
        VersionUnusable,
        TrainingFailed,
        TrainingRetried,
        KeyCreated,
        KeyRevoked,
        AlertRaised,
        AlertEnded,
        ActionTaken,
        ActionMeasured,
        AuditsAsked,
    )
}

RESERVED_PREFIXES = frozenset(kind.partition(".")[0] for kind in KINDS)

FEEDBACK: tuple[type[Body], ...] = (
    DecisionAccepted,
    DecisionReassigned,
    DecisionRefused,
    DecisionIrrelevant,
)
"""What people say about a decision's label."""

VERDICTS = {
    DecisionAccepted.kind: "accepted",
    DecisionReassigned.kind: "reassigned",
    DecisionRefused.kind: "no_label_fits",
    DecisionIrrelevant.kind: "irrelevant",
}
"""The same, by their kinds, in the word that people have for each."""

PINNING = (ExamplePinned.kind, ExampleUnpinned.kind)
"""The kinds that say which texts must go where."""

LABELS = (LabelDefined.kind, LabelRemoved.kind)
"""The kinds that change which labels there are."""

EVIDENCE = (
    LabelDefined.kind,
    LabelRemoved.kind,
    DecisionAccepted.kind,
    DecisionReassigned.kind,
    DecisionRefused.kind,
    DecisionIrrelevant.kind,
    ExampleGiven.kind,
    ExamplePinned.kind,
    ExampleUnpinned.kind,
    EvidenceForgotten.kind,
)
"""The kinds that change what a model should know."""

READ = (*EVIDENCE, TargetSet.kind)
"""The kinds that a training reads."""

FORGETTABLE = tuple(kind for kind, body in KINDS.items() if issubclass(body, Forgettable))
"""The kinds that hold what came from a person."""

AUDITING = (AuditsAsked.kind, AlertEnded.kind)
"""The kinds that change how many decisions are drawn for a person to look at."""

FOUND = (AlertRaised.kind, AlertEnded.kind, ActionTaken.kind, ActionMeasured.kind)
"""The kinds that tell of alerts; their tenant and task are empty for what is the fleet's."""

ROLES = ("user", "owner", "operator")
"""Of keys, in rising order: decides and gives feedback; all within a tenant; all in the fleet."""

PLATFORM_TENANT = ""
"""The tenant of events that concern the whole fleet; no client can name it."""
