"""The sums are a fold of the log: however it was read, and rebuilt from it, they are the same."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.catalog.test_rebuild import Logs, logs  # noqa: F401 - a fixture
from tests.conftest import HandClock
from tests.monitoring.histories import HISTORIES

from modelfleet.catalog import CatalogFold
from modelfleet.events import Database, Event, EventLog
from modelfleet.monitoring.finding import find_nothing
from modelfleet.monitoring.schema import MONITOR_POSITION, MONITORED
from modelfleet.monitoring.taking import rebuild
from modelfleet.monitoring.watcher import Watcher
from modelfleet.recipe import load_recipe

POLICY = load_recipe().policy
START = 1_700_000_000_000_000
DECIDED = {"text": "no wifi", "label": "it", "candidates": [["it", 0.9]], "confidence": 0.9}


def tables(database: Database) -> dict[str, list[dict[str, Any]]]:
    """All that monitoring keeps."""
    with database.reading() as connection:
        found = {
            table.name: [dict(row) for row in connection.execute(sa.select(table)).mappings()]
            for table in MONITORED
        }
    return {name: sorted(rows, key=str) for name, rows in found.items()}


def log_and_watch(
    database: Database, history: Sequence[tuple[Event, int]], size: int, looks: set[int]
) -> None:
    """Log a history, in pages of a size, looking after some of the events and at the end."""
    clock = HandClock(START)
    log = EventLog(database, CatalogFold(POLICY), clock)
    watcher = Watcher(database, log, clock, find_nothing)
    for number, (event, seconds) in enumerate(history):
        clock.advance(seconds)
        log.append([event])
        while number in looks and watcher.step(size):
            pass
    clock.advance(3600)
    while watcher.step(size):
        pass
    log.close()


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=HISTORIES, size=st.integers(1, 9), looks=st.sets(st.integers(0, 39)))
def test_in_any_pages_at_any_times_and_rebuilt_the_sums_are_the_same(
    logs: Logs,  # noqa: F811 - the fixture
    history: list[tuple[Event, int]],
    size: int,
    looks: set[int],
) -> None:
    logs.empty()
    for database in (logs.one_by_one, logs.grouped):
        start_again(database)
    log_and_watch(logs.one_by_one, history, size, looks)
    log_and_watch(logs.grouped, history, 5_000, set())
    expected = tables(logs.one_by_one)
    assert tables(logs.grouped) == expected
    for database in (logs.one_by_one, logs.grouped):
        rebuild(database, find_nothing)
        assert tables(database) == expected


def start_again(database: Database) -> None:
    """Have the position of an emptied database be at the beginning."""
    with database.writing() as connection:
        connection.execute(sa.delete(MONITOR_POSITION))
        connection.execute(sa.insert(MONITOR_POSITION), {"only": 1, "seq": 0, "time": 0})
