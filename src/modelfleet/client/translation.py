"""The library's values as the JSON that a server takes and gives."""

from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from modelfleet.catalog import Alert
from modelfleet.clock import from_datetime, to_datetime
from modelfleet.decisions import Example, Feedback, Reasons, Receipt, Request
from modelfleet.errors import InvalidInput
from modelfleet.events import Condition, Event, Query, new_id
from modelfleet.events.given import check_is
from modelfleet.events.validation import (
    check_fields,
    check_micros,
    check_name,
    check_request,
)
from modelfleet.monitoring import Period
from modelfleet.monitoring.reporting import Report

_TIMES = (
    "time",
    "logged",
    "published",
    "behind_since",
    "since",
    "until",
    "due",
    "changed",
    "failed",
    "enough_by",
    "again",
)

Json = dict[str, Any]
T = TypeVar("T")


def receipt(answer: Json) -> Receipt:
    """What the server says of a line that it took."""
    return Receipt(answer["id"], answer["seq"], answer.get("duplicate", False))


def read(type_: type[T], plain: Json) -> T:
    """JSON as the server writes it, as the type that the library has for it."""
    values = dict(plain)
    for name in _TIMES:
        if isinstance(values.get(name), str):
            values[name] = from_datetime(datetime.fromisoformat(values[name]))
    if "candidates" in values:
        values["candidates"] = [(one["label"], one["probability"]) for one in plain["candidates"]]
    return msgspec.convert(values, type_)


def read_reasons(plain: Json) -> Reasons:
    """Reasons as the server writes them."""
    taught = [
        {**one, "time": from_datetime(datetime.fromisoformat(one["time"]))}
        for one in plain["taught"]
    ]
    return msgspec.convert({**plain, "taught": taught}, Reasons)


def read_alert(plain: Json) -> Alert:
    """An alert as the server writes it."""
    values = {**plain, **_micros(plain, "raised", "raised_again", "ended")}
    if plain["inception"] is not None:
        began = plain["inception"]
        values["inception"] = {**began, **_micros(began, "time", "earliest", "latest")}
    values["actions"] = [{**one, **_micros(one, "taken")} for one in plain["actions"]]
    return msgspec.convert(values, Alert)


def read_report(plain: Json) -> Report:
    """A report as the server writes it."""
    alerts = [read_alert(one) for one in plain["alerts"]]
    releases = [{**one, **_micros(one, "published")} for one in plain["releases"]]
    wrong = [{**one, **_micros(one, "time")} for one in plain["wrong"]]
    parts = {"alerts": (), "releases": releases, "wrong": wrong}
    report = msgspec.convert({**plain, **parts}, Report)
    return msgspec.structs.replace(report, alerts=tuple(alerts))


def _micros(plain: Json, *names: str) -> Json:
    """Some moments of a JSON object in microseconds."""
    return {
        name: from_datetime(datetime.fromisoformat(plain[name]))
        for name in names
        if plain[name] is not None
    }


def request_body(request: Request) -> Json:
    """A request as the server takes it."""
    return _sayable(check_is(request, Request, "request"))


def example_body(example: Example) -> Json:
    """An example as the server takes it."""
    return _sayable(check_is(example, Example, "example"))


def _sayable(said: Request | Example) -> Json:
    """JSON would turn a NaN into a null."""
    check_request(said.text, said.metadata)
    return with_id(said)


def event_body(event: Event) -> Json:
    """An event as the server takes it."""
    check_fields(check_is(event, Event, "event").fields)
    return with_id(event)


def made_by_body(digest: str | None, since: int | None, by: str | None) -> Json:
    """Which versions of a recipe are meant, as the server takes it."""
    return {"digest": digest, "since": _moment(since, "since"), "by": by}


def period_query(period: Period) -> dict[str, str]:
    """Which days are asked for, as the parameters of a path."""
    asked = msgspec.structs.asdict(period).items()
    return {name: str(value) for name, value in asked if value is not None}


def with_id(said: Request | Example | Feedback | Event) -> Json:
    """A write as the server takes it, with an id so that it can be sent again."""
    identity = new_id() if said.id is None else said.id
    return {**msgspec.structs.asdict(said), "id": identity, "time": _moment(said.time, "time")}


def _moment(time: int | None, field: str) -> str | None:
    """A moment in microseconds as the server takes it, None for None."""
    if time is None:
        return None
    try:
        return to_datetime(check_micros(time, field)).isoformat()
    except OverflowError as error:
        raise InvalidInput.at(field, f"must be in microseconds since 1970: {error}") from error


def encode(body: object) -> bytes:
    """JSON.

    Raises:
        InvalidInput: a string isn't well-formed, or something has no form in JSON.
    """
    try:
        return msgspec.json.encode(body)
    except UnicodeEncodeError as error:
        raise InvalidInput.at("body", "must be well-formed Unicode; lone surrogate") from error
    except (OverflowError, TypeError) as error:
        raise InvalidInput.at("body", f"must be JSON: {error}") from error


def parameters(query: Query) -> dict[str, str | list[str]]:
    """A query as the parameters of a path."""
    given: dict[str, str | list[str]] = {
        "kind": list(query.kinds),
        "where": [_condition(condition) for condition in query.where],
        "after": str(query.after),
        "newest_first": str(query.newest_first).lower(),
    }
    if query.task is not None:
        given["task"] = query.task
    for name, time in (("since", query.since), ("until", query.until)):
        if moment := _moment(time, name):
            given[name] = moment
    return given


def _condition(condition: Condition) -> str:
    """As `parse_condition` reads it; signs within a value are escaped as JSON allows."""
    match condition.operator:
        case "exists":
            return condition.field
        case "words":
            return f"{condition.field}:{condition.value}"
    value = encode(condition.value).decode()
    for sign in "<>=":
        value = value.replace(sign, f"\\u{ord(sign):04x}")
    return f"{condition.field}{condition.operator}{value}"


def tenant_path(tenant: str) -> str:
    """The path of all that is a tenant's.

    Raises:
        InvalidInput: the name can't be accepted.
    """
    return f"/api/tenants/{part(check_name(tenant, 'tenant'))}"


def part(name: str) -> str:
    """A name as one part of a path; a part of dots alone would mean another path."""
    encoded = quote(name, safe="")
    return encoded if encoded.strip(".") else encoded.replace(".", "%2E")
