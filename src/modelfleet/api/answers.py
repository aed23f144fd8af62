"""What clients get, as JSON: times are RFC 3339 in UTC, candidates have names."""

from datetime import datetime
from typing import Any

import msgspec

from modelfleet.api.dated import dated
from modelfleet.api.problems import Problem
from modelfleet.catalog import FleetSums, Key, Label, Outcome, TaskState, Version
from modelfleet.clock import to_datetime
from modelfleet.decisions import Awaited, Decision, Lesson, Taught
from modelfleet.events import Logged
from modelfleet.serving import Serving


class CandidateAnswer(msgspec.Struct, frozen=True):
    """A label and its calibrated probability."""

    label: str
    probability: float


class DecisionAnswer(msgspec.Struct, frozen=True):
    """A decision; ``label`` is null when it abstained, and ``reason`` says why.

    It is ``below_threshold`` when no candidate's probability reaches ``threshold``,
    ``no_label_fits`` when the request seems to belong to none, ``no_labels`` when there is none.
    ``fit`` is how well the best candidate fits, below zero if none does; null if that isn't known.
    """

    id: str
    label: str | None
    candidates: tuple[CandidateAnswer, ...]
    threshold: float
    version: str | None
    time: datetime
    reason: str | None = None
    fit: float | None = None


class DecisionsAnswer(msgspec.Struct, frozen=True):
    """Decisions in the order of their requests."""

    decisions: tuple[DecisionAnswer, ...]


class DecisionRecord(msgspec.Struct, frozen=True):
    """A decision with its request, and its outcome if somebody said anything.

    ``audit`` is the probability with which it was drawn for a person to look at.
    """

    id: str
    text: str
    metadata: dict[str, Any]
    label: str | None
    candidates: tuple[CandidateAnswer, ...]
    threshold: float
    version: str | None
    time: datetime
    outcome: Outcome | None = None
    reason: str | None = None
    fit: float | None = None
    audit: float | None = None


class DecisionRecords(msgspec.Struct, frozen=True):
    """Decisions with their requests: those drawn for a look, then the newest."""

    decisions: tuple[DecisionRecord, ...]


class LabelsAnswer(msgspec.Struct, frozen=True):
    """The labels that may be predicted now, by name."""

    labels: tuple[Label, ...]


class EventAnswer(msgspec.Struct, frozen=True):
    """An event of the log: ``seq`` is its number, ``logged`` when it was appended."""

    seq: int
    logged: datetime
    kind: str
    tenant: str
    time: datetime
    id: str
    task: str
    fields: dict[str, Any]


class EventsAnswer(msgspec.Struct, frozen=True):
    """A page of events; with ``more``, the next page begins ``after`` this number."""

    events: tuple[EventAnswer, ...]
    after: int
    more: bool


class LessonAnswer(msgspec.Struct, frozen=True):
    """What somebody's word does, once it is in the log for good, at ``seq``.

    If it is ``known``, every decision that is made from now on knows it, as the ``example`` that it
    made; a training that is ``due`` at this time puts it into the next version. ``due`` is null
    when none is: the live version is pinned, trainings failed, or one has read it already.
    """

    id: str
    seq: int
    duplicate: bool
    known: bool
    example: Taught | None
    due: datetime | None


class LineAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of a line: where it stands in the log, or what is wrong with it."""

    line: int
    id: str | None = None
    seq: int | None = None
    duplicate: bool = False
    error: Problem | None = None


class VersionAnswer(msgspec.Struct, frozen=True):
    """A published checkpoint; ``watermark`` is the number of the last event that it knows."""

    version: str
    published: datetime
    watermark: int
    recipe: str
    fingerprint: str
    training_digest: str
    examples: int
    why: str
    metrics: dict[str, float]
    recipe_digest: str = ""


class VersionsAnswer(msgspec.Struct, frozen=True):
    """The versions of a task, the newest first."""

    versions: tuple[VersionAnswer, ...]


class TaskStatus(msgspec.Struct, frozen=True):
    """What is live, how far behind, the last error, and what became of decisions.

    ``behind`` counts evidence that no training has read. ``coverage`` is the share of requests
    decided with a label, ``precision`` the share of those with feedback that were right; null
    when there is nothing to count. ``found`` is why the last training ended in a publication or in
    none; the live version is ``watched`` if too little was known to show that it is as good as the
    one before.
    """

    tenant: str
    task: str
    live: str | None
    previous: str | None
    canary: str | None
    canary_share: float
    audits: dict[str, float]
    shadow: str | None
    pinned: bool
    watched: bool
    found: str | None
    behind: int
    behind_since: datetime | None
    due: datetime | None
    error: str | None
    failures: int
    failed: datetime | None
    set_aside: bool
    coverage: float | None
    precision: float | None
    decided: int
    abstained: int
    answered: int
    confirmed: int
    corrected: int
    evidence: int
    evidence_trained: int
    evidence_seq: int
    labels_seq: int
    forgotten_seq: int
    watermark: int
    changed: datetime | None
    forced: bool


class ServingAnswer(msgspec.Struct, frozen=True):
    """How the server that answers serves a task.

    ``state`` is ``live``; ``texts`` (of labels, while there is no version); or ``stand-in``, when
    ``version`` (null: label texts) answers in place of ``wanted``, which can't be served. Then
    ``why`` says what is wrong, and ``again`` when it is tried again.
    """

    state: str
    wanted: str | None
    version: str | None
    why: str
    again: datetime | None
    nbytes: int


class TenantStatus(msgspec.Struct, frozen=True):
    """The status of each task of a tenant."""

    tenant: str
    tasks: tuple[TaskStatus, ...]


class FleetStatus(msgspec.Struct, frozen=True):
    """Sums over all tenants, and the tasks whose last training ended in an error."""

    sums: FleetSums
    failing: tuple[TaskStatus, ...]


class KeysAnswer(msgspec.Struct, frozen=True):
    """All keys ever made, without their secrets."""

    keys: tuple[Key, ...]


class KeyMade(msgspec.Struct, frozen=True):
    """A new key. ``secret`` is told only here; null if the key had been made before."""

    key: str
    secret: str | None
    role: str
    tenant: str
    name: str
    duplicate: bool = False


class Health(msgspec.Struct, frozen=True):
    """The process answers."""

    status: str


class Readiness(msgspec.Struct, frozen=True):
    """The log can be read; ``head`` is the number of its last event."""

    status: str
    head: int


def serving_answer(serving: Serving) -> ServingAnswer:
    """How a task is served, as clients get it."""
    return dated(ServingAnswer, serving)


def decision_answer(decision: Decision) -> DecisionAnswer:
    """A decision as clients get it."""
    return DecisionAnswer(
        decision.id,
        decision.label,
        _candidates(decision),
        decision.threshold,
        decision.version,
        to_datetime(decision.time),
        decision.reason,
        decision.fit,
    )


def decision_record(found: Awaited, outcome: Outcome | None = None) -> DecisionRecord:
    """A decision as clients get it, with its request and the last word about it."""
    decision = found.decision
    return DecisionRecord(
        id=decision.id,
        text=found.text,
        metadata=found.metadata,
        label=decision.label,
        candidates=_candidates(decision),
        threshold=decision.threshold,
        version=decision.version,
        time=to_datetime(decision.time),
        outcome=outcome,
        reason=decision.reason,
        fit=decision.fit,
        audit=found.audit,
    )


def lesson_answer(lesson: Lesson) -> LessonAnswer:
    """What somebody's word does, as clients get it."""
    return dated(LessonAnswer, lesson)


def event_answer(event: Logged) -> EventAnswer:
    """An event as clients get it."""
    return EventAnswer(
        event.seq,
        to_datetime(event.logged),
        event.kind,
        event.tenant,
        to_datetime(event.time),
        event.id,
        event.task,
        event.fields,
    )


def version_answer(version: Version) -> VersionAnswer:
    """A version as clients get it."""
    return dated(VersionAnswer, version)


def task_status(state: TaskState) -> TaskStatus:
    """A task's state as clients get it."""
    named = state.decided - state.abstained
    judged = state.confirmed + state.corrected
    return dated(
        TaskStatus,
        state,
        behind=state.behind,
        coverage=named / state.decided if state.decided else None,
        precision=state.confirmed / judged if judged else None,
    )


def _candidates(decision: Decision) -> tuple[CandidateAnswer, ...]:
    return tuple(CandidateAnswer(one.label, one.probability) for one in decision.candidates)
