"""One way to open SQLite and PostgreSQL, so that all else is written once."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import sqlalchemy as sa

from modelfleet.errors import InvalidInput, LogUnavailable
from modelfleet.events.encoding import decode_postgresql, encode_postgresql, encode_sqlite

_FILE = "modelfleet.db"


class Database:
    """Connections to the database of the log.

    ``url`` is a folder (SQLite, in WAL mode, in ``modelfleet.db``) or ``postgresql://…``.
    ``durable=False`` is for throw-away databases: SQLite then leaves writing out to the system.

    Raises:
        InvalidInput: the URL is neither.
    """

    def __init__(self, url: str, *, durable: bool = True) -> None:
        self.is_postgresql = url.startswith(("postgresql://", "postgres://"))
        if not self.is_postgresql and "://" in url:
            raise InvalidInput.at("database", "must be a folder or a postgresql:// URL")
        if self.is_postgresql:
            self.dsn = "postgresql://" + url.partition("://")[2]
            self.engine = _postgresql(self.dsn)
        else:
            self.dsn = str(Path(url).absolute())
            self.engine = _sqlite(Path(url), durable=durable)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection for queries."""
        with _available(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def autocommit(self) -> Iterator[sa.Connection]:
        """A connection for queries of which each may see a moment of its own.

        On SQLite no transaction begins and ends around them, and that is most of the calls that a
        small query makes: at each the thread gives up the interpreter, and waits to get it back.
        """
        with self.reading() as connection:
            yield connection.execution_options(autocommit=True)

    @contextmanager
    def snapshot(self) -> Iterator[sa.Connection]:
        """A connection for queries that all see the database as of one moment."""
        with self.reading() as connection:
            if self.is_postgresql:  # SQLite's transactions see one moment anyway
                connection = connection.execution_options(isolation_level="REPEATABLE READ")  # noqa: PLW2901 - the same one
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that commits at the end; on SQLite it is the only writer at once."""
        with _available(), self.engine.connect() as connection:
            writer = connection.execution_options(writes=True)
            with writer.begin():
                yield writer

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()


def holds_log(folder: Path) -> bool:
    """Whether an embedded log lies in a folder."""
    return (folder / _FILE).exists()


@contextmanager
def _available() -> Iterator[None]:
    try:
        yield
    except sa.exc.DatabaseError as error:
        if type(error) not in {sa.exc.OperationalError, sa.exc.DatabaseError}:
            raise  # what was asked for is wrong, not the database
        raise LogUnavailable(str(error.orig)) from error
    except sa.exc.TimeoutError as error:
        raise LogUnavailable("all connections to the database are in use") from error


def _postgresql(dsn: str) -> sa.Engine:
    return sa.create_engine(
        "postgresql+psycopg" + dsn.removeprefix("postgresql"),
        json_serializer=encode_postgresql,
        json_deserializer=decode_postgresql,
        pool_size=8,
        max_overflow=16,
    )


def _sqlite(folder: Path, *, durable: bool) -> sa.Engine:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LogUnavailable(f"{folder} can't be a folder of data: {error.strerror}") from error
    engine = sa.create_engine(
        f"sqlite:///{folder / _FILE}",
        json_serializer=encode_sqlite,
        json_deserializer=msgspec.json.decode,
        pool_size=8,
        max_overflow=-1,
        connect_args={"timeout": 30, "check_same_thread": False},
    )

    @sa.event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # transactions begin where `begin` below says
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={'FULL' if durable else 'OFF'}",
            "cache_size=-32000",
            "mmap_size=1073741824",
            "temp_store=MEMORY",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        options = connection.get_execution_options()
        if not options.get("autocommit", False):
            writes = options.get("writes", False)
            connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
