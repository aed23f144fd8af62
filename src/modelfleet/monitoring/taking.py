"""One page of the log, taken in: by the watcher as it comes, by a rebuild from the beginning."""

import msgspec
import sqlalchemy as sa

from modelfleet.events import Database
from modelfleet.events.redaction import overwriting
from modelfleet.monitoring import rows
from modelfleet.monitoring.finding import Find, Found, Seen
from modelfleet.monitoring.fold import fold
from modelfleet.monitoring.loading import Page, load, page_of
from modelfleet.monitoring.memory import Memory
from modelfleet.monitoring.rows import Position
from modelfleet.monitoring.schema import MONITORED

MOST_EVENTS = 5_000
"""Events that one step takes in at most."""


class Taken(msgspec.Struct, frozen=True):
    """What a page came to, not yet written."""

    after: Position
    memory: Memory
    found: Found

    def write(self, connection: sa.Connection) -> None:
        """Write the sums and states that changed; of what they were, nothing stays in the files.

        They may hold what was forgotten since.
        """
        with overwriting(connection):
            rows.write(connection, self.memory)
            rows.write_found(connection, self.found)


def take_in(connection: sa.Connection, at: Position, page: Page, find: Find) -> Taken:
    """Take a page in, in memory, and look for trouble in it."""
    memory = load(connection, page)
    happened = fold(memory, page.events, at.time, page.until)
    found = find(connection, Seen(happened, memory.states, page.until[0]))
    seq = page.events[-1].seq if page.events else at.seq
    return Taken(Position(seq, page.until[0]), memory, found)


def rebuild(database: Database, find: Find) -> int:
    """Derive again from the log all that was taken in; how many events that were.

    In one transaction: appends wait until it is done, readers see what was there before. What is
    found on the way was logged when it was found, and isn't again.
    """
    with database.writing() as connection:
        end = rows.hold_position(connection)
        with overwriting(connection):
            for table in MONITORED:
                connection.execute(sa.delete(table))
        at = Position(0, 0)
        while (page := _next(connection, at, end)) is not None:
            taken = take_in(connection, at, page, find)
            taken.write(connection)
            at = taken.after
        # A watcher that read what was there before must not go on from it: the position differs.
        rows.move(connection, end, Position(end.seq, end.time + 1))
    return end.seq


def _next(connection: sa.Connection, at: Position, end: Position) -> Page | None:
    """The next page up to the end; at last, what had matured by then."""
    most = min(MOST_EVENTS, end.seq - at.seq)
    if most:
        return page_of(connection, at, rows.events(connection, at.seq, most), at.time)
    page = page_of(connection, at, (), end.time)
    return page if page.matures else None
