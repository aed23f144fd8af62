"""How far each outlet is in the log, who tells it now, and which open alerts it knows."""

from collections.abc import Collection, Sequence

import msgspec
import sqlalchemy as sa

from modelfleet.catalog.inserting import insert
from modelfleet.catalog.schema import ALERTS, OPEN
from modelfleet.clock import SECOND
from modelfleet.events import Database
from modelfleet.monitoring.outlets.notice import Notice
from modelfleet.monitoring.outlets.outlet import Outlet
from modelfleet.monitoring.schema import OUTLETS, TOLD

HELD_SECONDS = 120
"""How long one process may take to tell a group before another may try."""


_ALERT = (ALERTS.c.tenant, ALERTS.c.alert, ALERTS.c.seq)
_KNOWN = ["outlet", "tenant", "alert", "seq"]
_IS_LOUD = sa.and_(
    ALERTS.c.muted_by.is_(None), ~sa.func.coalesce(ALERTS.c.body["quiet"].as_boolean(), False)
)


class Place(msgspec.Struct, frozen=True):
    """Where an outlet stands: it knows of everything in the log up to ``position``."""

    outlet: str
    position: int
    holder: str


class OutletState(msgspec.Struct, frozen=True):
    """Whether an outlet can be told: since when it can't, in microseconds, and why not."""

    outlet: str
    kind: str
    position: int
    failing_since: int | None
    error: str | None


class Known(msgspec.Struct, frozen=True):
    """The events that raised an alert, and ended it."""

    raised: int
    ended: int | None


class Positions:
    """The outlets' rows. Every change is conditional: of two processes one tells, not both."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, outlet: Outlet, position: int) -> None:
        """Have an outlet that is new start at ``position``.

        One that is told of open alerts again and again is told of those that there are.
        """
        row = {"outlet": outlet.name, "kind": outlet.kind, "position": position}
        with self._database.writing() as connection:
            one = insert(connection.dialect.name, OUTLETS).values(row)
            new = connection.execute(one.on_conflict_do_nothing())
            if new.rowcount and outlet.repeat is not None:
                loud = sa.select(sa.literal(outlet.name), *_ALERT).where(OPEN, _IS_LOUD)
                there = loud.where(ALERTS.c.seq <= position)
                connection.execute(sa.insert(TOLD).from_select(_KNOWN, there))

    def position(self, outlet: str) -> int:
        """Up to where in the log an outlet was told."""
        query = sa.select(OUTLETS.c.position).where(OUTLETS.c.outlet == outlet)
        with self._database.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def states(self) -> list[OutletState]:
        """All outlets that there ever were, by name."""
        columns = [OUTLETS.c[name] for name in OutletState.__struct_fields__]
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(*columns).order_by(OUTLETS.c.outlet))
            return [OutletState(*row) for row in rows]

    def known(self, outlet: str, alerts: Collection[str] | None = None) -> list[Known]:
        """The alerts that an outlet knows; all, or the open ones of these names."""
        query = sa.select(TOLD.c.seq, TOLD.c.ended).where(TOLD.c.outlet == outlet)
        if alerts is not None:
            query = query.where(TOLD.c.alert.in_(alerts), TOLD.c.ended.is_(None))
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(TOLD.c.seq))
            return [Known(seq, ended) for seq, ended in rows]

    def hold(self, place: Place, now: int) -> bool:
        """Keep others from telling an outlet for a while; False if another does, or it moved on."""
        free = sa.or_(OUTLETS.c.holder == place.holder, OUTLETS.c.held_until <= now)
        held = {"holder": place.holder, "held_until": now + HELD_SECONDS * SECOND}
        with self._database.writing() as connection:
            statement = sa.update(OUTLETS).where(*_at(place), free).values(held)
            return connection.execute(statement).rowcount == 1

    def advance(self, place: Place, to: int, told: Sequence[Notice] = ()) -> bool:
        """Note that an outlet knows everything up to ``to``; False if it had moved on.

        Ends are kept in mind too, until they are forgotten.
        """
        moved = {"position": to, "held_until": 0, "failing_since": None, "error": None}
        with self._database.writing() as connection:
            statement = sa.update(OUTLETS).where(*_at(place)).values(moved)
            if connection.execute(statement).rowcount == 0:
                return False
            _forget(connection, place.outlet, told)
            if told:
                rows = [_row(place.outlet, notice) for notice in told]
                connection.execute(sa.insert(TOLD), rows)
        return True

    def forget(self, outlet: str, over: Sequence[Notice]) -> None:
        """Forget alerts that are over."""
        with self._database.writing() as connection:
            _forget(connection, outlet, over)

    def fail(self, place: Place, error: str, now: int) -> None:
        """Note that an outlet couldn't be told, and since when it can't."""
        since = sa.func.coalesce(OUTLETS.c.failing_since, now)
        failed = {"held_until": 0, "failing_since": since, "error": error}
        with self._database.writing() as connection:
            connection.execute(sa.update(OUTLETS).where(*_at(place)).values(failed))


def _at(place: Place) -> tuple[sa.ColumnElement[bool], ...]:
    return OUTLETS.c.outlet == place.outlet, OUTLETS.c.position == place.position


def _forget(connection: sa.Connection, outlet: str, notices: Sequence[Notice]) -> None:
    for notice in notices:
        tenant, alert = notice.key
        which = (TOLD.c.outlet == outlet, TOLD.c.tenant == tenant, TOLD.c.alert == alert)
        connection.execute(sa.delete(TOLD).where(*which))


def _row(outlet: str, notice: Notice) -> dict[str, object]:
    tenant, alert = notice.key
    ended = notice.seq if notice.ended else None
    return {
        "outlet": outlet,
        "tenant": tenant,
        "alert": alert,
        "seq": notice.raised_by,
        "ended": ended,
    }
