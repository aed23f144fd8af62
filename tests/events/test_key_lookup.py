"""Rows by many keys cost what there is of these keys, however large the table has become."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from tests.conftest import HandClock

from modelfleet.clock import DAY
from modelfleet.events import Event
from modelfleet.fleet import Fleet

LOOKED_UP = {"events", "tasks", "outcomes", "maturing", "measures", "monitor_states"}
DECIDED = {"text": "no wifi", "label": "it", "candidates": [["it", 0.9]], "confidence": 0.9}
Asked = list[tuple[str, tuple[object, ...]]]


@pytest.fixture
def asked(small_fleet: Fleet) -> Iterator[Asked]:
    """Statements that look rows up by keys, with their parameters."""
    found: Asked = []

    def note(_connection, _cursor, statement, parameters, *_rest) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN002 - SQLAlchemy's
        if "json_each" in statement:
            found.append((statement, parameters))

    engine = small_fleet.database.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    yield found
    sa.event.remove(engine, "before_cursor_execute", note)


def test_sqlite_looks_each_key_up_in_an_index(
    small_fleet: Fleet, clock: HandClock, asked: Asked
) -> None:
    tenants = ("acme", "globex", "initech")
    log = small_fleet.log
    log.append([Event("request.decided", one, 1, "d", "team", DECIDED) for one in tenants])
    small_fleet.watch_due()
    said = {"decision": "d"}
    log.append([Event("decision.accepted", one, 1, "f", "team", said) for one in tenants])
    small_fleet.watch_due()
    clock.advance(30 * DAY / 1_000_000)
    small_fleet.watch_due()
    plans = _plans(small_fleet, asked)
    searched = {table for table in LOOKED_UP if any(f"SEARCH {table} " in one for one in plans)}
    assert searched == LOOKED_UP
    assert [one for one in plans if "SCAN" in one and "VIRTUAL TABLE" not in one] == []


def _plans(fleet: Fleet, asked: Asked) -> list[str]:
    with fleet.database.reading() as connection:
        return [
            str(row[-1])
            for statement, parameters in list(asked)
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]
