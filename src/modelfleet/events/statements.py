"""The log's SQL, one named statement each."""

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import chain
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from modelfleet.events.encoding import encode_postgresql, encode_sqlite
from modelfleet.events.event import Logged
from modelfleet.events.key_lookup import ByKeys
from modelfleet.events.query import Query
from modelfleet.events.schema import EVENTS, IS_ALERT, POSITION
from modelfleet.events.terms import LONGEST_EQUAL, equal, numbers_of, present, terms_of

CHANNEL = "modelfleet"
"""What PostgreSQL's listeners are told on at each commit."""

_TAKE = {
    dialect: f"UPDATE log_position SET seq = seq + {mark} RETURNING seq"  # noqa: S608 - our own names
    for dialect, mark in (("sqlite", "?"), ("postgresql", "%s"))
}
_HEAD = sa.select(POSITION.c.seq)
_COLUMNS = ", ".join(column.name for column in EVENTS.columns)
_MOST_ROWS = 64
_MOST_DECISIONS = 100
_INSERT_POSTGRESQL = f"""
WITH found_by AS (
    INSERT INTO event_terms (seq, terms)
    SELECT seq, terms FROM json_to_recordset(%s::json) AS row(seq bigint, terms int[])
)
INSERT INTO events ({_COLUMNS})
SELECT {_COLUMNS} FROM json_to_recordset(%s::json) AS row(
    seq bigint, logged bigint, kind text, tenant text, time bigint, id text, task text, fields jsonb
)
"""  # noqa: S608 - our own names
_TERMS_SQLITE = sa.table("event_terms", sa.column("rowid", sa.BigInteger))
_TERMS = sa.table(
    "event_terms", sa.column("seq", sa.BigInteger), sa.column("terms", ARRAY(sa.Integer))
)
_NOTIFY = f"NOTIFY {CHANNEL}"
_OF_TASK = (
    sa.select(EVENTS)
    .where(
        EVENTS.c.tenant == sa.bindparam("tenant"),
        EVENTS.c.task == sa.bindparam("task"),
        EVENTS.c.kind.in_(sa.bindparam("kinds", expanding=True)),
        EVENTS.c.seq > sa.bindparam("after"),
        EVENTS.c.seq <= sa.bindparam("until"),
    )
    .order_by(EVENTS.c.seq)
)
_BY_IDS = ByKeys(sa.select(EVENTS), EVENTS.c.tenant, EVENTS.c.id)


def _is_sqlite(connection: sa.Connection) -> bool:
    return connection.dialect.name == "sqlite"


def take_numbers(connection: sa.Connection, count: int) -> int:
    """The last number before ``count`` new ones; whoever takes holds the log until they commit."""
    taken = connection.exec_driver_sql(_TAKE[connection.dialect.name], (count,))
    after: int = taken.scalar_one()
    return after - count


def wake_readers(connection: sa.Connection) -> None:
    """Have the log's readers woken at commit; those of SQLite notice by themselves."""
    if not _is_sqlite(connection):
        connection.exec_driver_sql(_NOTIFY)


def head(connection: sa.Connection) -> int:
    """The last number given."""
    seq: int = connection.execute(_HEAD).scalar_one()
    return seq


def insert(connection: sa.Connection, events: Sequence[Logged]) -> None:
    """Write events and the terms that they can be found by.

    On the path of every request, so straight to the driver, and not one statement for each row: at
    every one the driver lets other threads run, and then has to wait for its turn.
    """
    terms = [(event.seq, terms_of(event)) for event in events]
    if _is_sqlite(connection):
        rows = [
            (e.seq, e.logged, e.kind, e.tenant, e.time, e.id, e.task, encode_sqlite(e.fields))
            for e in events
        ]
        _insert_sqlite(connection, f"events ({_COLUMNS})", rows)
        _insert_sqlite(connection, "event_terms (rowid, terms)", terms)
    else:
        found_by = [{"seq": seq, "terms": numbers_of(said)} for seq, said in terms]
        written = encode_sqlite(found_by), encode_postgresql(events)
        connection.exec_driver_sql(_INSERT_POSTGRESQL, written)


def _insert_sqlite(connection: sa.Connection, into: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Write rows by statements of 64, 32, … rows: few enough that all of them stay prepared."""
    start, size = 0, _MOST_ROWS
    while start < len(rows):
        while size > len(rows) - start:
            size //= 2
        some = rows[start : start + size]
        statement = _insert_of(into, len(rows[0]), size)
        connection.exec_driver_sql(statement, tuple(chain.from_iterable(some)))
        start += size


@cache
def _insert_of(into: str, columns: int, size: int) -> str:
    row = f"({', '.join('?' * columns)})"
    return f"INSERT INTO {into} VALUES {', '.join([row] * size)}"  # noqa: S608 - our own names


def by_ids(connection: sa.Connection, ids: Sequence[tuple[str, str]]) -> list[Logged]:
    """The events with these tenants and ids; those that don't exist are left out."""
    return [Logged(*row) for row in _BY_IDS.rows(connection, ids)]


def changes(
    connection: sa.Connection, after: int, until: int, kinds: Iterable[str]
) -> list[tuple[int, str, str, str]]:
    """Where events of some kinds stand within a part of the log, and whose they are."""
    query = sa.select(EVENTS.c.seq, EVENTS.c.tenant, EVENTS.c.task, EVENTS.c.kind).where(
        EVENTS.c.seq > after, EVENTS.c.seq <= until, EVENTS.c.kind.in_(sorted(kinds))
    )
    rows = connection.execute(query.order_by(EVENTS.c.seq)).all()
    return [(seq, tenant, task, kind) for seq, tenant, task, kind in rows]


def alerts(after: int, limit: int) -> sa.Select[Any]:
    """The next events that raise or end an alert, by an index that has nothing else."""
    alone = sa.select(EVENTS).where(EVENTS.c.seq > after, IS_ALERT)
    return alone.order_by(EVENTS.c.seq).limit(limit)


def of_task(
    connection: sa.Connection, tenant: str, task: str, kinds: Iterable[str], within: tuple[int, int]
) -> list[Logged]:
    """A task's events of some kinds behind one place in the log and up to another, in order."""
    after, until = within
    asked = {"tenant": tenant, "task": task, "kinds": sorted(kinds)}
    rows = connection.execute(_OF_TASK, asked | {"after": after, "until": until})
    return [Logged(*row) for row in rows]


def found(
    connection: sa.Connection, query: Query, position: int | None, limit: int
) -> list[Logged]:
    """The first of what a query may want behind a place, by the columns and terms alone."""
    needs = query.needs()
    if not all(needs):
        return []  # a range that ends before it begins
    select = sa.select(EVENTS).where(*_columns(query)).limit(limit)
    seq: sa.ColumnElement[int] = EVENTS.c.seq
    if needs:
        seq, has_terms = _by_terms(connection, needs)
        select = select.where(has_terms, EVENTS.c.seq == seq)
    select = _placed(select, query, position, seq)
    return [Logged(*row) for row in connection.execute(select)]


def about_decisions(
    connection: sa.Connection, decisions: Sequence[tuple[str, str]], kinds: Sequence[str]
) -> list[Logged]:
    """The events of some kinds that were logged about decisions, by tenants and ids, in order."""
    said: dict[int, Logged] = {}
    for start in range(0, len(decisions), _MOST_DECISIONS):
        some = decisions[start : start + _MOST_DECISIONS]
        needs = [sorted({_term_of_decision(decision) for _, decision in some})]
        seq, has_terms = _by_terms(connection, needs)
        select = sa.select(EVENTS).where(has_terms, EVENTS.c.seq == seq, EVENTS.c.kind.in_(kinds))
        found = [Logged(*row) for row in connection.execute(select)]
        said |= {e.seq: e for e in found if (e.tenant, e.fields["decision"]) in some}
    return [said[seq] for seq in sorted(said)]


def _term_of_decision(decision: str) -> str:
    is_found_by_equal = len(decision) <= LONGEST_EQUAL
    return equal("decision", decision) if is_found_by_equal else present("decision")


def places(
    connection: sa.Connection, query: Query, position: int | None, limit: int
) -> Sequence[int]:
    """Where the first stand of what a query may want behind a place, by terms or by columns.

    To look through an index for what many events have costs the same for one page as for all.
    """
    needs = query.needs()
    if not all(needs):
        return []
    if needs:
        seq, has_terms = _by_terms(connection, needs)
        select = sa.select(seq).where(has_terms)
    else:
        seq = EVENTS.c.seq
        select = sa.select(seq).where(*_columns(query))
    return connection.execute(_placed(select.limit(limit), query, position, seq)).scalars().all()


def at_places(connection: sa.Connection, query: Query, seqs: Sequence[int]) -> list[Logged]:
    """The events at some places that a query may want, by the columns alone, in its order."""
    select = sa.select(EVENTS).where(_among(connection, seqs), *_columns(query))
    order = EVENTS.c.seq.desc() if query.newest_first else EVENTS.c.seq
    return [Logged(*row) for row in connection.execute(select.order_by(order))]


def _columns(query: Query) -> list[sa.ColumnElement[bool]]:
    conditions = []
    if query.tenant is not None:
        conditions.append(EVENTS.c.tenant == query.tenant)
    if query.task is not None:
        conditions.append(EVENTS.c.task == query.task)
    if query.kinds:
        conditions.append(EVENTS.c.kind.in_(query.kinds))
    if query.since is not None:
        conditions.append(EVENTS.c.time >= query.since)
    if query.until is not None:
        conditions.append(EVENTS.c.time < query.until)
    return conditions


def _placed(
    select: sa.Select[Any], query: Query, position: int | None, seq: sa.ColumnElement[int]
) -> sa.Select[Any]:
    """What is asked for within a part of the log, in order."""
    select = select.where(seq > query.after)
    if position is not None:
        select = select.where(seq < position if query.newest_first else seq > position)
    if query.upto is not None:
        select = select.where(seq <= query.upto)
    return select.order_by(seq.desc() if query.newest_first else seq)


def _by_terms(
    connection: sa.Connection, needs: list[list[str]]
) -> tuple[sa.ColumnElement[int], sa.ColumnElement[bool]]:
    """The column of places in the index of terms, and whether one has what is needed."""
    if _is_sqlite(connection):
        asked = " AND ".join(f"({' OR '.join(map(_quoted, one_of))})" for one_of in needs)
        return _TERMS_SQLITE.c.rowid, sa.literal_column(_TERMS_SQLITE.name).match(asked)
    numbers = [numbers_of(" ".join(one_of)) for one_of in needs]
    alone = [number for one_of in numbers if len(one_of) == 1 for number in one_of]
    has = [_TERMS.c.terms.contains(alone)] if alone else []
    has += [_TERMS.c.terms.overlap(one_of) for one_of in numbers if len(one_of) > 1]
    return _TERMS.c.seq, sa.and_(*has)


def _quoted(term: str) -> str:
    return '"' + term.replace('"', '""') + '"'


def _among(connection: sa.Connection, seqs: Sequence[int]) -> sa.ColumnElement[bool]:
    """Whether an event is at one of these places, which both databases take as one parameter."""
    if _is_sqlite(connection):
        listed = sa.func.json_each(encode_sqlite(seqs)).table_valued("value")
        return EVENTS.c.seq.in_(sa.select(listed.c.value))
    return EVENTS.c.seq == sa.func.any(sa.bindparam("seqs", seqs, ARRAY(sa.BigInteger)))
