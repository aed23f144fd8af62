"""Finding 50,000 events among millions, by any field.

`--events` decisions are written through the log's own statements, in large transactions, half of
them of one tenant. Then `Fleet.events` is asked for what about 1% of them have: a value equal in
a metadata field, a number in a range, a field that is there at all, two words of the text; and
the same again within the one tenant, which halves it. How many come back is checked against what
was written. Times are until the first event, and until all of them are Python objects; each query
is asked twice, and the faster of both counts, as for a table that is in use.
"""

import time
from collections.abc import Iterator
from itertools import cycle, islice
from statistics import fmean

import msgspec
import numpy as np

from machine import measured
from modelfleet.clock import now
from modelfleet.events import Condition, Logged, Query, statements
from modelfleet.fleet import Fleet
from modelfleet.settings import Settings
from places import servers
from report import Figure, at_most, chosen_databases, databases, parser, show
from world import decided

_IN_A_TRANSACTION = 10_000
_PREPARED = 5_000
_LARGE = "tenant-large"
_SECONDS_FOR_ALL = 10.0
"""'Within seconds' for 50,000 events, taken as ten."""

QUERIES: dict[str, tuple[Condition, ...]] = {
    "equal": (Condition("metadata.room", "=", 42),),
    "range": (Condition("metadata.amount", ">=", 4_200), Condition("metadata.amount", "<", 4_300)),
    "present": (Condition("metadata.escalation", "exists"),),
    "words": (Condition("text", "words", "zeppelin mooring"),),
}


class Found(msgspec.Struct, frozen=True):
    """How many events came, and the seconds until the first and until all."""

    count: int
    first: float
    all: float


def written(count: int) -> Iterator[tuple[Logged, tuple[str, ...]]]:
    """Events with numbers, and which queries each must be found by."""
    generator = np.random.default_rng(3)
    time_logged = now()
    for number, base in enumerate(islice(cycle(list(decided(_PREPARED))), count), 1):
        room, escalated, worded, large = generator.integers(0, 100, 4).tolist()
        amount = round(float(generator.random()) * 10_000, 2)
        metadata = base.fields["metadata"] | {"room": room, "amount": amount}
        text = base.fields["text"]
        if escalated == 0:
            metadata["escalation"] = "second level"
        if worded == 0:
            text = f"{text} The zeppelin left its mooring."
        fields = base.fields | {"metadata": metadata, "text": text}
        tenant = _LARGE if large < 50 else base.tenant
        yield (
            Logged(
                number, time_logged, base.kind, tenant, base.time, f"e{number}", base.task, fields
            ),
            _found_by(room, amount, escalated, worded),
        )


def load(fleet: Fleet, count: int) -> dict[tuple[str, str | None], int]:
    """Write the events; how many each query must find, in all and in the large tenant."""
    expected = {(name, tenant): 0 for name in QUERIES for tenant in (None, _LARGE)}
    left = written(count)
    while part := list(islice(left, _IN_A_TRANSACTION)):
        with fleet.database.writing() as connection:
            statements.take_numbers(connection, len(part))
            statements.insert(connection, [event for event, _ in part])
        for event, names in part:
            for name in names:
                expected[name, None] += 1
                expected[name, _LARGE] += event.tenant == _LARGE
    return expected


def find(fleet: Fleet, query: Query) -> Found:
    """Ask once."""
    begun = time.perf_counter()
    events = fleet.events(query)
    count = int(next(events, None) is not None)
    first = time.perf_counter() - begun
    count += sum(1 for _ in events)
    return Found(count, first, time.perf_counter() - begun)


def figures(fleet: Fleet, expected: dict[tuple[str, str | None], int]) -> list[Figure]:
    """Ask every query, in all tenants and in one."""
    rows = []
    for (name, tenant), count in expected.items():
        query = Query(tenant=tenant, where=QUERIES[name])
        found = min((find(fleet, query) for _ in range(2)), key=lambda found: found.all)
        if found.count != count:
            raise SystemExit(f"{name} found {found.count} events, but {count} have it")
        within = "one tenant" if tenant else "all tenants"
        rows += [
            Figure(f"{name}, {within}: first of {count:,}", found.first * 1000, "ms"),
            Figure("  all", found.all, "s", None, at_most(_SECONDS_FOR_ALL, absolute=True)),
            Figure("  found and read", count / found.all, "events/s"),
        ]
    return rows


def _found_by(room: int, amount: float, escalated: int, worded: int) -> tuple[str, ...]:
    has = {
        "equal": room == 42,
        "range": 4_200 <= amount < 4_300,
        "present": escalated == 0,
        "words": worded == 0,
    }
    return tuple(name for name, found in has.items() if found)


def main() -> None:
    """Measure both databases and print a table for each."""
    arguments = parser(__doc__)
    databases(arguments)
    arguments.add_argument("--events", type=int, default=1_000_000, help="up to 5,000,000")
    asked = arguments.parse_args()
    yardstick = measured(asked.folder, {"loop"}, quick=asked.quick, file=asked.markdown)
    for database, fresh in servers(chosen_databases(asked), asked.folder):
        url, store = fresh()
        with Fleet(url, settings=Settings(store=str(store)), train=False, durable=False) as fleet:
            begun = time.perf_counter()
            expected = load(fleet, asked.events)
            rate = asked.events / (time.perf_counter() - begun)
            rows = [Figure("written in transactions of 10,000", rate, "events/s")]
            rows += figures(fleet, expected)
        share = fmean(expected[name, None] for name in QUERIES) / asked.events
        title = f"{database}: {asked.events:,} events, queries that {share:.2%} have"
        show(title, rows, yardstick.loops(), asked.markdown)


if __name__ == "__main__":
    main()
