"""What an event may hold: every fault is named by its field, and nothing is changed by it."""

import math
import re
from collections.abc import Mapping

from modelfleet.clock import HOUR, SECOND, to_datetime
from modelfleet.errors import Fault, InvalidInput
from modelfleet.events.event import Event, body_of
from modelfleet.events.given import check_is, shown
from modelfleet.events.kinds import (
    FOUND,
    KINDS,
    PLATFORM_TENANT,
    RESERVED_PREFIXES,
    ROLES,
    AuditsAsked,
    Body,
    DecisionReassigned,
    ExampleGiven,
    ExamplePinned,
    ExampleUnpinned,
    Json,
    KeyCreated,
    KeyRevoked,
    LabelDefined,
    LabelRemoved,
    RequestDecided,
    TargetSet,
    VersionCanaried,
    VersionPinned,
    VersionPromoted,
    VersionPublished,
    VersionShadowed,
)

MAX_TEXT = 100_000
"""Characters of a string; a request's text included."""
MAX_KEY = 200
"""Characters of a field's name."""
MAX_FIELDS = 1_000
"""Values in one event's fields, nested ones counted."""
MAX_DEPTH = 16
"""How deep fields may be nested."""
LATEST_AHEAD = HOUR
"""How far ahead of the server's clock an event's time may lie."""
EARLIEST = 0
_LATEST = 253_402_300_799 * SECOND  # the end of the year 9999
"""1970-01-01: an event's time can't lie before."""
MAX_INTEGER = 2**63 - 1

_FLEET_WIDE = {KeyCreated.kind, KeyRevoked.kind, *FOUND}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}")
_KIND = re.compile(r"[a-z0-9][a-z0-9_-]*(\.[a-z0-9][a-z0-9_-]*)*")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_CONTAINERS = (dict, list, tuple)
_SURROGATE = re.compile("[\ud800-\udfff]")


def check_name(value: str, field: str) -> str:
    """A tenant, task, label or version name, unchanged.

    Raises:
        InvalidInput: not 1 to 128 letters, digits or ``. _ @ + -`` that start with a letter or
            digit; so a name is safe in a path and a URL.
    """
    if not isinstance(value, str) or not _NAME.fullmatch(value) or ".." in value:
        raise InvalidInput.at(
            field,
            "must be 1 to 128 letters, digits or . _ @ + - and start with a letter or digit, "
            f"without '..'; got {shown(value)}",
        )
    return value


def check_id(value: str, field: str = "id") -> str:
    """An event's id, unchanged: any 1 to 200 printable characters.

    Raises:
        InvalidInput: empty, too long, or with control characters.
    """
    if not isinstance(value, str) or not 1 <= len(value) <= 200:  # noqa: PLR2004 - said in the message
        raise InvalidInput.at(field, f"must be 1 to 200 characters; got {shown(value)}")
    return check_text(value, field)


def check_text(value: str, field: str, *, most: int = MAX_TEXT) -> str:
    """A string, unchanged.

    Raises:
        InvalidInput: not a string, too long, or with characters that can't be stored.
    """
    if not isinstance(value, str):
        raise InvalidInput.at(field, f"must be a string; got {shown(value)}")
    if len(value) > most:
        raise InvalidInput.at(
            field, f"must be at most {most:,} characters long; got {len(value):,}"
        )
    if not value.isprintable():  # most strings are, and it is quick to tell
        _check_characters(value, field)
    return value


def _check_characters(value: str, field: str) -> None:
    if bad := _CONTROL.search(value):
        raise InvalidInput.at(
            field, f"must not hold control characters; U+{ord(bad[0]):04X} at {bad.start()}"
        )
    if bad := _SURROGATE.search(value):
        raise InvalidInput.at(
            field, f"must be well-formed Unicode; lone surrogate at {bad.start()}"
        )


def check_request(text: str, metadata: Mapping[str, Json]) -> None:
    """A request as it comes in.

    Raises:
        InvalidInput: an empty or overlong text, or metadata that isn't flat.
    """
    check_text(text, "text")
    if not text.strip():
        raise InvalidInput.at("text", "must not be empty")
    if metadata == {}:  # most often
        return
    if not isinstance(metadata, Mapping):
        raise InvalidInput.at("metadata", f"must be an object; got {shown(metadata)}")
    for key, value in metadata.items():
        if isinstance(value, list | tuple | Mapping):
            raise InvalidInput.at(
                f"metadata.{key}", "must be a string, number, boolean or null (metadata is flat)"
            )
    check_fields(metadata, "metadata")


def metadata_of(given: Mapping[str, Json] | None) -> dict[str, Json]:
    """A request's metadata as a dict of their own; none are empty.

    Raises:
        InvalidInput: they are no mapping.
    """
    if given is not None and not isinstance(given, Mapping):
        raise InvalidInput.at("metadata", f"must be an object; got {shown(given)}")
    return dict(given or {})


def check_micros(time: int, field: str) -> int:
    """A moment as the library and the client count it, unchanged.

    Raises:
        InvalidInput: anything but a whole number, such as seconds or a datetime.
    """
    if not isinstance(time, int) or isinstance(time, bool):
        raise InvalidInput.at(
            field,
            "must be whole microseconds since 1970 UTC, such as modelfleet.clock.from_datetime "
            f"makes of a datetime; got {shown(time)}",
        )
    return time


def check_time(time: int, now: int) -> int:
    """A moment in microseconds, unchanged.

    Raises:
        InvalidInput: no whole number, before 1970, or more than an hour ahead of the server's
            clock.
    """
    if check_micros(time, "time") < EARLIEST:
        raise InvalidInput.at("time", "must not lie before 1970-01-01")
    if time > now + LATEST_AHEAD:
        moment = to_datetime(min(time, _LATEST)).isoformat()
        raise InvalidInput.at("time", f"must not lie in the future; got {moment}")
    return time


def check_fields(fields: Mapping[str, Json], field: str = "fields") -> None:
    """The JSON of an event.

    Raises:
        InvalidInput: a value that JSON or a database can't hold, too many, or too deep.
    """
    if _is_plain(fields):
        return
    left = MAX_FIELDS
    stack: list[tuple[Json, str, int]] = [(fields, field, 0)]
    while stack:
        value, path, depth = stack.pop()
        left -= 1
        if left < 0:
            raise InvalidInput.at(field, f"must not hold more than {MAX_FIELDS:,} values")
        if depth > MAX_DEPTH:
            raise InvalidInput.at(path[:200], f"must not be nested deeper than {MAX_DEPTH}")
        stack.extend(_children(value, path, depth + 1))


def _is_plain(fields: Mapping[str, Json]) -> bool:
    """Whether a quick look finds nothing that could be wrong, as in nearly every event.

    So few containers can't be nested too deep.
    """
    values: list[Json] = [fields]
    containers = 0
    for value in values:  # grows on the way
        if type(value) is str:
            if len(value) > MAX_TEXT or not value.isprintable():
                return False
        elif type(value) in _CONTAINERS:
            containers += 1
            if containers > MAX_DEPTH or len(values) + len(value) > MAX_FIELDS:
                return False
            values += value.values() if type(value) is dict else value
            if type(value) is dict and not all(map(_is_plain_key, value)):
                return False
        elif not _is_plain_scalar(value):
            return False
    return True


def _is_plain_key(key: Json) -> bool:
    return type(key) is str and len(key) <= MAX_KEY and key.isprintable()


def _is_plain_scalar(value: Json) -> bool:
    if type(value) is float:
        return math.isfinite(value)
    return (
        value is None or type(value) is bool or (type(value) is int and abs(value) <= MAX_INTEGER)
    )


def _children(value: Json, path: str, depth: int) -> list[tuple[Json, str, int]]:
    """What ``value`` holds; a value that holds nothing is checked instead."""
    if isinstance(value, Mapping):
        for key in value:
            check_text(key, f"{path} (a key)", most=MAX_KEY)
        return [(inner, f"{path}.{key}", depth) for key, inner in value.items()]
    if isinstance(value, list | tuple):
        return [(inner, f"{path}[{index}]", depth) for index, inner in enumerate(value)]
    _check_scalar(value, path)
    return []


def _check_scalar(value: Json, path: str) -> None:
    if isinstance(value, str):
        check_text(value, path)
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise InvalidInput.at(path, f"must be a finite number; got {value}")
    elif isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise InvalidInput.at(path, "must fit 64 bits; send larger numbers as strings")
    elif value is not None:
        raise InvalidInput.at(path, f"must be JSON; got a {type(value).__name__}")


def check_event(event: Event, now: int) -> Event:
    """An event of any kind, unchanged.

    Raises:
        InvalidInput: any part of it can't be accepted.
    """
    check_is(event, Event, "event")
    is_kind = isinstance(event.kind, str) and _KIND.fullmatch(event.kind)
    if not is_kind or len(event.kind) > 100:  # noqa: PLR2004 - said below
        raise InvalidInput.at(
            "kind",
            "must be up to 100 lower-case letters, digits, _ or -, in parts joined by dots, "
            f"such as ticket.closed; got {shown(event.kind)}",
        )
    if event.kind not in KINDS and event.kind.partition(".")[0] in RESERVED_PREFIXES:
        raise InvalidInput.at(
            "kind",
            f"'{event.kind}' isn't known, and kinds that begin with "
            f"'{event.kind.partition('.')[0]}.' are modelfleet's own; choose another beginning",
        )
    if event.kind not in _FLEET_WIDE or event.tenant != PLATFORM_TENANT:
        check_name(event.tenant, "tenant")
    if event.task != "" or event.kind in KINDS.keys() - _FLEET_WIDE:
        check_name(event.task, "task")
    check_id(event.id)
    check_time(event.time, now)
    if not isinstance(event.fields, dict):
        raise InvalidInput.at("fields", f"must be an object; got {shown(event.fields)}")
    check_fields(event.fields)
    body = body_of(event)
    _check_known(event, body)
    _check_body(body)
    return event


def _check_known(event: Event, body: Body | None) -> None:
    """Whether our own kinds have these fields: what is written wrong would be lost unseen.

    Events are read without this, so that what a later release writes stays readable.
    """
    if body is None:
        return
    if unknown := [name for name in event.fields if name not in body.__struct_encode_fields__]:
        raise InvalidInput(*(Fault(f"fields.{name}", "isn't known here") for name in unknown))


def _check_body(body: Body | None) -> None:
    """What the fields of our own kinds must be beyond their types."""
    match body:
        case LabelDefined() | LabelRemoved() | DecisionReassigned():
            check_name(body.label, "label")
        case RequestDecided() | ExampleGiven() | ExamplePinned():
            _check_labelled(body)
        case ExampleUnpinned():
            check_id(body.key, "key")
        case VersionPublished() | VersionPromoted() | VersionPinned():
            check_name(body.version, "version")
        case VersionCanaried() | VersionShadowed():
            _check_trial(body)
        case TargetSet():
            check_target(body.precision, body.label)
        case AuditsAsked():
            _check_share(body.share)
        case KeyCreated():
            check_role(body.role, body.tenant)
        case _:
            return


def _check_labelled(body: RequestDecided | ExampleGiven | ExamplePinned) -> None:
    if body.forgotten is None:
        check_request(body.text, body.metadata)
    if body.label is not None:
        check_name(body.label, "label")


def _check_trial(body: VersionCanaried | VersionShadowed) -> None:
    if body.version is None:
        return
    check_name(body.version, "version")
    if isinstance(body, VersionCanaried):
        _check_share(body.share)


def _check_share(share: float) -> None:
    if not 0 < share <= 1:
        raise InvalidInput.at(
            "share", f"must be above 0 and at most 1, such as 0.1; got {shown(share)}"
        )


def check_target(precision: float | None, label: str | None) -> None:
    """A precision that is asked for.

    Raises:
        InvalidInput: not a share between 0 and 1, or not a label's name.
    """
    if label is not None:
        check_name(label, "label")
    is_number = isinstance(precision, float | int) and not isinstance(precision, bool)
    if precision is not None and not (is_number and 0 < precision < 1):
        raise InvalidInput.at(
            "precision",
            "must be above 0 and below 1, such as 0.95, or null for the recipe's; "
            f"got {shown(precision)}",
        )


def check_role(role: str, tenant: str) -> None:
    """The role of a new key.

    Raises:
        InvalidInput: unknown, or a tenant where none belongs, or none where one does.
    """
    if role not in ROLES:
        raise InvalidInput.at("role", f"must be one of {', '.join(ROLES)}; got {role!a}")
    if role != "operator":
        check_name(tenant, "tenant")
    elif tenant:
        raise InvalidInput.at("tenant", "doesn't go with the role operator, which has all")


def check_application_event(event: Event, now: int) -> Event:
    """An event that an application logs for itself, unchanged.

    Raises:
        InvalidInput: any part of it can't be accepted, or the kind is one of modelfleet's own.
    """
    if check_is(event, Event, "event").kind in KINDS:
        raise InvalidInput.at(
            "kind", f"'{event.kind}' has a call of its own; this one logs your own kinds"
        )
    return check_event(event, now)
