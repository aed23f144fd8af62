"""What clients send, as JSON: times are RFC 3339, and unknown fields are refused."""

from datetime import datetime
from typing import Annotated, Any

import msgspec

from modelfleet.catalog import MadeBy
from modelfleet.clock import from_datetime
from modelfleet.decisions import Example, Feedback, LabelTexts, Request
from modelfleet.decisions.checks import check_verdict
from modelfleet.decisions.decision import VERDICTS
from modelfleet.events import Event, new_id

MOST_AT_ONCE = 1_000

Moment = Annotated[datetime, msgspec.Meta(tz=True, examples=["2026-03-01T09:30:00Z"])]
VerdictName = Annotated[str, msgspec.Meta(extra_json_schema={"enum": list(VERDICTS)})]


class Sent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The base of what clients send."""


class LabelBody(Sent, frozen=True):
    """What describes a label. ``id`` makes sending it again harmless."""

    name: str = ""
    description: str = ""
    keywords: tuple[str, ...] = ()
    id: str | None = None

    def texts(self) -> LabelTexts:
        """As the library takes it."""
        return LabelTexts(self.name, self.description, self.keywords)


class DecisionRequest(Sent, frozen=True):
    """A request to decide: its text, and flat metadata. ``id`` makes sending it again harmless."""

    text: str
    metadata: dict[str, Any] = {}
    id: str | None = None
    time: Moment | None = None

    def request(self) -> Request:
        """As the library takes it."""
        return Request(self.text, self.metadata, self.id, micros(self.time))


class DecisionBatch(Sent, frozen=True):
    """Requests that are decided together; all are logged or none."""

    requests: Annotated[
        tuple[DecisionRequest, ...], msgspec.Meta(min_length=1, max_length=MOST_AT_ONCE)
    ]


class FeedbackBody(Sent, frozen=True):
    """Somebody's word about a decision. ``label`` goes with ``reassigned`` only."""

    verdict: VerdictName
    label: str | None = None
    by: str | None = None
    id: str | None = None
    time: Moment | None = None

    def feedback(self) -> Feedback:
        """As the library takes it.

        Raises:
            InvalidInput: there is no such verdict.
        """
        verdict = check_verdict(self.verdict)
        return Feedback(verdict, self.label, self.by, self.id, micros(self.time))


class ExampleBody(Sent, frozen=True):
    """A request and its label, without a decision; ``label`` is null when none fits.

    A later example with the same ``key`` replaces this one.
    """

    text: str
    label: str | None
    metadata: dict[str, Any] = {}
    key: str | None = None
    by: str | None = None
    id: str | None = None
    time: Moment | None = None

    def example(self) -> Example:
        """As the library takes it."""
        return Example(
            self.text, self.label, self.metadata, self.key, self.by, self.id, micros(self.time)
        )


class TargetBody(Sent, frozen=True):
    """How often decisions must be right; those for one ``label``, or all. Null is the recipe's."""

    precision: float | None
    label: str | None = None
    by: str | None = None
    id: str | None = None


class PinBody(Sent, frozen=True):
    """Where requests with a text, and at least some metadata, must go.

    It replaces what was pinned under the same ``key``, or for the same text and metadata.
    """

    text: str
    label: str
    metadata: dict[str, Any] = {}
    key: str | None = None
    by: str | None = None
    id: str | None = None
    time: Moment | None = None

    def example(self) -> Example:
        """As the library takes it."""
        return Example(
            self.text, self.label, self.metadata, self.key, self.by, self.id, micros(self.time)
        )


class ExplainBody(Sent, frozen=True):
    """A request that isn't to be decided, only explained."""

    text: str
    metadata: dict[str, Any] = {}


class ForgetBody(Sent, frozen=True):
    """What is to be forgotten: a request by its key, a person's words, or requests by metadata.

    One of the three. ``why`` shouldn't name whom it concerns: it stays. ``id`` makes sending it
    again harmless.
    """

    example: str | None = None
    person: str | None = None
    metadata: dict[str, Any] = {}
    by: str | None = None
    why: str = ""
    id: str | None = None


class EventBody(Sent, frozen=True):
    """An event of an application's own kind."""

    kind: str
    task: str = ""
    time: Moment | None = None
    id: str | None = None
    fields: dict[str, Any] = {}

    def event(self, tenant: str, now: int) -> Event:
        """As the library takes it."""
        time = now if self.time is None else from_datetime(self.time)
        return Event(self.kind, tenant, time, self.id or _given(self.id), self.task, self.fields)


class ImportedEvent(Sent, frozen=True):
    """An event of any kind, as an export writes it; ``seq`` and ``logged`` are given anew."""

    kind: str
    tenant: str
    time: Moment
    id: str | None = None
    task: str = ""
    fields: dict[str, Any] = {}
    seq: int | None = None
    logged: Moment | None = None

    def event(self) -> Event:
        """As the library takes it."""
        time = from_datetime(self.time)
        identity = self.id or _given(self.id)
        return Event(self.kind, self.tenant, time, identity, self.task, self.fields)


class Said(Sent, frozen=True):
    """Who wants it. ``id`` makes sending it again harmless."""

    by: str | None = None
    id: str | None = None


class CanaryBody(Said, frozen=True):
    """The ``share`` of requests that a version is to answer, above 0 and at most 1."""

    share: float = 0.1


class MadeByBody(Sent, frozen=True):
    """Which versions of a recipe are meant: of a ``digest``, or published ``since``; or all."""

    digest: str | None = None
    since: Moment | None = None
    by: str | None = None

    def made_by(self, recipe: str) -> MadeBy:
        """As the library takes it."""
        return MadeBy(recipe, self.digest, micros(self.since))


class Ended(Said, frozen=True):
    """Why it is over, too."""

    why: str = ""


class KeyBody(Sent, frozen=True):
    """A key to be made: its role, and its tenant unless it is an operator's."""

    role: Annotated[str, msgspec.Meta(extra_json_schema={"enum": ["user", "owner", "operator"]})]
    tenant: str = ""
    name: str = ""
    id: str | None = None


class WriteQuery(Sent, frozen=True):
    """``id`` makes sending it again harmless."""

    id: str | None = None


class UnpinQuery(WriteQuery, frozen=True):
    """Who wants it, too."""

    by: str | None = None


class AwaitingQuery(Sent, frozen=True):
    """How many are wanted, and whether only those that were drawn for a person to look at."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST_AT_ONCE)] = 100
    audits: bool = False


class TargetQuery(Sent, frozen=True):
    """A precision to try, of decisions for one label or of all."""

    precision: float | None = None
    label: str | None = None


class AlertsQuery(Sent, frozen=True):
    """Whether those that are over are wanted too."""

    ended: bool = False


class TriageQuery(Sent, frozen=True):
    """Whether those that cost most are wanted, these first, without what another explains."""

    triage: bool = False


class NoQuery(Sent, frozen=True):
    """No parameters."""


class TenantEventsQuery(Sent, frozen=True):
    """Which events are wanted, oldest first; ``until`` isn't included.

    ``where`` is a condition on a field and may be given several times: ``metadata.office=Oslo``,
    ``confidence>=0.9``, ``text:printer jam`` (words), ``helpful`` (present).
    """

    task: str | None = None
    kind: tuple[str, ...] = ()
    since: Moment | None = None
    until: Moment | None = None
    after: Annotated[int, msgspec.Meta(ge=0, le=2**62)] = 0
    limit: Annotated[int, msgspec.Meta(ge=1)] | None = None
    where: tuple[str, ...] = ()
    newest_first: bool = False


class EventsQuery(TenantEventsQuery, frozen=True):
    """Which events of which tenant are wanted; without one, of all."""

    tenant: str | None = None


def micros(moment: datetime | None) -> int | None:
    """A moment in microseconds, None for None."""
    return None if moment is None else from_datetime(moment)


def _given(identity: str | None) -> str:
    """A new id if none was given; an empty one stays, to be refused."""
    return new_id() if identity is None else identity
