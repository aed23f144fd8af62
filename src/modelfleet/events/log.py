"""The log: appended to durably in shared commits, read in order, searched by any field."""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from typing import TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from modelfleet.clock import Clock
from modelfleet.errors import Conflict, LogUnavailable
from modelfleet.events import statements
from modelfleet.events.database import Database
from modelfleet.events.event import Appended, Event, Group, Logged, same_content
from modelfleet.events.query import Query
from modelfleet.events.redaction import redact, scrub
from modelfleet.events.schema import EVENTS

T = TypeVar("T")

Fold = Callable[[sa.Connection, Sequence[Logged], Mapping[int, int]], None]
"""What is derived from the log within the append's own transaction.

Told the new events, and of some of them, by their numbers, up to where in the log their writers had
read; it may refuse one (see `errors.Outdated`), as if it had never been sent.
"""

Tell = Callable[[list[Appended] | Exception], None]
"""Told what became of a group: where its events stand, once that is durable, or why not.

It is called by the log's writing thread, must not raise and should be quick.
"""

_MOST_IN_A_COMMIT = 2_000
_PAGE = 2_000
_FIRST_PAGE = 50  # who asks for one event shouldn't wait for thousands
_MOST_PLACES = 100_000  # remembered of a search, which is then made anew behind them


class _Waiting(msgspec.Struct, frozen=True):
    """A group that is to be logged, and who is to be told of it."""

    group: Group
    tell: Tell


class _Caller:
    """A caller that waits to be told; a lock is all that it takes."""

    __slots__ = ("_answer", "_told")

    def __init__(self) -> None:
        self._told = threading.Lock()
        self._told.acquire()
        self._answer: list[Appended] | Exception = []

    def tell(self, answer: list[Appended] | Exception) -> None:
        """Let the caller go on."""
        self._answer = answer
        self._told.release()

    def wait(self) -> list[Appended]:
        """What it is told, or the error that it is told of."""
        self._told.acquire()
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


class EventLog:
    """The one log of a fleet; safe for any number of threads and processes.

    Callers hand groups of events to one writing thread, which commits all groups that are waiting
    in one transaction: an append is acknowledged when it is on disk, and many share one fsync.
    Numbers are given under the lock of one row that is held until the commit, so their order is
    the order of commits, there are no gaps, and a reader that has seen up to ``seq`` can never
    find a smaller one later.
    """

    def __init__(self, database: Database, fold: Fold, clock: Clock) -> None:
        self._database = database
        self._fold = fold
        self._clock = clock
        self._waiting: SimpleQueue[list[_Waiting] | None] = SimpleQueue()  # None ends the writer
        self._open = threading.Lock()
        self._closed = False
        self._committed: list[Callable[[Sequence[Logged]], None]] = []
        self._writer = threading.Thread(target=self._write_until_closed, name="log-writer")
        self._writer.daemon = True
        self._writer.start()

    def hand_over(self, groups: Iterable[tuple[Group, Tell]]) -> None:
        """Hand over groups that have been checked for the same commit; each stands alone.

        Told are Conflict if an id was used before for something else, LogUnavailable if the
        database can't be reached, and Outdated if what a group knew has changed since.

        Raises:
            LogUnavailable: the log is closed.
        """
        waiting = [_Waiting(group, tell) for group, tell in groups]
        with self._open:
            if self._closed:
                raise LogUnavailable("the log is closed")
            self._waiting.put(waiting)  # at once: each time the writer wakes, and takes its turn

    def submit_each(self, groups: Iterable[Group]) -> list["Future[list[Appended]]"]:
        """Hand over groups; the futures give what is told of each, or raise it. See `hand_over`."""
        taken = [(group, Future[list[Appended]]()) for group in groups]
        self.hand_over((group, partial(settle, future)) for group, future in taken)
        return [future for _, future in taken]

    def submit(self, events: Sequence[Event]) -> "Future[list[Appended]]":
        """Hand over one group of events; see `submit_each`."""
        (answer,) = self.submit_each([Group(events)])
        return answer

    def append(self, events: Sequence[Event]) -> list[Appended]:
        """Log a group of events that have been checked; back when it is durable.

        Raises:
            Conflict: an id was used before for something else.
            LogUnavailable: the database can't be reached, or the log is closed.
        """
        caller = _Caller()
        self.hand_over([(Group(events), caller.tell)])
        return caller.wait()

    def on_commit(self, call: Callable[[Sequence[Logged]], None]) -> None:
        """Have ``call`` told of every event this process logs, before the append is answered."""
        self._committed.append(call)

    def get(self, tenant: str, id: str) -> Logged | None:  # noqa: A002 - its name everywhere
        """One event by its id, None if there is none."""
        query = sa.select(EVENTS).where(EVENTS.c.tenant == tenant, EVENTS.c.id == id)
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else Logged(*row)

    def get_many(self, tenant: str, ids: Sequence[str]) -> dict[str, Logged]:
        """Events of a tenant by their ids; those that don't exist are left out."""
        wanted = [(tenant, one) for one in ids]
        with self._database.reading() as connection:
            return {event.id: event for event in statements.by_ids(connection, wanted)}

    def head(self) -> int:
        """The last number given, 0 for an empty log."""
        with self._database.autocommit() as connection:
            return statements.head(connection)

    def read(self, after: int, limit: int = _PAGE) -> list[Logged]:
        """The events behind ``after``, in order and without a gap."""
        query = sa.select(EVENTS).where(EVENTS.c.seq > after).order_by(EVENTS.c.seq).limit(limit)
        with self._database.reading() as connection:
            return [Logged(*row) for row in connection.execute(query).all()]

    def changes(
        self, after: int, kinds: Collection[str]
    ) -> tuple[int, list[tuple[int, str, str, str]]]:
        """The head of the log, and the ``(seq, tenant, task, kind)`` of events up to there.

        Only events behind ``after`` and of these kinds are listed.
        """
        with self._database.autocommit() as connection:
            head = statements.head(connection)
            return head, statements.changes(connection, after, head, kinds)

    def alerts(self, after: int, limit: int = _PAGE) -> list[Logged]:
        """The events behind ``after`` that raise or end an alert; costs as much as there are."""
        with self._database.reading() as connection:
            return [Logged(*row) for row in connection.execute(statements.alerts(after, limit))]

    def at(self, seqs: Sequence[int]) -> list[Logged]:
        """The events with these numbers, in order."""
        query = sa.select(EVENTS).where(EVENTS.c.seq.in_(seqs)).order_by(EVENTS.c.seq)
        with self._database.reading() as connection:
            return [Logged(*row) for row in connection.execute(query)]

    def of_task(
        self, tenant: str, task: str, kinds: Collection[str], *, after: int = 0, until: int = 2**62
    ) -> list[Logged]:
        """A task's events of some kinds with ``after < seq <= until``, in order."""
        with self._database.autocommit() as connection:
            return statements.of_task(connection, tenant, task, kinds, (after, until))

    def scan(self, query: Query) -> Iterator[Logged]:
        """The events that a query asks for, read page by page as they are taken.

        It is found once where they stand; no transaction is open while a page is being used.
        """
        position, most = None, _FIRST_PAGE
        while True:
            with self._database.reading() as connection:
                places = statements.places(connection, query, position, most)
            for start in range(0, len(places), _PAGE):
                with self._database.reading() as connection:
                    page = statements.at_places(connection, query, places[start : start + _PAGE])
                yield from (event for event in page if query.matches(event))
            if len(places) < most:
                return
            position, most = places[-1], _MOST_PLACES

    def scrub(self) -> None:
        """Have what was forgotten overwritten in the database's files as well."""
        scrub(self._database)

    def close(self) -> None:
        """Finish what was handed over; later appends are refused."""
        with self._open:
            self._closed = True
            self._waiting.put(None)
        self._writer.join()

    def _write_until_closed(self) -> None:
        while (first := self._waiting.get()) is not None:
            taken, last = self._taken_with(first)
            self._commit(taken)
            if last:
                return

    def _taken_with(self, first: list[_Waiting]) -> tuple[list[_Waiting], bool]:
        """What is waiting, as much as fits a commit; and whether it is the last."""
        taken, size = first, _size(first)
        while size < _MOST_IN_A_COMMIT and not self._waiting.empty():
            more = self._waiting.get()
            if more is None:
                return taken, True
            taken += more
            size += _size(more)
        return taken, False

    def _commit(self, taken: list[_Waiting]) -> None:
        """Log all groups in one transaction, or each alone if one of them can't be."""
        try:
            answers = self._logged_together([one.group for one in taken])
        except Exception as error:  # noqa: BLE001 - whatever it is, its callers are told
            if len(taken) == 1:
                taken[0].tell(error)
                return
            for one in taken:
                self._commit([one])
            return
        new = [one.event for answer in answers for one in answer if not one.duplicate]
        for call in self._committed:
            call(new)
        for one, answer in zip(taken, answers, strict=True):
            one.tell(answer)

    def _logged_together(self, groups: list[Group]) -> list[list[Appended]]:
        """Duplicates are rare: looked for only once an insert has met one."""
        with suppress(IntegrityError):
            return self._logged(groups, look_for_duplicates=False)
        try:
            return self._logged(groups, look_for_duplicates=True)
        except IntegrityError as error:
            raise Conflict.at("event", f"contradicts what is there: {error.orig}") from error

    def _logged(self, groups: list[Group], *, look_for_duplicates: bool) -> list[list[Appended]]:
        ids = {(event.tenant, event.id) for group in groups for event in group.events}
        known: list[Logged] = []
        with self._database.writing() as connection:
            if look_for_duplicates:
                statements.take_numbers(connection, 0)  # nobody else may log until this is done
                known = statements.by_ids(connection, sorted(ids))
            seq = statements.take_numbers(connection, len(ids) - len(known))
            numbering = _Numbering(seq, self._clock(), {(e.tenant, e.id): e for e in known})
            answers = [numbering.place(group) for group in groups]
            if numbering.new:
                statements.insert(connection, numbering.new)
                redact(connection, numbering.new)
                self._fold(connection, numbering.new, numbering.known)
                statements.wake_readers(connection)
        return answers


def settle(future: "Future[T]", outcome: T | Exception) -> None:
    """Have a future give an outcome, or raise it; one that its caller has cancelled stays so."""
    if not future.set_running_or_notify_cancel():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


def _size(waiting: Sequence[_Waiting]) -> int:
    return sum(len(one.group.events) for one in waiting)


class _Numbering:
    """Gives the events of one commit their numbers, and tells which were there before."""

    def __init__(self, seq: int, logged: int, before: dict[tuple[str, str], Logged]) -> None:
        self._seq = seq
        self.new: list[Logged] = []
        self.known: dict[int, int] = {}
        self._logged = logged
        self._before = before

    def place(self, group: Group) -> list[Appended]:
        """The group's events as they stand in the log."""
        return [self._placed(event, group.known) for event in group.events]

    def _placed(self, event: Event, known: int | None) -> Appended:
        before = self._before.get((event.tenant, event.id))
        if before is not None:
            if not same_content(before, event):
                raise Conflict.at("id", f"'{event.id}' was used before for something else")
            return Appended(before, duplicate=True)
        self._seq += 1
        placed = Logged(
            self._seq,
            self._logged,
            event.kind,
            event.tenant,
            event.time,
            event.id,
            event.task,
            event.fields,
        )
        self._before[event.tenant, event.id] = placed
        self.new.append(placed)
        if known is not None:
            self.known[self._seq] = known
        return Appended(placed, duplicate=False)
