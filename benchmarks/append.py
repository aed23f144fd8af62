"""Durable appends of single events by 64 writers, against a bare batched insert of the same rows.

64 threads log one realistic `request.decided` event at a time, of 200 tenants, through
`Fleet.import_events`: checked, numbered, folded into the catalog, indexed by every field, on the
disk before it is acknowledged, as in production. Then the rows that this left in the table
`events` are written into the same table (same columns, same indexes, same connection settings) of
a fresh database of the same kind by `executemany` alone, in batches of the log's mean batch, each
in one transaction that waits for the disk: as many rows and as many fsyncs, no JSON to encode, no
catalog, no search terms, one thread. The target is half of its rows/s.

Log and bare insert take turns, three rounds, each in a fresh database, since a machine's speed
drifts; rates are those of all rounds together. A second bare insert also writes the search terms:
it tells what the index of every field costs.
"""

import threading
import time
from collections.abc import Sequence
from itertools import cycle
from typing import Any

import msgspec
import sqlalchemy as sa

from machine import measured
from modelfleet.catalog import migrate
from modelfleet.events import Database, Logged
from modelfleet.events.terms import numbers_of, terms_of
from modelfleet.fleet import Fleet
from modelfleet.settings import Settings
from places import Fresh, servers
from report import Figure, at_least, chosen_databases, databases, parser, percentile, show
from world import decided

WRITERS = 64
_PREPARED = 5_000
_ROUNDS = 3
_INSERT = "INSERT INTO events VALUES ({}, {}, {}, {}, {}, {}, {}, {})"
_TERMS = {
    "sqlite": "INSERT INTO event_terms (rowid, terms) VALUES (?, ?)",
    "postgresql": "INSERT INTO event_terms (seq, terms) VALUES (%s, %s)",
}


class Round(msgspec.Struct, frozen=True):
    """What the log did once: its rows and their terms as they lie in the database."""

    rows: list[tuple[Any, ...]]
    terms: list[tuple[int, str | list[int]]]
    commits: int
    seconds: float
    latencies: list[float]

    @property
    def batch(self) -> int:
        """Rows in a commit, on average."""
        return max(1, round(len(self.rows) / self.commits))


class Sums(msgspec.Struct):
    """All rounds together; seconds of each way to write the same rows."""

    rows: int = 0
    commits: int = 0
    log: float = 0.0
    bare: float = 0.0
    with_terms: float = 0.0
    latencies: list[float] = []

    def add(self, done: Round, bare: float, with_terms: float) -> None:
        """Take in a round."""
        self.rows += len(done.rows)
        self.commits += done.commits
        self.log += done.seconds
        self.bare += bare
        self.with_terms += with_terms
        self.latencies += done.latencies


class Writers:
    """Threads that append until the time is over."""

    def __init__(self, fleet: Fleet, seconds: float) -> None:
        self.latencies: list[float] = []
        self.commits = 0
        self._fleet = fleet
        self._seconds = seconds
        self._prepared = list(decided(_PREPARED))
        fleet.log.on_commit(self._count)

    def run(self) -> float:
        """Append; the seconds from the first append to the last acknowledgement."""
        threads = [
            threading.Thread(target=self._write, args=(number,), name=f"writer-{number}")
            for number in range(WRITERS)
        ]
        begun = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.perf_counter() - begun

    def _write(self, writer: int) -> None:
        end = time.perf_counter() + self._seconds
        latencies = []
        for number, event in enumerate(cycle(self._prepared[writer::WRITERS])):
            own = msgspec.structs.replace(event, id=f"{writer}-{number}")
            begun = time.perf_counter()
            if begun > end:
                break
            self._fleet.import_events([own])
            latencies.append(time.perf_counter() - begun)
        self.latencies += latencies

    def _count(self, _events: Sequence[Logged]) -> None:
        self.commits += 1


def through_the_log(fresh: Fresh, seconds: float) -> Round:
    """Append for some seconds; every acknowledged event is found in the database afterwards."""
    url, store = fresh()
    with Fleet(url, settings=Settings(store=str(store)), train=False) as fleet:
        writers = Writers(fleet, seconds)
        taken = writers.run()
        rows = _rows(fleet.database)
        kept = numbers_of if fleet.database.is_postgresql else str
        terms = [(event.seq, kept(terms_of(event))) for event in _read_all(fleet)]
    if len(rows) != len(writers.latencies):
        raise SystemExit(f"{len(writers.latencies)} acknowledged, but {len(rows)} in the log")
    return Round(rows, terms, writers.commits, taken, writers.latencies)


def bare(fresh: Fresh, done: Round, *, with_terms: bool) -> float:
    """Seconds of a bare insert of the same rows in as many commits, into a fresh database."""
    opened = Database(fresh()[0])
    migrate(opened)
    kind = "postgresql" if opened.is_postgresql else "sqlite"
    mark, begin = ("?", "BEGIN IMMEDIATE") if kind == "sqlite" else ("%s", "SELECT 1")
    connection: Any = opened.engine.raw_connection().driver_connection
    cursor = connection.cursor()
    begun = time.perf_counter()
    for start in range(0, len(done.rows), done.batch):
        part = slice(start, start + done.batch)
        cursor.execute(begin)
        cursor.executemany(_INSERT.format(*[mark] * 8), done.rows[part])
        if with_terms:
            cursor.executemany(_TERMS[kind], done.terms[part])
        connection.commit()
    taken = time.perf_counter() - begun
    opened.close()
    return taken


def figures(database: str, sums: Sums) -> list[Figure]:
    """The rows of the table."""
    rate = sums.rows / sums.log
    insert = ("the bare insert", sums.rows / sums.bare)
    target = at_least(5_000, absolute=True)
    return [
        Figure(f"{database}: the log", rate, "rows/s", insert, target),
        Figure("  of a bare insert's rows/s", rate / insert[1], "x", None, at_least(0.5)),
        Figure("  bare insert", insert[1], "rows/s"),
        Figure("  bare insert with search terms", sums.rows / sums.with_terms, "rows/s", insert),
        Figure("  rows in a commit", sums.rows / sums.commits),
        Figure("  commits", sums.commits / sums.log, "/s"),
        Figure("  acknowledged, p50", percentile(sums.latencies, 0.5) * 1000, "ms"),
        Figure("  acknowledged, p99", percentile(sums.latencies, 0.99) * 1000, "ms"),
    ]


def _rows(database: Database) -> list[tuple[Any, ...]]:
    fields = "CAST(fields AS text)" if database.is_postgresql else "fields"
    columns = f"seq, logged, kind, tenant, time, id, task, {fields}"
    with database.reading() as connection:
        found = connection.execute(sa.text(f"SELECT {columns} FROM events ORDER BY seq"))  # noqa: S608 - our own columns
        return [tuple(row) for row in found]


def _read_all(fleet: Fleet) -> list[Logged]:
    found: list[Logged] = []
    while part := fleet.log.read(found[-1].seq if found else 0):
        found += part
    return found


def main() -> None:
    """Measure both databases and print a table for each."""
    arguments = parser(__doc__)
    databases(arguments)
    arguments.add_argument("--seconds", type=float, default=10.0, help="of appending")
    asked = arguments.parse_args()
    needed = {"loop", "fsync"}
    yardstick = measured(asked.folder, needed, quick=asked.quick, file=asked.markdown)
    for database, fresh in servers(chosen_databases(asked), asked.folder):
        sums = Sums()
        for _ in range(_ROUNDS):
            done = through_the_log(fresh, asked.seconds / _ROUNDS)
            times = (bare(fresh, done, with_terms=with_terms) for with_terms in (False, True))
            sums.add(done, *times)
        title = f"{WRITERS} writers, single durable events, {sums.rows:,} in all"
        show(title, figures(database, sums), yardstick.loops(), asked.markdown)


if __name__ == "__main__":
    main()
