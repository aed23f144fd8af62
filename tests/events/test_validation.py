"""Bad input is refused by the name of its field and changes nothing; old events stay readable."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.conftest import HandClock

from modelfleet.clock import DAY, HOUR
from modelfleet.errors import InvalidInput
from modelfleet.events import Event, body_of, kinds
from modelfleet.events.validation import (
    MAX_DEPTH,
    MAX_FIELDS,
    MAX_TEXT,
    check_application_event,
    check_event,
    check_name,
    check_request,
)
from modelfleet.fleet import Fleet

GOLDEN = Path(__file__).parent / "golden.jsonl"
NOW = 1_800_000_000_000_000
GOOD = Event("ticket.closed", "acme", NOW, "t1", "team", {"office": "Oslo", "sizes": [1, None]})


def _nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth):
        value = {"a": value, "b": 1}
    return value


BAD_PARTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "a tenant with a slash": ("tenant", {"tenant": "a/b"}, "tenant"),
    "a tenant that climbs": ("tenant", {"tenant": ".."}, "tenant"),
    "a tenant that climbs later": ("tenant", {"tenant": "a..b"}, "tenant"),
    "an empty tenant": ("tenant", {"tenant": ""}, "tenant"),
    "a tenant too long": ("tenant", {"tenant": "a" * 129}, "tenant"),
    "a tenant with a new line": ("tenant", {"tenant": "acme\n"}, "tenant"),
    "a tenant in other letters": ("tenant", {"tenant": "ÅB"}, "tenant"),
    "a tenant that is a number": ("tenant", {"tenant": 5}, "tenant"),
    "no tenant": ("tenant", {"tenant": None}, "tenant"),
    "a task with a slash": ("task", {"task": "../etc"}, "task"),
    "a task that is a number": ("task", {"task": 5}, "task"),
    "a task that is zero": ("task", {"task": 0}, "task"),
    "an empty id": ("id", {"id": ""}, "id"),
    "an id too long": ("id", {"id": "x" * 201}, "id"),
    "an id with a control character": ("id", {"id": "a\x00b"}, "id"),
    "an id that is a number": ("id", {"id": 5}, "id"),
    "a kind in capitals": ("kind", {"kind": "Ticket.Closed"}, "kind"),
    "an empty kind": ("kind", {"kind": ""}, "kind"),
    "a kind too long": ("kind", {"kind": "a" * 101}, "kind"),
    "a kind that is a number": ("kind", {"kind": 5}, "kind"),
    "a kind of ours that isn't known": ("kind", {"kind": "label.renamed"}, "kind"),
    "a time before 1970": ("time", {"time": -1}, "time"),
    "a time tomorrow": ("time", {"time": NOW + DAY}, "time"),
    "a time in a million years": ("time", {"time": 2**63}, "time"),
    "a time that is a text": ("time", {"time": "2026-03-01"}, "time"),
    "a time with a fraction": ("time", {"time": 1.5}, "time"),
    "a time that is a truth value": ("time", {"time": True}, "time"),
    "fields that are a list": ("fields", {"fields": [1, 2]}, "fields"),
    "fields that are a text": ("fields", {"fields": "text"}, "fields"),
    "no fields": ("fields", {"fields": None}, "fields"),
    "not a number": ("fields", {"fields": {"a": {"b": float("nan")}}}, "fields.a.b"),
    "infinity": ("fields", {"fields": {"a": [1, float("-inf")]}}, "fields.a[1]"),
    "an integer too large": ("fields", {"fields": {"a": 2**63}}, "fields.a"),
    "an integer too small": ("fields", {"fields": {"a": -(2**64)}}, "fields.a"),
    "bytes": ("fields", {"fields": {"a": b"x"}}, "fields.a"),
    "a set": ("fields", {"fields": {"a": {1}}}, "fields.a"),
    "a control character": ("fields", {"fields": {"a": "x\x07"}}, "fields.a"),
    "a null character": ("fields", {"fields": {"a": "\x00"}}, "fields.a"),
    "a lone surrogate": ("fields", {"fields": {"a": ["\ud83d"]}}, "fields.a[0]"),
    "a lone surrogate in a key": ("fields", {"fields": {"\udc00": 1}}, "fields (a key)"),
    "a key that is a number": ("fields", {"fields": {5: 1}}, "fields (a key)"),
    "a key too long": ("fields", {"fields": {"k" * 201: 1}}, "fields (a key)"),
    "a text of a megabyte": ("fields", {"fields": {"a": "x" * 2**20}}, "fields.a"),
    "too many values": ("fields", {"fields": {"a": [0] * MAX_FIELDS}}, "fields"),
    "too deep": ("fields", {"fields": _nested(MAX_DEPTH + 1)}, "fields.a.a.a"),
}


@pytest.mark.parametrize("bad", BAD_PARTS)
def test_a_bad_event_is_refused_with_the_name_of_its_field(bad: str) -> None:
    _, change, field = BAD_PARTS[bad]
    event = msgspec.structs.replace(GOOD, **change)
    with pytest.raises(InvalidInput) as refused:
        check_event(event, NOW)
    assert refused.value.faults[0].field.startswith(field)


@pytest.mark.parametrize("bad", BAD_PARTS)
def test_a_bad_event_changes_nothing(small_fleet: Fleet, clock: HandClock, bad: str) -> None:
    clock.time = NOW
    event = msgspec.structs.replace(GOOD, **BAD_PARTS[bad][1])
    good = msgspec.structs.replace(GOOD, id="good")
    for append in (small_fleet.append, small_fleet.import_events):
        with pytest.raises(InvalidInput):
            append([good, event])
    assert small_fleet.log.head() == 0


BAD_BODIES: dict[str, tuple[str, dict[str, Any], str]] = {
    "no label": ("label.defined", {}, "fields"),
    "a label that is a number": ("label.defined", {"label": 5}, "fields.label"),
    "a label that climbs": ("label.defined", {"label": "../it"}, "fields.label"),
    "keywords that are a text": (
        "label.defined",
        {"label": "it", "keywords": "wifi"},
        "fields.keywords",
    ),
    "a misspelt field": ("label.defined", {"label": "it", "keyword": ["wifi"]}, "fields.keyword"),
    "a keyword that is a number": (
        "label.defined",
        {"label": "it", "keywords": ["a", 1]},
        "fields.keywords[1]",
    ),
    "a request without a text": ("request.decided", {}, "fields"),
    "a request with an empty text": ("request.decided", {"text": " "}, "fields.text"),
    "nested metadata": (
        "request.decided",
        {"text": "hi", "metadata": {"a": {"b": 1}}},
        "fields.metadata.a",
    ),
    "an example without a label": ("example.given", {"text": "hi"}, "fields"),
    "feedback on nothing": ("decision.accepted", {}, "fields"),
    "a rating that is a number": (
        "decision.rated",
        {"decision": "d", "helpful": 1},
        "fields.helpful",
    ),
    "a version that climbs": (
        "version.promoted",
        {"version": "../../x"},
        "fields.version",
    ),
    "more audits than decisions": (
        "audits.asked",
        {"alert": "a1", "share": 1.5},
        "fields.share",
    ),
    "a role that isn't one": (
        "key.created",
        {"key": "k", "digest": "d", "role": "god"},
        "fields.role",
    ),
}


@pytest.mark.parametrize("bad", BAD_BODIES)
def test_an_event_of_ours_with_bad_fields_is_refused(small_fleet: Fleet, bad: str) -> None:
    kind, fields, field = BAD_BODIES[bad]
    event = Event(kind, "acme", 1, "x", "team", fields)
    with pytest.raises(InvalidInput) as refused:
        small_fleet.import_events([event])
    named = refused.value.faults[0].field
    assert named.startswith((field, field.removeprefix("fields.")))
    assert small_fleet.log.head() == 0


def test_applications_can_not_log_our_own_kinds_past_their_calls() -> None:
    with pytest.raises(InvalidInput, match="kind"):
        check_application_event(
            Event("label.defined", "acme", NOW, "x", "team", {"label": "it"}), NOW
        )


def test_what_is_unusual_but_right_is_accepted() -> None:
    check_event(GOOD, NOW)
    check_event(msgspec.structs.replace(GOOD, task="", time=0, id="any ID: ÅÄÖ 🙂"), NOW)
    check_event(msgspec.structs.replace(GOOD, time=NOW + HOUR), NOW)
    check_event(msgspec.structs.replace(GOOD, fields={"a": "x" * MAX_TEXT, "": "\n\t"}), NOW)
    check_event(msgspec.structs.replace(GOOD, fields=_nested(MAX_DEPTH)), NOW)
    for name in ("a", "A.b_c@d+e-f", "7", "a" * 128):
        assert check_name(name, "tenant") == name


BAD_REQUESTS: dict[str, tuple[Any, Any, str]] = {
    "an empty text": ("", {}, "text"),
    "blanks": (" \n\t ", {}, "text"),
    "a megabyte": ("x" * 2**20, {}, "text"),
    "a number": (5, {}, "text"),
    "no text": (None, {}, "text"),
    "bytes": (b"hi", {}, "text"),
    "a control character": ("hi\x1b[31m", {}, "text"),
    "a lone surrogate": ("hi \ud800", {}, "text"),
    "metadata that is a list": ("hi", [], "metadata"),
    "nested metadata": ("hi", {"user": {"name": "Ann"}}, "metadata.user"),
    "a list in metadata": ("hi", {"tags": ["a"]}, "metadata.tags"),
    "not a number in metadata": ("hi", {"n": float("nan")}, "metadata.n"),
    "an empty surrogate key": ("hi", {"\ud800": 1}, "metadata"),
    "a key that is a number": ("hi", {5: 1}, "metadata"),
    "too many values": ("hi", {str(n): n for n in range(MAX_FIELDS)}, "metadata"),
}


@pytest.mark.parametrize("bad", BAD_REQUESTS)
def test_a_bad_request_is_refused_and_changes_nothing(small_fleet: Fleet, bad: str) -> None:
    text, metadata, field = BAD_REQUESTS[bad]
    with pytest.raises(InvalidInput) as refused:
        check_request(text, metadata)
    assert refused.value.faults[0].field.startswith(field)
    task = small_fleet.task("acme", "team")
    with pytest.raises(InvalidInput):
        task.decide(text, metadata=metadata if isinstance(metadata, dict) else {"a": metadata})
    assert small_fleet.log.head() == 0


def test_a_time_far_ahead_is_refused_by_every_call(small_fleet: Fleet, clock: HandClock) -> None:
    task = small_fleet.task("acme", "team")
    task.define_label("it")
    decision = task.decide("wifi")
    head = small_fleet.log.head()
    far = clock() + DAY
    with pytest.raises(InvalidInput, match="time"):
        task.decide("wifi", time=far)
    with pytest.raises(InvalidInput, match="time"):
        task.assign(decision.id, "it", time=far)
    assert small_fleet.log.head() == head


def _golden() -> list[Event]:
    return [msgspec.json.decode(line, type=Event) for line in GOLDEN.read_bytes().splitlines()]


def test_there_is_an_old_event_of_every_kind() -> None:
    assert {event.kind for event in _golden()} == kinds.KINDS.keys()


@pytest.mark.parametrize("event", _golden(), ids=lambda event: event.kind)
def test_an_event_written_long_ago_stays_readable(event: Event) -> None:
    body = body_of(check_event(event, NOW))
    assert body is not None
    assert body.kind == event.kind
    plain = msgspec.to_builtins(body)
    written = {name: value for name, value in plain.items() if name in event.fields}
    assert msgspec.json.encode(written, order="sorted") == msgspec.json.encode(
        event.fields, order="sorted"
    )


@pytest.mark.parametrize("event", _golden(), ids=lambda event: event.kind)
def test_an_event_with_fields_of_a_later_release_is_read_but_not_taken_in(event: Event) -> None:
    later = msgspec.structs.replace(event, fields=event.fields | {"of_later": 1})
    assert body_of(later) == body_of(event)
    with pytest.raises(InvalidInput, match=r"fields\.of_later: isn't known here"):
        check_event(later, NOW)
