"""Tables are changed once; whoever opens the database afterwards waits for nobody."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from tests.conftest import HandClock
from tests.postgresql import Cluster

from modelfleet.catalog import migrate
from modelfleet.events import Condition, Database, EventLog, Query
from modelfleet.fleet import Fleet
from modelfleet.monitoring.decided import Decided, Words

EVENT = """
INSERT INTO events VALUES (1, 1, 'ticket.closed', 'acme', 1, 'e1', 'team', '{"n": "Oslo"}')
"""
BEFORE_NUMBERS = (
    EVENT,
    "INSERT INTO event_terms VALUES (1, '{oslo}')",
    "UPDATE log_position SET seq = 1",
)
NOW = 1_700_000_000_000_000
DECIDED = Decided(1, "team", NOW, "it", ("it",), 0.9, 0.5, None, None, None, None, None)


def test_a_database_with_the_newest_tables_is_opened_while_another_writes(folder: Path) -> None:
    database = Database(str(folder), durable=False)
    with database.writing():
        migrate(database)  # would wait for the writer in vain, did it want to change something
    database.close()


def test_what_was_found_by_terms_is_found_by_their_numbers(
    cluster: Cluster, clock: HandClock
) -> None:
    url = cluster.database()
    database = Database(url)
    with database.writing() as connection:
        _upgrade(connection, "0010")
        for statement in BEFORE_NUMBERS:
            connection.exec_driver_sql(statement)
    migrate(database)
    log = EventLog(database, lambda _connection, _events, _known: None, clock)
    asked = {word: Query(where=(Condition("n", "words", word),)) for word in ("Oslo", "Lima")}
    found = {word: [event.id for event in log.scan(query)] for word, query in asked.items()}
    assert found == {"Oslo": ["e1"], "Lima": []}
    log.close()
    database.close()
    cluster.drop(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without any table, of each kind."""
    if request.param == "sqlite":
        yield str(tmp_path / "data")
        return
    cluster: Cluster = request.getfixturevalue("cluster")
    url = cluster.database()
    yield url
    cluster.drop(url)


def test_decisions_that_waited_before_an_upgrade_are_final_in_their_time(empty: str) -> None:
    facts = msgspec.msgpack.encode((DECIDED, Words("accepted", "it", None, NOW)))
    row = {"t": "acme", "d": "d", "k": "team", "s": 1, "u": NOW + 7, "f": facts, "n": None}
    database = Database(empty, durable=False)
    with database.writing() as connection:
        _upgrade(connection, "0010")
        connection.execute(
            sa.text("UPDATE monitor_position SET seq = 1, time = :now"), {"now": NOW}
        )
        connection.execute(sa.text("UPDATE log_position SET seq = 1"))
        connection.execute(sa.text("INSERT INTO maturing VALUES (:t, :d, :k, :s, :u, :f, :n)"), row)
    database.close()
    with Fleet(empty, train=False, durable=False, clock=HandClock(NOW + 10)) as fleet:
        fleet.watch_due()
        counted = fleet.task("acme", "team").metrics().now.metrics
        assert (counted.matured, counted.confirmed) == (1, 1)


def _upgrade(connection: sa.Connection, version: str) -> None:
    config = Config()
    config.set_main_option("script_location", "modelfleet.catalog:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, version)
