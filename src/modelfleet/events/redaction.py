"""Emptying events of what came from a person: the one change that the log ever makes to itself."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec
import sqlalchemy as sa

from modelfleet.events import statements
from modelfleet.events.database import Database
from modelfleet.events.event import Logged
from modelfleet.events.kinds import FORGETTABLE, EvidenceForgotten, Json
from modelfleet.events.schema import EVENTS
from modelfleet.events.terms import numbers_of, terms_of

_PERSONAL = {"metadata", "by"}
_EMPTIED = {"text": ""}

_REWRITE = (
    sa.update(EVENTS)
    .where(EVENTS.c.seq == sa.bindparam("at"))
    .values(fields=sa.bindparam("emptied", type_=EVENTS.c.fields.type))
)
_TERMS_POSTGRESQL = "UPDATE event_terms SET terms = %s WHERE seq = %s"
# A contentless index must be told what it held: what `terms_of` says may change only together with
# an index made anew, or events would be forgotten with some of their words left behind.
_TAKE_TERMS = "INSERT INTO event_terms (event_terms, rowid, terms) VALUES ('delete', ?, ?)"
_GIVE_TERMS = "INSERT INTO event_terms (rowid, terms) VALUES (?, ?)"
# 64 pages a step; the minus sign has the whole index become one.
_BEGIN_MERGE = "INSERT INTO event_terms (event_terms, rank) VALUES ('merge', -64)"
_GO_ON_MERGING = "INSERT INTO event_terms (event_terms, rank) VALUES ('merge', 64)"
_WRITTEN = "SELECT total_changes()"
_NOTHING_LEFT = 2  # rows that a merge without work writes, at most


def redact(connection: sa.Connection, events: Sequence[Logged]) -> None:
    """Empty what events of the kind `EvidenceForgotten` among ``events`` name.

    Their place, id, kind, labels and figures stay, so every count stays what it was. Events that
    aren't there, came later, or are of another task or kind are passed over.
    """
    for order in events:
        if order.kind == EvidenceForgotten.kind:
            named = [(order.tenant, id_) for id_ in order.fields["events"]]
            found = statements.by_ids(connection, named)
            _empty(connection, [event for event in found if _concerns(order, event)], order.id)


def scrub(database: Database) -> None:
    """Have what was emptied overwritten in SQLite's files, a little at a time.

    PostgreSQL's own vacuum does the same for its files.
    """
    if database.is_postgresql:
        return
    statement = _BEGIN_MERGE
    while _merged(database, statement) > _NOTHING_LEFT:
        statement = _GO_ON_MERGING
    with database.reading() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").all()


def _concerns(order: Logged, event: Logged) -> bool:
    if event.task != order.task or event.kind not in FORGETTABLE or event.seq > order.seq:
        return False
    return "forgotten" not in event.fields


def _empty(connection: sa.Connection, events: Sequence[Logged], order: str) -> None:
    if not events:
        return
    emptied = [
        msgspec.structs.replace(event, fields=_emptied(event.fields, order)) for event in events
    ]
    with overwriting(connection):
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(_TAKE_TERMS, _terms(events))
            connection.exec_driver_sql(_GIVE_TERMS, _terms(emptied))
        else:
            pairs = [(numbers_of(terms), seq) for seq, terms in _terms(emptied)]
            connection.exec_driver_sql(_TERMS_POSTGRESQL, pairs)
        rows = [{"at": event.seq, "emptied": event.fields} for event in emptied]
        connection.execute(_REWRITE, rows)


def _terms(events: Sequence[Logged]) -> list[tuple[int, str]]:
    return [(event.seq, terms_of(event)) for event in events]


@contextmanager
def overwriting(connection: sa.Connection) -> Iterator[None]:
    """Have SQLite write zeros over what is deleted; it would leave it in the file otherwise."""
    if connection.dialect.name != "sqlite":
        yield
        return
    connection.exec_driver_sql("PRAGMA secure_delete=ON")
    yield
    connection.exec_driver_sql("PRAGMA secure_delete=OFF")


def _emptied(fields: dict[str, Json], order: str) -> dict[str, Json]:
    kept = {
        name: _EMPTIED.get(name, value) for name, value in fields.items() if name not in _PERSONAL
    }
    return kept | {"forgotten": order}


def _merged(database: Database, statement: str) -> int:
    """Take one step of merging the index, so that what it was told to forget is gone; its size."""
    with database.writing() as connection, overwriting(connection):
        before: int = connection.exec_driver_sql(_WRITTEN).scalar_one()
        connection.exec_driver_sql(statement)
        after: int = connection.exec_driver_sql(_WRITTEN).scalar_one()
    return after - before
