"""The watcher: takes in the log page by page, looks for trouble in it, and says what it found."""

import threading
from collections.abc import Callable

import msgspec
import sqlalchemy as sa
import structlog

from modelfleet.clock import SECOND, Clock
from modelfleet.events import Database, EventLog, statements
from modelfleet.monitoring import rows
from modelfleet.monitoring.finding import Find
from modelfleet.monitoring.loading import Page, page_of
from modelfleet.monitoring.rows import Position
from modelfleet.monitoring.taking import MOST_EVENTS, take_in

_LONGEST_WAIT = 60.0
_AFTER_TROUBLE = 0.5

_logger = structlog.get_logger()


class Lag(msgspec.Struct, frozen=True):
    """How far behind the log: how many events, and how old the first of them is, in seconds."""

    events: int
    seconds: float


class Watcher:
    """Follows the log. Any number of watchers may share a database: one at a time goes on."""

    def __init__(self, database: Database, log: EventLog, clock: Clock, find: Find) -> None:
        self._database = database
        self._log = log
        self._clock = clock
        self._find = find

    def step(self, most: int = MOST_EVENTS) -> bool:
        """Take in the next page of the log; False if there is nothing to do.

        1. Read a page and all that it touches, as of one moment. Without a page, see what has
           matured since.
        2. Take it in, in memory, and look for trouble.
        3. Log what was found. Ids follow from the log, so doing this again changes nothing.
        4. Write what changed together with the new position, unless another watcher has gone on
           from the same one: then nothing is written.
        """
        with self._database.snapshot() as connection:
            at = rows.position(connection)
            page = self._page(connection, at, most)
            if page is None:
                return False
            taken = take_in(connection, at, page, self._find)
        if taken.found.events:
            self._log.append(taken.found.events)
        with self._database.writing() as connection:
            if rows.move(connection, at, taken.after):
                taken.write(connection)
        return True

    def run(self, stop: threading.Event, wait: Callable[[float], object]) -> None:
        """Call the step until ``stop`` is set; ``wait`` returns when the log grew, or in time."""
        while not stop.is_set():
            try:
                if not self.step():
                    wait(self._seconds_to_next())
            except Exception as error:  # noqa: BLE001 - the process's loop, which must go on
                _logger.warning("watching met trouble; trying again", error=str(error))
                stop.wait(_AFTER_TROUBLE)

    def lag(self) -> Lag:
        """How far the watcher is behind the log."""
        with self._database.snapshot() as connection:
            at = rows.position(connection)
            events = statements.head(connection) - at.seq
            first = rows.events(connection, at.seq, 1)
        seconds = (self._clock() - first[0].logged) / SECOND if first else 0.0
        return Lag(events, max(0.0, seconds))

    def _page(self, connection: sa.Connection, at: Position, most: int) -> Page | None:
        """What to take in next, None if there is nothing."""
        events = rows.events(connection, at.seq, most)
        if events:
            return page_of(connection, at, events, at.time)
        next_due = rows.next_due(connection)
        if next_due is None or next_due > self._clock():
            return None
        now = self._idle_until(at.seq)
        return None if now is None else page_of(connection, at, (), now)

    def _idle_until(self, seq: int) -> int | None:
        """The time, if the log holds nothing behind ``seq``; None if it does.

        Asked while nobody can append: whatever comes later is logged later.
        """
        with self._database.writing() as connection:
            last = statements.take_numbers(connection, 0)
            return self._clock() if last == seq else None

    def _seconds_to_next(self) -> float:
        with self._database.reading() as connection:
            next_due = rows.next_due(connection)
        if next_due is None:
            return _LONGEST_WAIT
        return min(max((next_due - self._clock()) / SECOND, 0.01), _LONGEST_WAIT)
