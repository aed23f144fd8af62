"""Forgetting: a request, a person's words, or all requests of somebody, out of log and models."""

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from hashlib import blake2b
from itertools import islice
from typing import Any

import msgspec

from modelfleet.catalog import Catalog, Version
from modelfleet.clock import Clock
from modelfleet.errors import Conflict, InvalidInput, NotFound
from modelfleet.events import Condition, Event, EventLog, Logged, Query, kinds, make, new_id
from modelfleet.events.event import same_content
from modelfleet.events.kinds import EVIDENCE, FORGETTABLE
from modelfleet.events.validation import check_event, check_fields, check_id, check_text

_REQUESTS = {
    "decision": kinds.RequestDecided.kind,
    "example": kinds.ExampleGiven.kind,
    "pinned": kinds.ExamplePinned.kind,
}
"""The kinds of events that hold a request, and how the keys of such requests begin."""

_AT_A_TIME = 200  # requests, so that no commit takes long
_NAMED_TOGETHER = 900  # an event holds no more
_MOST_SHOWN = 100
_BYTES = 15  # of a step's id


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


class Order(msgspec.Struct, frozen=True):
    """Who wants something forgotten, and why; ``id`` makes sending it again harmless."""

    by: str | None = None
    why: str = ""
    id: str | None = None

    def step(self, number: int) -> str:
        """The id of an event that carries it out; the first has the order's own."""
        if self.id is None:
            return new_id()
        if number == 0:
            return self.id
        return "e" + blake2b(f"{number}/{self.id}".encode(), digest_size=_BYTES).hexdigest()


_NOBODYS = Order()


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
        self, tenant: str, task: str, what: Forget, order: Order = _NOBODYS
    ) -> list[Forgotten]:
        """Forget; done again, it changes nothing.

        It covers what is in the log at this moment, a little at a time; a call that was cut short
        is simply made again. Under the order's id it covers what was there when it was first given,
        and answers the same. Nothing is returned where nobody and nothing was found.

        Raises:
            InvalidInput: not exactly one thing is named, or it can't be accepted.
            NotFound: there is no such request.
            Conflict: the id was used before for something else.
        """
        _check(what, order)
        steps = self._taken(tenant, task, what, order)
        until = steps[0].seq if steps else None
        while found := self._found(tenant, task, what, until):
            steps += self._emptied(tenant, task, found, order, len(steps))
        if steps:
            self._log.scrub()
        elif what.example is not None:
            steps = self._earlier(tenant, task, what.example)
        return self._told(tenant, task, steps)

    def forgotten(self, tenant: str, task: str) -> list[Forgotten]:
        """What was forgotten, the newest first, up to 100, and whether models are free of it."""
        orders = (kinds.EvidenceForgotten.kind,)
        query = Query(tenant=tenant, task=task, kinds=orders, newest_first=True)
        return self._told(tenant, task, list(islice(self._log.scan(query), _MOST_SHOWN)))

    def _taken(self, tenant: str, task: str, what: Forget, order: Order) -> list[Logged]:
        """The steps that were taken before under an order's id.

        Whose words or which metadata were meant can't be compared: the log doesn't keep that.
        """
        steps: list[Logged] = []
        while order.id is not None and (step := self._log.get(tenant, order.step(len(steps)))):
            steps.append(step)
        if steps:
            same = _event(tenant, task, steps[0].fields.get("events", ()), order, steps[0].time)
            is_same = same_content(steps[0], same)
            if is_same and what.example is not None:
                named = {event.id for event in self._requests(tenant, task, what.example)}
                is_same = not named.isdisjoint(same.fields["events"])
            if not is_same:
                raise Conflict.at("id", f"'{order.id}' was used before for something else")
        return steps

    def _found(self, tenant: str, task: str, what: Forget, until: int | None) -> list[Logged]:
        """Events to empty, some of them if there are many; none once all are."""
        found = self._meant(tenant, task, what)
        return [event for event in found if until is None or event.seq < until]

    def _meant(self, tenant: str, task: str, what: Forget) -> list[Logged]:
        """Some of the events that are meant and hold something, the oldest among them."""
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
        self, tenant: str, task: str, found: Sequence[Logged], order: Order, taken: int
    ) -> list[Logged]:
        """Have events emptied, all or none, after some steps; the steps that had it done."""
        now = self._clock()
        ids = [event.id for event in found]
        groups = [ids[at : at + _NAMED_TOGETHER] for at in range(0, len(ids), _NAMED_TOGETHER)]
        steps = [
            _event(tenant, task, some, order, now, taken + place)
            for place, some in enumerate(groups)
        ]
        return [one.event for one in self._log.append([check_event(one, now) for one in steps])]

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


def _event(
    tenant: str, task: str, events: Sequence[str], order: Order, time: int, step: int = 0
) -> Event:
    body = kinds.EvidenceForgotten(tuple(events), order.by, order.why)
    return make(body, tenant=tenant, task=task, time=time, id=order.step(step))


def _together(events: Iterable[Logged]) -> list[Logged]:
    """Each event once, without those that were emptied before."""
    left = {event.id: event for event in events if "forgotten" not in event.fields}
    return list(left.values())


def _query(tenant: str, task: str, among: Iterable[str], fields: dict[str, Any]) -> Query:
    where = tuple(Condition(field, "=", value) for field, value in fields.items())
    return Query(tenant=tenant, task=task, kinds=tuple(among), where=where)


def _check(what: Forget, order: Order) -> None:
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
    for field, text in (("person", what.person), ("by", order.by)):
        if text is not None:
            check_text(text, field, most=200)
    check_text(order.why, "why", most=1_000)
    if order.id is not None:
        check_id(order.id)
