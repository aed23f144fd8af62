"""What tests of several rooms share: both databases, a clock that is set by hand, and a fleet."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from tests.postgresql import Cluster, PostgresqlMissing

from modelfleet.catalog import CatalogFold, migrate
from modelfleet.clock import now
from modelfleet.events import Database, EventLog
from modelfleet.fleet import Fleet
from modelfleet.recipe import load_recipe
from modelfleet.serving import follower
from modelfleet.settings import Settings


@pytest.fixture(autouse=True)
def _messages_as_if_nothing_was_configured() -> Iterator[None]:
    """A command under test configures what is logged where; the next test starts afresh."""
    yield
    structlog.reset_defaults()


class HandClock:
    """A clock that stands still until it is moved."""

    def __init__(self, time: int) -> None:
        self.time = time

    def __call__(self) -> int:
        return self.time

    def advance(self, seconds: float) -> int:
        """Move on, and tell the new time."""
        self.time += round(seconds * 1_000_000)
        return self.time


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """One PostgreSQL for all tests; without its programs they are skipped, or fail if required."""
    try:
        running = Cluster()
    except PostgresqlMissing as missing:
        if os.environ.get("REQUIRE_POSTGRESQL") == "1":
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))
    with running:
        yield running


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> str:
    """The name of a database with all tables and no events."""
    url = cluster.database()
    database = Database(url)
    migrate(database)
    database.close()
    return url.partition("@/")[2].partition("?")[0]


@pytest.fixture(scope="session")
def empty_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an embedded database that has all tables and no events."""
    folder = tmp_path_factory.mktemp("empty")
    database = Database(str(folder), durable=False)
    migrate(database)
    database.close()
    return folder


@pytest.fixture
def folder(tmp_path: Path, empty_folder: Path) -> Path:
    """A folder with an empty embedded database of this test's own."""
    return Path(shutil.copytree(empty_folder, tmp_path / "data"))


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest) -> Iterator[str]:
    """Where a fleet's log lies: a folder, or a database of PostgreSQL of this test's own."""
    if request.param == "sqlite":
        yield str(request.getfixturevalue("folder"))
        return
    cluster: Cluster = request.getfixturevalue("cluster")
    url = cluster.database(request.getfixturevalue("template"))
    yield url
    cluster.drop(url)


@pytest.fixture
def clock() -> HandClock:
    """A clock that stands still at the moment when the test began."""
    return HandClock(now())


@pytest.fixture
def database(place: str) -> Iterator[Database]:
    """The opened database, with all tables."""
    opened = Database(place, durable=False)
    migrate(opened)
    yield opened
    opened.close()


@pytest.fixture
def log(database: Database, clock: HandClock) -> Iterator[EventLog]:
    """The log, with the catalog folded from it."""
    opened = EventLog(database, CatalogFold(load_recipe().policy), clock)
    yield opened
    opened.close()


@pytest.fixture
def _quick_to_close(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fleet that is closed waits for its follower to look up; let it look up often."""
    monkeypatch.setattr(follower, "_LONGEST_WAIT", 0.05)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Those of `fleet`."""
    return Settings(store=str(tmp_path / "models"))


@pytest.fixture
def fleet(
    place: str, settings: Settings, clock: HandClock, _quick_to_close: None
) -> Iterator[Fleet]:
    """A fleet on either database, which trains only when told to."""
    with Fleet(place, settings=settings, train=False, durable=False, clock=clock) as opened:
        yield opened


@pytest.fixture
def small_fleet(folder: Path, clock: HandClock, _quick_to_close: None) -> Iterator[Fleet]:
    """The same on SQLite only, for what has nothing to do with the database."""
    with Fleet(folder, train=False, durable=False, clock=clock) as opened:
        yield opened
