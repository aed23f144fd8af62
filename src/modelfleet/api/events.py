"""Routes of the log itself: applications' own events, queries, export and import."""

from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import islice

import msgspec
from litestar.types import ASGIApp
from msgspec.json import Decoder

from modelfleet.api import samples
from modelfleet.api.answers import EventAnswer, EventsAnswer, LineAnswer, event_answer
from modelfleet.api.call import Call, Streamed, json
from modelfleet.api.lines import take_lines
from modelfleet.api.located import located
from modelfleet.api.operation import LINES, OF_TENANT, Content, Operation, route
from modelfleet.api.wire import (
    MOST_AT_ONCE,
    EventBody,
    EventsQuery,
    ImportedEvent,
    TenantEventsQuery,
    micros,
)
from modelfleet.decisions import Receipt
from modelfleet.errors import InvalidInput
from modelfleet.events import Logged, Query, parse_condition
from modelfleet.events.validation import check_application_event, check_name

_GROUP = "events"
_EVENTS = Decoder(EventBody | tuple[EventBody, ...])
_IMPORTED = Decoder(ImportedEvent)
_PAGE = 100
_CHUNK = 500
_ANSWERS = (
    Content(EventsAnswer, {"events": [samples.EVENT], "after": 7, "more": False}),
    Content(EventAnswer, samples.EVENT, LINES),
)
_PAGING = (
    "Oldest first, in pages of `limit` (100 unless told, 1,000 at most); the next page begins "
    "`after` the number that the answer has. `newest_first` gives one page, and in `after` the "
    "number behind which what is logged from now on comes. With `Accept: application/x-ndjson` "
    "the whole answer is streamed, an event on each line, as `POST /api/import` takes it."
)


@route(
    "POST",
    f"{OF_TENANT}/events",
    Operation(
        role="owner",
        group=_GROUP,
        summary="Log an event of an application's own, or a list of up to 1,000 (all or none)",
        body=Content(EventBody | tuple[EventBody, ...], samples.EVENT_BODY),
        answers=(
            Content(
                Receipt | tuple[Receipt, ...],
                {"id": "closed-4711", "seq": 7, "duplicate": False},
            ),
        ),
    ),
)
async def append_events(call: Call) -> ASGIApp:
    """Log an application's own events."""
    body = await call.read(_EVENTS)
    if isinstance(body, EventBody):
        event = body.event(call.parameters["tenant"], call.fleet.clock())
        (receipt,) = await call.in_thread(call.fleet.append, [event])
        return json(receipt)
    if len(body) > MOST_AT_ONCE:
        raise InvalidInput.at("body", f"must be at most {MOST_AT_ONCE:,} events")
    return json(await call.in_thread(_appended, call, body))


@route(
    "GET",
    f"{OF_TENANT}/events",
    Operation(
        role="owner",
        group=_GROUP,
        summary="A tenant's events, by task, kind, time and any field",
        description=_PAGING,
        query=TenantEventsQuery,
        answers=_ANSWERS,
    ),
)
async def tenant_events(call: Call) -> ASGIApp:
    """A tenant's events."""
    tenant = check_name(call.parameters["tenant"], "tenant")
    return await _found(call, call.query(TenantEventsQuery), tenant)


@route(
    "GET",
    "/api/events",
    Operation(
        role="operator",
        group=_GROUP,
        summary="Events of all tenants, by task, kind, time and any field",
        description=_PAGING,
        query=EventsQuery,
        answers=_ANSWERS,
    ),
)
async def all_events(call: Call) -> ASGIApp:
    """Events of all tenants."""
    query = call.query(EventsQuery)
    return await _found(call, query, query.tenant)


@route(
    "POST",
    "/api/import",
    Operation(
        role="operator",
        group=_GROUP,
        summary="Log events of any kind, one on each line, such as another fleet exported",
        description="Each line is answered for; one that can't be accepted changes nothing and "
        "doesn't stop the others. A line has at most 1 MB. The answer comes after the whole body.",
        body=Content(ImportedEvent, samples.IMPORTED, LINES),
        answers=(Content(LineAnswer, samples.LINE, LINES),),
    ),
)
async def import_events(call: Call) -> ASGIApp:
    """Log each line's event as it is."""

    def take(bodies: Sequence[ImportedEvent]) -> list[Receipt]:
        return call.fleet.import_events([body.event() for body in bodies])

    return await take_lines(call, _IMPORTED, take)


def _appended(call: Call, bodies: Sequence[EventBody]) -> list[Receipt]:
    now = call.fleet.clock()
    events = [body.event(call.parameters["tenant"], now) for body in bodies]
    with located(events, lambda event: check_application_event(event, now), ""):
        return call.fleet.append(events)


async def _found(call: Call, asked: TenantEventsQuery, tenant: str | None) -> ASGIApp:
    if asked.newest_first and asked.after:
        raise InvalidInput.at("after", "must be left out with newest_first, which has one page")
    events = call.fleet.events(_query(asked, tenant))
    if call.accepts_lines:
        wanted = islice(events, asked.limit) if asked.limit else events
        return Streamed(_exported(call, wanted), b"application/x-ndjson")
    limit = asked.limit or _PAGE
    if limit > MOST_AT_ONCE:
        raise InvalidInput.at("limit", f"must be at most {MOST_AT_ONCE:,}; or ask for NDJSON")
    found = await call.in_thread(lambda: list(islice(events, limit + 1)))
    page = tuple(event_answer(event) for event in found[:limit])
    after = max((event.seq for event in page), default=asked.after)
    return json(EventsAnswer(page, after, len(found) > limit))


def _query(asked: TenantEventsQuery, tenant: str | None) -> Query:
    return Query(
        tenant=tenant,
        task=asked.task,
        kinds=asked.kind,
        since=micros(asked.since),
        until=micros(asked.until),
        after=asked.after,
        where=tuple(parse_condition(condition) for condition in asked.where),
        newest_first=asked.newest_first,
    )


async def _exported(call: Call, events: Iterator[Logged]) -> AsyncIterator[bytes]:
    def lines() -> bytes:
        chunk = islice(events, _CHUNK)
        return b"".join(msgspec.json.encode(event_answer(event)) + b"\n" for event in chunk)

    while chunk := await call.in_thread(lines):
        yield chunk


ROUTES = (append_events, tenant_events, all_events, import_events)
