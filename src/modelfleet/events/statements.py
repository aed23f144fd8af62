"""The log's SQL, one named statement each."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import chain
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from modelfleet.events.encoding import encode_postgresql, encode_sqlite
from modelfleet.events.event import Logged
from modelfleet.events.key_lookup import ByKeys
from modelfleet.events.query import Query
from modelfleet.events.schema import EVENTS, IS_ALERT, POSITION
from modelfleet.events.terms import terms_of

CHANNEL = "modelfleet"
"""What PostgreSQL's listeners are told on at each commit."""

_TAKE = {
    dialect: f"UPDATE log_position SET seq = seq + {mark} RETURNING seq"  # noqa: S608 - our own names
    for dialect, mark in (("sqlite", "?"), ("postgresql", "%s"))
}
_HEAD = sa.select(POSITION.c.seq)
_COLUMNS = ", ".join(column.name for column in EVENTS.columns)
_MOST_ROWS = 64
_EVENTS_POSTGRESQL = (
    f"INSERT INTO events ({_COLUMNS}) SELECT {_COLUMNS} FROM json_to_recordset(%s::json) AS row("  # noqa: S608 - our own names
    "seq bigint, logged bigint, kind text, tenant text, time bigint, id text, task text, "
    "fields jsonb)"
)
_TERMS_POSTGRESQL = (
    "INSERT INTO event_terms (seq, terms) SELECT seq, string_to_array(terms, ' ') "
    "FROM json_to_recordset(%s::json) AS row(seq bigint, terms text)"
)
_TERMS_SQLITE = sa.table("event_terms", sa.column("rowid", sa.BigInteger))
_NOTIFY = sa.text(f"NOTIFY {CHANNEL}")
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
        connection.execute(_NOTIFY)


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
        records = [
            msgspec.structs.asdict(e)
            | {"fields": msgspec.Raw(encode_postgresql(e.fields).encode())}
            for e in events
        ]
        found_by = [{"seq": seq, "terms": said} for seq, said in terms]
        connection.exec_driver_sql(_EVENTS_POSTGRESQL, (encode_sqlite(records),))
        connection.exec_driver_sql(_TERMS_POSTGRESQL, (encode_sqlite(found_by),))


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
    """A page of what a query may want, by the columns and terms alone."""
    needs = query.needs()
    if not all(needs):
        return []  # a range that ends before it begins
    seq: sa.ColumnElement[int] = EVENTS.c.seq
    select = sa.select(EVENTS).where(*_columns(query)).limit(limit)
    if needs and _is_sqlite(connection):
        seq = _TERMS_SQLITE.c.rowid
        select = select.where(_terms_sqlite(needs), EVENTS.c.seq == seq)
    elif needs:
        select = select.where(_terms_postgresql(needs))
    select = select.where(*_places(query, position, seq))
    order = seq.desc() if query.newest_first else seq
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


def _places(
    query: Query, position: int | None, seq: sa.ColumnElement[int]
) -> Iterator[sa.ColumnElement[bool]]:
    """Which part of the log a page is of."""
    yield seq > query.after
    if position is not None:
        yield seq < position if query.newest_first else seq > position
    if query.upto is not None:
        yield seq <= query.upto


def _terms_sqlite(needs: list[list[str]]) -> sa.ColumnElement[bool]:
    """The index gives its rows in order and from any place on: a page costs what it has."""
    asked = " AND ".join(f"({' OR '.join(map(_quoted, one_of))})" for one_of in needs)
    return sa.literal_column(_TERMS_SQLITE.name).match(asked)


def _quoted(term: str) -> str:
    return '"' + term.replace('"', '""') + '"'


def _terms_postgresql(needs: list[list[str]]) -> sa.ColumnElement[bool]:
    table = sa.table("event_terms", sa.column("seq"), sa.column("terms", ARRAY(sa.Text)))
    asked = [
        table.c.terms.contains(one_of) if len(one_of) == 1 else table.c.terms.overlap(one_of)
        for one_of in needs
    ]
    return EVENTS.c.seq.in_(sa.select(table.c.seq).where(*asked))
