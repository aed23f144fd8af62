"""The SQL of monitoring's fold: reading and writing rows, the same on both databases."""

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from modelfleet.events import Logged, kinds
from modelfleet.events.key_lookup import ByKeys
from modelfleet.events.many import write_many
from modelfleet.events.schema import EVENTS
from modelfleet.monitoring.decided import Decided, Slices, Waiting, Words
from modelfleet.monitoring.finding import Found, TaskKey
from modelfleet.monitoring.learned import Learned
from modelfleet.monitoring.memory import DayKey, DecisionKey, Memory
from modelfleet.monitoring.schema import (
    MATURING,
    MEASURES,
    MONITOR_POSITION,
    MONITOR_SLICES,
    MONITOR_STATES,
)
from modelfleet.monitoring.sums import Day
from modelfleet.monitoring.tally import Table, Tally

_encode = msgspec.msgpack.Encoder().encode
_tally = msgspec.msgpack.Decoder(Tally | Table)
_facts = msgspec.msgpack.Decoder(tuple[Decided, Words])
_slices = msgspec.msgpack.Decoder(Slices)
_learned = msgspec.msgpack.Decoder(Learned)

_POSITION = (MONITOR_POSITION.c.seq, MONITOR_POSITION.c.time)
_WAITING = sa.select(
    MATURING.c.tenant, MATURING.c.decision, MATURING.c.due, MATURING.c.facts, MATURING.c.slices
)
_DUE = _WAITING.where(MATURING.c.due <= sa.bindparam("until"))
_DUE = _DUE.order_by(MATURING.c.due, MATURING.c.seq).limit(sa.bindparam("most"))
_AWAITED = ByKeys(
    _WAITING.join(EVENTS, EVENTS.c.seq == MATURING.c.seq), EVENTS.c.tenant, EVENTS.c.id
)
_OF_TASK = (
    sa.select(EVENTS.c.seq)
    .where(EVENTS.c.tenant == sa.bindparam("of_tenant"), EVENTS.c.task == sa.bindparam("of_task"))
    .where(EVENTS.c.kind == kinds.RequestDecided.kind)
    .where(EVENTS.c.seq >= sa.select(sa.func.min(MATURING.c.seq)).scalar_subquery())
)
_DROP_SLICES = sa.update(MATURING).where(MATURING.c.seq.in_(_OF_TASK)).values(slices=None)
_STATES = ByKeys(sa.select(MONITOR_STATES), MONITOR_STATES.c.tenant, MONITOR_STATES.c.task)
_DAYS = ByKeys(sa.select(MEASURES), MEASURES.c.tenant, MEASURES.c.task, MEASURES.c.day)
_WAITING_COLUMNS = ("seq", "due", "tenant", "decision", "facts", "slices")
_DAY_COLUMNS = ("tenant", "task", "day", "sums", "slices")
_MATURED = sa.delete(MATURING).where(
    sa.tuple_(MATURING.c.due, MATURING.c.seq)
    <= sa.tuple_(sa.bindparam("due_until"), sa.bindparam("seq_until"))
)


class Position(msgspec.Struct, frozen=True):
    """Up to where the log was taken in, and up to when decisions have matured."""

    seq: int
    time: int


def position(connection: sa.Connection) -> Position:
    """The position; the beginning of the log if nothing was taken in."""
    return Position(*connection.execute(sa.select(*_POSITION)).one())


def hold_position(connection: sa.Connection) -> Position:
    """The position, which nobody else can move until this transaction ends."""
    held = sa.update(MONITOR_POSITION).values(seq=MONITOR_POSITION.c.seq)
    return Position(*connection.execute(held.returning(*_POSITION)).one())


def move(connection: sa.Connection, before: Position, after: Position) -> bool:
    """Go on from one position to another; False if somebody else has gone on from there."""
    moved = (
        sa.update(MONITOR_POSITION)
        .where(MONITOR_POSITION.c.seq == before.seq, MONITOR_POSITION.c.time == before.time)
        .values(seq=after.seq, time=after.time)
    )
    return connection.execute(moved).rowcount == 1


def events(connection: sa.Connection, after: int, most: int) -> list[Logged]:
    """The events behind ``after``, in order and without a gap."""
    query = sa.select(EVENTS).where(EVENTS.c.seq > after).order_by(EVENTS.c.seq).limit(most)
    return [Logged(*row) for row in connection.execute(query)]


def next_due(connection: sa.Connection) -> int | None:
    """When the next decision matures, None if none is waiting."""
    found: int | None = connection.execute(sa.select(sa.func.min(MATURING.c.due))).scalar()
    return found


def due(connection: sa.Connection, until: int, most: int) -> list[Waiting]:
    """The first decisions that are due by then, in order."""
    rows = connection.execute(_DUE, {"until": until, "most": most})
    return [_waiting(row) for row in rows]


def awaited(connection: sa.Connection, keys: Sequence[DecisionKey]) -> list[Waiting]:
    """The decisions among these that haven't matured."""
    return [_waiting(row) for row in _AWAITED.rows(connection, keys)]


def states(
    connection: sa.Connection, keys: Sequence[TaskKey]
) -> tuple[dict[TaskKey, Learned], dict[TaskKey, bytes]]:
    """What is learned of tasks, and the states of their detectors."""
    learned, found = {}, {}
    for tenant, task, known, state in _STATES.rows(connection, keys):
        if known is not None:
            learned[tenant, task] = _learned.decode(known)
        if state is not None:
            found[tenant, task] = bytes(state)
    return learned, found


def days(connection: sa.Connection, keys: Sequence[DayKey]) -> dict[DayKey, Day]:
    """The sums of tasks' days."""
    rows = _DAYS.rows(connection, keys)
    return {(tenant, task, day): _day(sums, slices) for tenant, task, day, sums, slices in rows}


def between(
    connection: sa.Connection, task: TaskKey, since: int, until: int
) -> list[tuple[int, Day]]:
    """The sums of a task's days, by field, in order; the last day isn't included."""
    query = (
        sa.select(MEASURES.c.day, MEASURES.c.sums, MEASURES.c.slices)
        .where(MEASURES.c.tenant == task[0], MEASURES.c.task == task[1])
        .where(MEASURES.c.day >= since, MEASURES.c.day < until)
    )
    rows = connection.execute(query.order_by(MEASURES.c.day))
    found = [(day, _day(sums, slices)) for day, sums, slices in rows]
    for _, day in found:
        day.sums.spread()
        day.slices.spread()
    return found


def write(connection: sa.Connection, memory: Memory) -> None:
    """Write what changed. What was forgotten goes first, so that what came after it stays."""
    changed = memory.changed
    if changed.matured_until is not None:
        time, seq = changed.matured_until
        connection.execute(_MATURED, {"due_until": time, "seq_until": seq})
    for task, day in changed.forgotten.items():
        _drop_slices(connection, task, day)
    waiting = [_waiting_row(memory.waiting[key]) for key in changed.waiting]
    _upsert(connection, MATURING, _WAITING_COLUMNS, waiting)
    days = [_day_row(key, memory.days[key]) for key in changed.days]
    _upsert(connection, MEASURES, _DAY_COLUMNS, days)
    learned = [(*task, _encode(memory.learned[task])) for task in changed.learned]
    _upsert(connection, MONITOR_STATES, ("tenant", "task", "learned"), learned)


def write_found(connection: sa.Connection, found: Found) -> None:
    """Write the states of detectors."""
    states = [(*task, state) for task, state in found.states.items()]
    _upsert(connection, MONITOR_STATES, ("tenant", "task", "state"), states)
    slices = [(*key, state) for key, state in found.slices.items()]
    _upsert(connection, MONITOR_SLICES, ("scope", "recipe", "field", "value", "state"), slices)


def _upsert(
    connection: sa.Connection,
    table: sa.Table,
    names: tuple[str, ...],
    rows: Sequence[tuple[Any, ...]],
) -> None:
    """Write rows, whose keys come first, by these: two watchers can't wait for each other."""
    if rows:
        write_many(connection, table, names, sorted(rows))


def _drop_slices(connection: sa.Connection, task: TaskKey, day: int) -> None:
    tenant, name = task
    connection.execute(
        sa.update(MEASURES)
        .where(MEASURES.c.tenant == tenant, MEASURES.c.task == name, MEASURES.c.day >= day)
        .values(slices=None)
    )
    connection.execute(_DROP_SLICES, {"of_tenant": tenant, "of_task": name})


def _waiting(row: sa.Row[*tuple[Any, ...]]) -> Waiting:
    tenant, decision, due_at, facts, slices = row
    decided, words = _facts.decode(facts)
    kept = () if slices is None else _slices.decode(slices)
    return Waiting(tenant, decision, due_at, decided, words, kept)


def _waiting_row(one: Waiting) -> tuple[Any, ...]:
    facts = _encode((one.decided, one.words))
    slices = _encode(one.slices) if one.slices else None
    return one.decided.seq, one.due, one.tenant, one.id, facts, slices


def _day(sums: bytes, slices: bytes | None) -> Day:
    return Day(_tally_of(sums), Tally() if slices is None else _tally_of(slices))


def _tally_of(stored: bytes) -> Tally:
    """A tally, or a table by itself as it was stored at first."""
    found = _tally.decode(stored)
    return found if isinstance(found, Tally) else Tally(table=found)


def _day_row(key: DayKey, day: Day) -> tuple[Any, ...]:
    slices = None if day.slices.empty else _encode(day.slices.settled())
    return (*key, _encode(day.sums.settled()), slices)
