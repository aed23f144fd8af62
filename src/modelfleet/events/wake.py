"""Waiting for the log to grow, without asking it more than needed."""

import sqlite3
import time
from typing import Protocol

import psycopg

from modelfleet.errors import LogUnavailable
from modelfleet.events.database import Database
from modelfleet.events.statements import CHANNEL

_LOOK_EVERY = 0.02  # seconds; one look at a file's header


class Wake(Protocol):
    """Waits for a commit by any process."""

    def wait(self, timeout: float) -> bool:
        """Whether something was committed since the last call, within ``timeout`` seconds."""

    def close(self) -> None:
        """Give back the connection."""


def open_wake(database: Database) -> Wake:
    """The way to wait that fits the database."""
    return PostgresqlWake(database.dsn) if database.is_postgresql else SqliteWake(database)


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


class PostgresqlWake:
    """Listens for the notification that each commit to the log sends."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection = self._listening()

    def wait(self, timeout: float) -> bool:
        """Whether something was committed since the last call; waits up to ``timeout`` seconds.

        Raises:
            LogUnavailable: the connection was lost; the next call opens another.
        """
        try:
            if self._connection.closed:
                self._connection = self._listening()
                return True
            told = list(self._connection.notifies(timeout=timeout, stop_after=1))
        except psycopg.OperationalError as error:
            self._connection.close()
            raise LogUnavailable(str(error)) from error
        return bool(told)

    def close(self) -> None:
        """Give back the connection."""
        self._connection.close()

    def _listening(self) -> psycopg.Connection:
        connection = psycopg.connect(self._dsn, autocommit=True)
        connection.execute(f"LISTEN {CHANNEL}")
        return connection
