"""Finding the tasks that are behind: the same time with 1,000 tenants as with 100,000.

Each size is a fresh database with so many tenants, each of one task that is up to date, and 10
that are behind (an operator asked for their training). Measured: `Queue.next_time`, which a worker
that waits asks for, and `Queue.lease`, which queues what fell due and takes it; leases are given
back before the next is timed. On SQLite each lease waits for the disk once, on PostgreSQL too; so
`find` is also timed alone: the statement that looks for tasks that fell due. Sizes are measured
in turns, three rounds, since a machine's speed drifts; the median counts. PostgreSQL's statistics
are brought up to date first, as its autovacuum does within a minute.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack
from statistics import median

import sqlalchemy as sa

from machine import measured
from modelfleet.catalog.schema import AWAITS_ITS_TIME, TASKS
from modelfleet.clock import now
from modelfleet.events import kinds, make
from modelfleet.fleet import Fleet
from modelfleet.settings import Settings
from places import Fresh, servers
from report import Figure, at_most, chosen_databases, databases, parser, show
from world import TASK

BEHIND = 10
_TOGETHER = 2_000
_ROUNDS, _TIMES = 3, 20
_FIND = sa.select(TASKS.c.tenant, TASKS.c.task).where(AWAITS_ITS_TIME).order_by(TASKS.c.due)


def filled(fresh: Fresh, tenants: int) -> Fleet:
    """A fleet of so many tenants, ten of them behind."""
    url, store = fresh()
    fleet = Fleet(url, settings=Settings(store=str(store)), train=False)
    label = kinds.LabelDefined("it", "IT support")
    for start in range(0, tenants, _TOGETHER):
        numbers = range(start, min(start + _TOGETHER, tenants))
        fleet.import_events(
            make(label, tenant=f"tenant-{number:06d}", task=TASK, time=now()) for number in numbers
        )
    step = tenants // BEHIND
    for number in range(0, step * BEHIND, step):
        fleet.task(f"tenant-{number:06d}", TASK).retry_training()
    if fleet.database.is_postgresql:
        with fleet.database.writing() as connection:
            connection.execute(sa.text("ANALYZE"))
    return fleet


def next_time(fleet: Fleet) -> float:
    """Seconds of one look."""
    begun = time.perf_counter()
    found = fleet.queue.next_time()
    taken = time.perf_counter() - begun
    if found is None:
        raise SystemExit("next_time finds nobody, but some are behind")
    return taken


def find(fleet: Fleet) -> float:
    """Seconds of the statement that looks for who fell due, alone."""
    begun = time.perf_counter()
    with fleet.database.reading() as connection:
        found = connection.execute(_FIND.where(TASKS.c.due <= now()).limit(500)).all()
    taken = time.perf_counter() - begun
    if len(found) != BEHIND:
        raise SystemExit(f"{len(found)} tasks fell due, but {BEHIND} are behind")
    return taken


def lease(fleet: Fleet) -> float:
    """Seconds of leasing all that are behind; they are given back."""
    begun = time.perf_counter()
    leases = fleet.queue.lease("benchmark", now(), 60.0, BEHIND)
    taken = time.perf_counter() - begun
    if len(leases) != BEHIND:
        raise SystemExit(f"{len(leases)} tasks were leased, but {BEHIND} are behind")
    for one in leases:
        fleet.queue.release(one)
    return taken


MEASURES: dict[str, Callable[[Fleet], float]] = {
    "next_time": next_time,
    "find": find,
    "lease 10": lease,
}


def medians(fleets: dict[int, Fleet]) -> dict[tuple[str, int], float]:
    """Seconds of each measure at each size."""
    taken: dict[tuple[str, int], list[float]] = {}
    for _ in range(_ROUNDS):
        for size, fleet in fleets.items():
            for name, measure in MEASURES.items():
                times = [measure(fleet) for _ in range(_TIMES)]
                taken.setdefault((name, size), []).extend(times)
    return {key: median(times) for key, times in taken.items()}


def figures(found: dict[tuple[str, int], float], sizes: list[int]) -> list[Figure]:
    """The rows of the table; each size against the smallest."""
    rows = []
    for name in MEASURES:
        smallest = found[name, sizes[0]]
        for size in sizes:
            seconds = found[name, size]
            rows.append(Figure(f"{name}, {size:,} tenants", seconds * 1000, "ms"))
            if size != sizes[0]:
                ratio = seconds / smallest
                rows.append(Figure("  of the smallest's time", ratio, "x", None, at_most(2.0)))
    return rows


def main() -> None:
    """Measure both databases and print a table for each."""
    arguments = parser(__doc__)
    databases(arguments)
    arguments.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    asked = arguments.parse_args()
    parts = {"loop", "fsync"}
    yardstick = measured(asked.folder, parts, quick=asked.quick, file=asked.markdown)
    for database, fresh in servers(chosen_databases(asked), asked.folder):
        with ExitStack() as opened:
            fleets = {size: opened.enter_context(filled(fresh, size)) for size in asked.sizes}
            found = medians(fleets)
        title = f"{database}: who is behind, {BEHIND} tasks among all"
        show(title, figures(found, asked.sizes), yardstick.loops(), asked.markdown)


if __name__ == "__main__":
    main()
