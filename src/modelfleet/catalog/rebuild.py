"""Deriving the whole catalog again from the log alone."""

import sqlalchemy as sa

from modelfleet.catalog.fold import CatalogFold
from modelfleet.catalog.schema import FLEET, FOLDED
from modelfleet.events import Database, Logged
from modelfleet.events.schema import EVENTS
from modelfleet.events.statements import take_numbers

_PAGE = 5_000


def rebuild(database: Database, fold: CatalogFold) -> int:
    """Empty the catalog and fold every event again, in one transaction; how many there are.

    Appends wait until it is done; readers see the old catalog until then. Leases are lost, which
    at worst trains a task twice.
    """
    with database.writing() as connection:
        head = take_numbers(connection, 0)
        for table in FOLDED:
            connection.execute(sa.delete(table))
        connection.execute(sa.insert(FLEET), {"only": 1})
        for start in range(0, head, _PAGE):
            fold(connection, _page(connection, start))
    return head


def _page(connection: sa.Connection, after: int) -> list[Logged]:
    query = sa.select(EVENTS).where(EVENTS.c.seq > after).order_by(EVENTS.c.seq).limit(_PAGE)
    return [Logged(*row) for row in connection.execute(query)]
