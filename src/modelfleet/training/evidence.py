"""From the log to a training set: what people said about requests, folded by its last word."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from hashlib import sha256

import msgspec

from modelfleet.catalog import Label
from modelfleet.events import EventLog, Logged, body_of, kinds
from modelfleet.events.kinds import PINNING, READ, Json
from modelfleet.training import pinned
from modelfleet.training.pinned import PinnedExample
from modelfleet.training.targets import with_targets

_DECISION = "decision:"


class Example(msgspec.Struct, frozen=True):
    """A request and the last word about it: a label, or None if no label fits.

    ``seq`` is where in the log that word stands, ``time`` when it was said (microseconds).
    """

    key: str
    seq: int
    time: int
    text: str
    metadata: dict[str, Json]
    label: str | None

    @property
    def was_decided(self) -> bool:
        """Whether it came as a request; others may be loaded at any time, label by label."""
        return self.key.startswith(_DECISION)


class TrainingSet(msgspec.Struct, frozen=True, dict=True):
    """All that a task's model may learn from, as of ``watermark``.

    ``examples`` are in the order of their last words, ``pinned`` in the order in which they were
    pinned; those of labels that are removed rest until the label returns. ``evidence`` counts the
    words read, ``logged`` is when the last was logged. ``forgotten`` is the last event that had
    something forgotten, 0 if none did: a version that knows less of the log may know that thing.
    ``targets`` are the precisions that were asked for; see `with_target`. ``resting`` counts the
    examples that rest, by the label that is gone.
    """

    labels: tuple[Label, ...]
    examples: tuple[Example, ...]
    pinned: tuple[PinnedExample, ...]
    watermark: int
    logged: int
    evidence: int
    forgotten: int = 0
    targets: dict[str, float] = {}
    resting: dict[str, int] = {}

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what is learned from and aimed at: the same log gives the same digest."""
        content = (self.labels, self.examples, self.pinned, self.targets)
        return sha256(msgspec.json.encode(content, order="sorted")).hexdigest()

    def label_texts(self) -> dict[str, Sequence[str]]:
        """The texts of each label, in the order of ``labels``."""
        return {label.label: label.texts for label in self.labels}


def read_training_set(log: EventLog, tenant: str, task: str, until: int = 2**62) -> TrainingSet:
    """The training set of a task as of a position in the log; the newest by default."""
    events = log.of_task(tenant, task, READ, until=until)
    return fold(events, decisions_of(log, events))


def decisions_of(log: EventLog, events: Iterable[Logged]) -> Mapping[str, Logged]:
    """The decisions that feedback among ``events`` is about, by their ids."""
    wanted = {(event.tenant, str(event.fields.get("decision", ""))) for event in events}
    by_tenant: dict[str, list[str]] = {}
    for tenant, decision in sorted(wanted):
        if decision:
            by_tenant.setdefault(tenant, []).append(decision)
    found: dict[str, Logged] = {}
    for tenant, ids in by_tenant.items():
        found |= log.get_many(tenant, ids)
    return found


def fold(events: Sequence[Logged], decisions: Mapping[str, Logged]) -> TrainingSet:
    """The training set that a task's evidence adds up to.

    Args:
        events: what a training reads of one task (`kinds.READ`), in the order of the log.
        decisions: the decisions that the feedback is about; feedback about others teaches nothing.
    """
    labels: dict[str, Label] = {}
    words: dict[str, Example] = {}
    count = 0
    for event in events:
        _take_in_label(labels, event)
        count += event.kind in PINNING or _is_forgotten(event, decisions)
        example = example_of(event, decisions)
        if example is not None:
            count += 1
            words.pop(example.key, None)  # the last word decides where in the order it stands
            words[example.key] = example
    return TrainingSet(
        labels=tuple(labels[name] for name in sorted(labels)),
        examples=tuple(e for e in words.values() if e.label is None or e.label in labels),
        pinned=tuple(one for one in pinned.fold(events) if one.label in labels),
        watermark=events[-1].seq if events else 0,
        logged=events[-1].logged if events else 0,
        evidence=count,
        forgotten=max((e.seq for e in events if e.kind == kinds.EvidenceForgotten.kind), default=0),
        targets=with_targets({}, events),
        resting=_resting(words.values(), labels),
    )


def example_of(event: Logged, decisions: Mapping[str, Logged]) -> Example | None:
    """What one event says about a request, None if nothing (any more)."""
    if _is_forgotten(event, decisions):
        return None
    body = body_of(event)
    if isinstance(body, kinds.ExampleGiven):
        key = "example:" + (event.id if body.key is None else body.key)
        return Example(key, event.seq, event.time, body.text, body.metadata, body.label)
    if not isinstance(body, kinds.FEEDBACK):
        return None
    decision = decisions.get(event.fields["decision"])
    if decision is None or decision.task != event.task or decision.seq > event.seq:
        return None
    decided = body_of(decision)
    if not isinstance(decided, kinds.RequestDecided):
        return None
    match body:
        case kinds.DecisionAccepted():
            label = decided.label
        case kinds.DecisionReassigned():
            label = body.label
        case _:
            label = None
    key = _DECISION + decision.id
    return Example(key, event.seq, event.time, decided.text, decided.metadata, label)


def _is_forgotten(event: Logged, decisions: Mapping[str, Logged]) -> bool:
    """Whether what an event said, or the request it was about, is forgotten."""
    decision = decisions.get(event.fields.get("decision", ""))
    return "forgotten" in event.fields or (decision is not None and "forgotten" in decision.fields)


def _resting(examples: Iterable[Example], labels: Collection[str]) -> dict[str, int]:
    counts = Counter(e.label for e in examples if e.label is not None and e.label not in labels)
    return dict(sorted(counts.items()))


def _take_in_label(labels: dict[str, Label], event: Logged) -> None:
    body = body_of(event) if event.kind in kinds.LABELS else None
    if isinstance(body, kinds.LabelDefined):
        labels[body.label] = Label(
            body.label, body.name, body.description, body.keywords, event.seq
        )
    elif isinstance(body, kinds.LabelRemoved):
        labels.pop(body.label, None)
