"""Loading what a page of the log touches, at a few queries whatever it holds."""

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from modelfleet.events import Condition, Logged, Query, kinds, statements
from modelfleet.events.schema import EVENTS
from modelfleet.monitoring import rows
from modelfleet.monitoring.decided import WORDS, Waiting, Words, decided_of, heard
from modelfleet.monitoring.fold import slices_of
from modelfleet.monitoring.learned import recipes_after
from modelfleet.monitoring.memory import FLEET, DecisionKey, Memory, Moment
from modelfleet.monitoring.rows import Position
from modelfleet.monitoring.sums import day_of

MOST_DUE = 5_000
"""Decisions that mature in one step at most."""
_MOST_WORDS = 1_000
_MOST_PUBLISHED = 64
_WORDS = frozenset(WORDS)
_BEHIND = 2**63 - 1


class Page(msgspec.Struct, frozen=True):
    """Events to take in, and until when decisions mature after them.

    ``matures`` holds those that had been waiting and will have matured by then.
    """

    events: Sequence[Logged]
    until: Moment
    matures: Sequence[Waiting]


def page_of(connection: sa.Connection, at: Position, events: Sequence[Logged], until: int) -> Page:
    """As many of the events as can be taken in at once.

    If too many decisions are due, the page ends before the event that comes after the last of them.
    """
    until = max([at.time, until, *(event.logged for event in events)])
    waiting = rows.due(connection, until, MOST_DUE)
    if len(waiting) < MOST_DUE:
        return Page(events, (until, _BEHIND), waiting)
    last = waiting[-1]
    taken, now = 0, at.time
    for event in events:
        now = max(now, event.logged)
        if now >= last.due:
            break
        taken += 1
    return Page(events[:taken], (last.due, last.decided.seq), waiting)


def load(connection: sa.Connection, page: Page) -> Memory:
    """All that the page touches, as it was before."""
    memory = Memory()
    said = [event for event in page.events if event.kind in _WORDS]
    decisions = [event for event in page.events if event.kind == kinds.RequestDecided.kind]
    waiting = {(one.tenant, one.id): one for one in page.matures}
    about = dict.fromkeys((event.tenant, str(event.fields["decision"])) for event in said)
    for one in rows.awaited(connection, [key for key in about if key not in waiting]):
        waiting[one.tenant, one.id] = one
    for one in waiting.values():
        memory.await_words(one, known=True)
    known = waiting.keys() | {(event.tenant, event.id) for event in decisions}
    late = _decisions(connection, [key for key in about if key not in known])
    tasks = {(event.tenant, event.task) for event in page.events if event.task} | {FLEET}
    tasks |= {(one.tenant, one.decided.task) for one in waiting.values()}
    memory.learned, memory.states = rows.states(connection, sorted(tasks))
    _load_late(connection, memory, late, said)
    _load_oldest(connection, memory, page.events)
    _load_days(connection, memory, decisions)
    return memory


def _decisions(connection: sa.Connection, keys: Sequence[DecisionKey]) -> list[Logged]:
    found = statements.by_ids(connection, sorted(keys)) if keys else []
    return [event for event in found if event.kind == kinds.RequestDecided.kind]


def _recipes(connection: sa.Connection, decision: Logged) -> dict[str, str]:
    """What was known of versions' recipes when a decision was made."""
    newest = (
        sa.select(EVENTS)
        .where(EVENTS.c.tenant == decision.tenant, EVENTS.c.task == decision.task)
        .where(EVENTS.c.kind == kinds.VersionPublished.kind, EVENTS.c.seq <= decision.seq)
        .order_by(EVENTS.c.seq.desc())
        .limit(_MOST_PUBLISHED)
    )
    published = [Logged(*row).fields for row in connection.execute(newest)]
    return recipes_after((one["version"], one["recipe"]) for one in reversed(published))


def _load_late(
    connection: sa.Connection, memory: Memory, late: Sequence[Logged], said: Sequence[Logged]
) -> None:
    """Decisions that had matured before, with what had been said of them before this page."""
    first: dict[DecisionKey, int] = {}
    for event in said:
        first.setdefault((event.tenant, event.fields["decision"]), event.seq)
    for event in late:
        key = event.tenant, event.id
        if event.seq > first[key]:
            continue
        decided = decided_of(event, _recipes(connection, event))
        words = Words()
        for word in _said_before(connection, event, first[key]):
            words = heard(words, decided, word)
        slices = slices_of(memory.knows((event.tenant, event.task)), event)
        memory.matured[key] = Waiting(*key, 0, decided, words, slices)


def _said_before(connection: sa.Connection, decision: Logged, seq: int) -> list[Logged]:
    query = Query(
        tenant=decision.tenant,
        task=decision.task,
        kinds=WORDS,
        after=decision.seq,
        where=(Condition("decision", "=", decision.id),),
    )
    found = statements.found(connection, query, None, _MOST_WORDS)
    return [word for word in found if word.seq < seq and query.matches(word)]


def _load_oldest(connection: sa.Connection, memory: Memory, events: Sequence[Logged]) -> None:
    """The day of the oldest request that each order to forget names."""
    for order in events:
        if order.kind == kinds.EvidenceForgotten.kind:
            named = [(order.tenant, id_) for id_ in order.fields["events"]]
            found = _decisions(connection, named)
            days = [day_of(one.logged) for one in found if one.fields.get("forgotten") == order.id]
            if days:
                memory.oldest[order.seq] = min(days)


def _load_days(connection: sa.Connection, memory: Memory, decisions: Sequence[Logged]) -> None:
    keys = {(event.tenant, event.task, day_of(event.logged)) for event in decisions}
    for one in (*memory.waiting.values(), *memory.matured.values()):
        keys.add((one.tenant, one.decided.task, day_of(one.decided.time)))
    keys |= {(*FLEET, day) for _, _, day in keys}
    memory.days = rows.days(connection, sorted(keys)) if keys else {}
