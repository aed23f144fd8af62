"""Waiting for the log to grow, without asking it more than needed."""

import sqlite3
import time
from typing import Protocol

from modelfleet.errors import LogUnavailable
from modelfleet.events.database import Database

_LOOK_EVERY = 0.02  # seconds; one look at a file's header


class Wake(Protocol):
    """Waits for a commit by any process."""

    def wait(self, timeout: float) -> bool:
        """Whether something was committed since the last call, within ``timeout`` seconds."""

    def close(self) -> None:
        """Give back the connection."""


def open_wake(database: Database) -> Wake:
    """The way to wait that fits the database."""
    if not database.is_postgresql:
        return SqliteWake(database)
    from modelfleet.events.listening import PostgresqlWake  # noqa: PLC0415 - its driver is slow to import

    return PostgresqlWake(database.dsn)


class SqliteWake:
    """Looks at SQLite's ``data_version``, which other connections' commits change."""

    def __init__(self, database: Database) -> None:
        self._connection = database.engine.raw_connection()
        self._seen = self._version()

    def wait(self, timeout: float) -> bool:
        """Whether something was committed since the last call, within ``timeout`` seconds."""
        end = time.monotonic() + timeout
        while (version := self._version()) == self._seen:
            left = end - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(left, _LOOK_EVERY))
        self._seen = version
        return True

    def close(self) -> None:
        """Give back the connection."""
        self._connection.close()

    def _version(self) -> int:
        cursor = self._connection.cursor()
        try:
            cursor.execute("PRAGMA data_version")
            (version,) = cursor.fetchall()[0]
        except sqlite3.Error as error:
            raise LogUnavailable(str(error)) from error
        finally:
            cursor.close()
        return int(version)
