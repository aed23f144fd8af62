"""The catalog is a fold: however its events came, and from the log alone, it is the same."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.catalog.histories import HISTORIES
from tests.conftest import HandClock

from modelfleet.catalog import CatalogFold, migrate, rebuild
from modelfleet.catalog.schema import FOLDED, QUEUE_COLUMNS
from modelfleet.errors import ModelfleetError
from modelfleet.events import Database, Event, EventLog
from modelfleet.events.schema import EVENTS, METADATA, POSITION
from modelfleet.fleet import Fleet
from modelfleet.recipe import load_recipe

POLICY = load_recipe().policy


def tables(database: Database) -> dict[str, list[dict[str, Any]]]:
    """All that was folded, without the places in the queue."""
    with database.reading() as connection:
        found = {
            table.name: [
                {name: row[name] for name in row if name not in QUEUE_COLUMNS}
                for row in connection.execute(sa.select(table)).mappings()
            ]
            for table in FOLDED
        }
    return {name: sorted(rows, key=str) for name, rows in found.items()}


class Logs:
    """The same events logged in two databases, one by one and in groups."""

    def __init__(self, one_by_one: Database, grouped: Database) -> None:
        self.one_by_one = one_by_one
        self.grouped = grouped

    def empty(self) -> None:
        """Forget everything."""
        for database in (self.one_by_one, self.grouped):
            with database.writing() as connection:
                for table in set(METADATA.sorted_tables) - {POSITION}:
                    connection.execute(sa.delete(table))
                sql = "INSERT INTO event_terms (event_terms) VALUES ('delete-all')"
                if database.is_postgresql:
                    sql = "DELETE FROM event_terms"
                connection.execute(sa.text(sql))
                connection.execute(sa.update(POSITION).values(seq=0))
                connection.execute(sa.text('INSERT INTO fleet ("only") VALUES (1)'))


@pytest.fixture
def logs(place: str, tmp_path: Path) -> Iterator[Logs]:
    """One on the database under test, one on SQLite: the two must agree as well."""
    databases = Database(place, durable=False), Database(str(tmp_path / "other"), durable=False)
    for database in databases:
        migrate(database)
    yield Logs(*databases)
    for database in databases:
        database.close()


def _log(database: Database, groups: Sequence[Sequence[Event]], clock: HandClock) -> None:
    """Log groups; all of a second's events are logged at the same time whatever their groups."""
    log = EventLog(database, CatalogFold(POLICY), clock)
    for group in groups:
        log.append(group)
    log.close()


PUBLISHED: dict[str, Any] = {
    "version": "v1",
    "watermark": 1,
    "evidence": 1,
    "recipe": "default",
    "examples": 1,
    "labels": 1,
    "fingerprint": "f",
    "training_digest": "d",
    "why": "first",
}


def _event(kind: str, number: int, task: str = "team", **fields: Any) -> Event:  # noqa: ANN401 - JSON
    return Event(kind, "acme", 1, f"e{number}", task, fields)


FAILED = [_event("training.failed", n, watermark=0, error="no space") for n in range(5)]
EXAMPLE = _event("example.given", 9, text="no wifi", label="it")
FEEDBACK_FIRST = [
    _event("decision.reassigned", 1, decision="e2", label="it"),
    _event("request.decided", 2, text="no wifi", label="facilities"),
]
TAKEN_BACK = [
    _event("request.decided", 1, text="no wifi", label="facilities"),
    _event("decision.accepted", 2, decision="e1", by="bob"),
    _event("decision.reassigned", 3, decision="e1", label="it", by="ann"),
    _event("decision.irrelevant", 4, decision="e1", by="ann"),
    _event("evidence.forgotten", 5, events=["e3", "e4"]),
    _event("decision.refused", 6, decision="e1", by="ann"),
    _event("evidence.forgotten", 7, events=["e2", "e6"]),
    _event("decision.reassigned", 8, decision="e1", label="it", by="sam"),
    _event("evidence.forgotten", 9, events=["e1", "e8"]),
]
KEYS = [
    Event("key.created", "", 1, f"key{n}", "", {"key": f"k{n}", "digest": "ab", "role": "owner"})
    for n in (1, 2)
]


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=HISTORIES, size=st.integers(2, 12))
@example(history=[EXAMPLE, *FAILED, _event("example.given", 10, text="lift", label="it")], size=9)
@example(history=FEEDBACK_FIRST, size=2)
@example(history=TAKEN_BACK, size=2)
@example(history=TAKEN_BACK, size=9)
@example(history=[_event("version.published", 1, **PUBLISHED), EXAMPLE], size=2)
def test_one_by_one_in_groups_and_rebuilt_the_catalog_is_the_same(
    logs: Logs, history: list[Event], size: int
) -> None:
    logs.empty()
    clock = HandClock(1_000_000_000)
    _log(logs.one_by_one, [[event] for event in history], clock)
    _log(logs.grouped, [history[n : n + size] for n in range(0, len(history), size)], clock)
    expected = tables(logs.one_by_one)
    assert tables(logs.grouped) == expected
    for database in (logs.one_by_one, logs.grouped):
        rebuild(database, CatalogFold(POLICY))
        assert tables(database) == expected


def test_a_key_whose_secret_is_another_keys_is_refused_in_words(log: EventLog) -> None:
    log.append(KEYS[:1])
    with pytest.raises(ModelfleetError):
        log.append(KEYS[1:])
    assert log.head() == 1


def test_a_tenant_is_known_since_its_first_event_after_a_rebuild_too(
    database: Database, log: EventLog, clock: HandClock
) -> None:
    first = clock()
    log.append([_event("example.given", 1, "team", text="no wifi", label="it")])
    clock.advance(60)
    log.append([_event("example.given", 2, "type", text="no wifi", label="it")])
    before = tables(database)
    assert before["tenants"] == [{"tenant": "acme", "since": first}]
    rebuild(database, CatalogFold(POLICY))
    assert tables(database) == before


def test_a_history_over_time_is_rebuilt_with_the_same_due_times(
    database: Database, log: EventLog, clock: HandClock
) -> None:
    for number in range(40):
        task = ("team", "type")[number % 2]
        log.append([_event("example.given", number, task, text=f"text {number}", label="it")])
        clock.advance(number * 7.3)
        if number % 9 == 8:
            failed = _event("training.failed", 100 + number, task, watermark=0, error="no space")
            log.append([failed])
        if number % 15 == 14:
            told = PUBLISHED | {"version": f"v{number}", "watermark": number, "evidence": number}
            log.append([_event("version.published", 200 + number, task, **told)])
    before = tables(database)
    assert len(before["tasks"]) == 2
    rebuild(database, CatalogFold(POLICY))
    assert tables(database) == before


def test_rebuilding_a_fleet_that_lived_changes_nothing(fleet: Fleet, clock: HandClock) -> None:
    for tenant in ("acme", "globex"):
        task = fleet.task(tenant, "team")
        for label in ("it", "facilities", "payroll"):
            task.define_label(label, keywords=[label])
        for number in range(12):
            about = "wifi" if number % 2 else "lift"
            decision = task.decide(f"request number {number} about {about}")
            clock.advance(1)
            task.assign(decision.id, "it" if number % 2 else "facilities")
        task.remove_label("payroll")
    clock.advance(10)
    assert len(fleet.train_due()) == 2
    fleet.create_key("owner", "acme", name="desk")
    key, _ = fleet.create_key("operator")
    fleet.revoke_key(key)
    before = tables(fleet.database)
    assert before["fleet"][0]["published"] == 2
    assert fleet.rebuild() == fleet.log.head()
    assert tables(fleet.database) == before


def test_an_events_table_is_never_touched_by_a_rebuild(database: Database, log: EventLog) -> None:
    log.append(FEEDBACK_FIRST)
    with database.reading() as connection:
        before = connection.execute(sa.select(EVENTS)).all()
    rebuild(database, CatalogFold(POLICY))
    with database.reading() as connection:
        assert connection.execute(sa.select(EVENTS)).all() == before
    log.append([EXAMPLE])
    assert log.head() == 3


def test_a_server_that_rebuilds_counts_decisions_as_before(small_fleet: Fleet) -> None:
    task = small_fleet.task("acme", "team")
    for text in ("no wifi", "no heating", "no milk"):
        task.decide(text)
    before = small_fleet.status(), task.status()
    small_fleet.rebuild()
    task.decide("no light")
    small_fleet.rebuild()
    assert (before[0].decided, before[1].decided) == (3, 3)
    assert (small_fleet.status().decided, task.status().decided) == (4, 4)
