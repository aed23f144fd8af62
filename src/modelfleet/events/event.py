"""An event before and after it was logged."""

import secrets
from collections.abc import Sequence

import msgspec

from modelfleet.errors import InvalidInput
from modelfleet.events.kinds import FORGETTABLE, KINDS, Body, Json


class Event(msgspec.Struct, frozen=True):
    """Something that happened, on its way into the log.

    ``id`` is unique within the tenant: the same event sent twice is logged once. ``time`` is when
    it happened, in microseconds since 1970 UTC.
    """

    kind: str
    tenant: str
    time: int
    id: str
    task: str = ""
    fields: dict[str, Json] = {}


class Group(msgspec.Struct, frozen=True):
    """Events of one writer: all of them are logged, or none.

    ``known`` is up to where in the log the writer had read, None if that doesn't matter.
    """

    events: Sequence[Event]
    known: int | None = None


class Logged(msgspec.Struct, frozen=True, gc=False):
    """An event in the log: ``seq`` numbers are dense and follow the order of commits.

    ``logged`` is when it was appended; ``time`` is when the writer says that it happened.
    """

    seq: int
    logged: int
    kind: str
    tenant: str
    time: int
    id: str
    task: str
    fields: dict[str, Json]


class Appended(msgspec.Struct, frozen=True):
    """The log's answer: where the event stands, and whether it had been there before."""

    event: Logged
    duplicate: bool


def new_id() -> str:
    """An id that nobody else makes: 120 random bits in URL-safe characters."""
    return "e" + secrets.token_urlsafe(15)


def make(
    body: Body,
    *,
    tenant: str,
    time: int,
    task: str = "",
    id: str | None = None,  # noqa: A002 - its name everywhere
) -> Event:
    """The event that carries ``body``; without an id it gets a new one."""
    return Event(
        kind=body.kind,
        tenant=tenant,
        task=task,
        time=time,
        id=new_id() if id is None else id,
        fields=body.fields(),
    )


def body_of(event: Event | Logged) -> Body | None:
    """The typed fields of one of our own kinds, None for an application's kind.

    Raises:
        InvalidInput: the fields aren't those of the kind; names the field.
    """
    body = KINDS.get(event.kind)
    if body is None:
        return None
    try:
        return msgspec.convert(event.fields, body)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        raise InvalidInput.at(f"fields{path.rstrip('`')}", message) from error


def same_content(logged: Logged, event: Event) -> bool:
    """Whether an event sent again under its id says the same as the first time.

    A decision is the same when its request is: the answer may have changed since. What was
    forgotten, here or where the event comes from, can't be compared; what is logged stays as it is.
    """
    if (logged.kind, logged.task) != (event.kind, event.task):
        return False
    if logged.kind in FORGETTABLE and ("forgotten" in logged.fields or "forgotten" in event.fields):
        return True
    return _comparable(_said(logged)) == _comparable(_said(event))


def _said(event: Event | Logged) -> Json:
    if event.kind == "request.decided":
        return [event.fields.get("text"), event.fields.get("metadata", {})]
    return event.fields


def _comparable(value: Json) -> object:
    """JSON as something that equals another's when they mean the same: 1 and 1.0, but not True."""
    if isinstance(value, dict):
        return {key: _comparable(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_comparable(inner) for inner in value]
    return type(value) is bool, value
