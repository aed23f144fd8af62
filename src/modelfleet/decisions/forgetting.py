"""Forgetting: a request, a person's words, or all requests of somebody, out of log and models."""

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice
from typing import Any

import msgspec

from modelfleet.catalog import Catalog, Version
from modelfleet.clock import Clock
from modelfleet.errors import InvalidInput, NotFound
from modelfleet.events import Condition, EventLog, Logged, Query, kinds, make
from modelfleet.events.kinds import EVIDENCE, FORGETTABLE
from modelfleet.events.validation import check_event, check_fields, check_text

_REQUESTS = {
    "decision": kinds.RequestDecided.kind,
    "example": kinds.ExampleGiven.kind,
    "pinned": kinds.ExamplePinned.kind,
}
"""The kinds of events that hold a request, and how the keys of such requests begin."""

_AT_A_TIME = 200  # requests, so that no commit takes long
_NAMED_TOGETHER = 900  # an event holds no more
_MOST_SHOWN = 100


class Forget(msgspec.Struct, frozen=True):
    """What is to be forgotten: one of three.

    Attributes:
        example: one request and all that was said about it, by the key that receipts and reasons
            give: ``decision:`` and a decision's id, ``example:`` or ``pinned:`` and an example's
            key, or its event's id if it has none.
        person: everything that somebody said, by the name under ``by``: their words teach no more,
            the requests stay.
        metadata: all requests that have these fields with these values, and all that was said
            about them.
    """

    example: str | None = None
    person: str | None = None
    metadata: dict[str, Any] = {}


class Forgotten(msgspec.Struct, frozen=True):
    """The receipt for one step of forgetting.

    Attributes:
        id: of the event that had it forgotten.
        seq: where in the log that stands.
        time: in microseconds.
        by: who wanted it.
        why: for what reason.
        events: how many events were emptied.
        versions: those that may have learned from them: published after the first of them, and
            trained before this. They keep what they learned, as numbers, wherever their files are.
        free: whether neither the live version nor the canary is one of these.
    """

    id: str
    seq: int
    time: int
    by: str | None
    why: str
    events: int
    versions: tuple[str, ...]
    free: bool


class Forgetting:
    """Has things forgotten, and tells what became of that."""

    def __init__(self, log: EventLog, catalog: Catalog, clock: Clock) -> None:
        self._log = log
        self._catalog = catalog
        self._clock = clock

    def forget(
        self, tenant: str, task: str, what: Forget, *, by: str | None = None, why: str = ""
    ) -> list[Forgotten]:
        """Forget; done again, it changes nothing and answers the same.

        It covers what is in the log at this moment, a little at a time; a call that was cut short
        is simply made again. Nothing is returned where nobody and nothing was found.

        Raises:
            InvalidInput: not exactly one thing is named, or it can't be accepted.
            NotFound: there is no such request.
        """
        _check(what, by, why)
        orders: list[Logged] = []
        while found := self._found(tenant, task, what):
            orders += self._emptied(tenant, task, found, kinds.EvidenceForgotten((), by, why))
        if orders:
            self._log.scrub()
        elif what.example is not None:
            orders = self._earlier(tenant, task, what.example)
        return self._told(tenant, task, orders)

    def forgotten(self, tenant: str, task: str) -> list[Forgotten]:
        """What was forgotten, the newest first, up to 100, and whether models are free of it."""
        orders = (kinds.EvidenceForgotten.kind,)
        query = Query(tenant=tenant, task=task, kinds=orders, newest_first=True)
        return self._told(tenant, task, list(islice(self._log.scan(query), _MOST_SHOWN)))

    def _found(self, tenant: str, task: str, what: Forget) -> list[Logged]:
        """Events to empty, some of them if there are many; none once all are."""
        if what.person is not None:
            query = _query(tenant, task, FORGETTABLE, {"by": what.person})
            return _together(self._some(query))
        if what.example is not None:
            named = self._requests(tenant, task, what.example)
        else:
            fields = {f"metadata.{name}": value for name, value in what.metadata.items()}
            named = self._some(_query(tenant, task, _REQUESTS.values(), fields))
        return _together(about for one in named for about in self._about(one))

    def _requests(self, tenant: str, task: str, key: str) -> list[Logged]:
        """The events that hold a request, by its key."""
        prefix, _, name = key.partition(":")
        kind = _REQUESTS[prefix]
        first = self._log.get(tenant, name)
        events = [first] if first and (first.task, first.kind) == (task, kind) else []
        if prefix != "decision":
            events += self._some(_query(tenant, task, [kind], {"key": name}))
        if not events:
            raise NotFound.at("example", f"{tenant}/{task} has none with the key '{key}'")
        return events

    def _about(self, request: Logged) -> Iterator[Logged]:
        """A request, what was said about it, and others of its key."""
        yield request
        tenant, task = request.tenant, request.task
        if request.kind == kinds.RequestDecided.kind:
            yield from self._log.scan(_query(tenant, task, FORGETTABLE, {"decision": request.id}))
        elif "key" in request.fields:
            same = {"key": request.fields["key"]}
            yield from self._log.scan(_query(tenant, task, [request.kind], same))

    def _some(self, query: Query) -> list[Logged]:
        return list(islice(self._log.scan(query), _AT_A_TIME))

    def _emptied(
        self, tenant: str, task: str, found: Sequence[Logged], body: kinds.EvidenceForgotten
    ) -> list[Logged]:
        """Have events emptied, all or none; the events that had it done."""
        now = self._clock()
        ids = [event.id for event in found]
        groups = [ids[at : at + _NAMED_TOGETHER] for at in range(0, len(ids), _NAMED_TOGETHER)]
        bodies = [msgspec.structs.replace(body, events=tuple(some)) for some in groups]
        orders = [make(one, tenant=tenant, task=task, time=now) for one in bodies]
        return [one.event for one in self._log.append([check_event(one, now) for one in orders])]

    def _earlier(self, tenant: str, task: str, key: str) -> list[Logged]:
        """The events that had a request forgotten before."""
        emptied = {str(event.fields["forgotten"]) for event in self._requests(tenant, task, key)}
        return sorted(self._log.get_many(tenant, sorted(emptied)).values(), key=lambda one: one.seq)

    def _told(self, tenant: str, task: str, orders: Sequence[Logged]) -> list[Forgotten]:
        if not orders:
            return []
        versions, state = self._catalog.versions(tenant, task), self._catalog.task(tenant, task)
        answering = {state.live, state.canary}
        return [self._receipt(order, versions, answering) for order in orders]

    def _receipt(
        self, order: Logged, versions: Sequence[Version], answering: AbstractSet[str | None]
    ) -> Forgotten:
        emptied = self._log.get_many(order.tenant, order.fields["events"]).values()
        taught = (event.logged for event in emptied if event.kind in EVIDENCE)
        first = min(taught, default=order.logged)
        contained = tuple(
            one.version for one in versions if first <= one.published and one.watermark < order.seq
        )
        return Forgotten(
            id=order.id,
            seq=order.seq,
            time=order.time,
            by=order.fields.get("by"),
            why=order.fields.get("why", ""),
            events=len(order.fields["events"]),
            versions=contained,
            free=answering.isdisjoint(contained),
        )


def _together(events: Iterable[Logged]) -> list[Logged]:
    """Each event once, without those that were emptied before."""
    left = {event.id: event for event in events if "forgotten" not in event.fields}
    return list(left.values())


def _query(tenant: str, task: str, among: Iterable[str], fields: dict[str, Any]) -> Query:
    where = tuple(Condition(field, "=", value) for field, value in fields.items())
    return Query(tenant=tenant, task=task, kinds=tuple(among), where=where)


def _check(what: Forget, by: str | None, why: str) -> None:
    if sum((what.example is not None, what.person is not None, bool(what.metadata))) != 1:
        raise InvalidInput.at(
            "example", "must be named, or person, or metadata: exactly one of the three"
        )
    if what.example is not None:
        check_text(what.example, "example", most=250)
        if what.example.partition(":")[0] not in _REQUESTS or not what.example.partition(":")[2]:
            raise InvalidInput.at(
                "example", f"must begin with {': or '.join(_REQUESTS)}:, such as decision:e0gLr7kQm"
            )
    check_fields(what.metadata, "metadata")
    for field, text in (("person", what.person), ("by", by)):
        if text is not None:
            check_text(text, field, most=200)
    check_text(why, "why", most=1_000)
