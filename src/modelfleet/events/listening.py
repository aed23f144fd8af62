"""Waiting for the log to grow on PostgreSQL, which tells its listeners; see `wake`."""

import psycopg

from modelfleet.errors import LogUnavailable
from modelfleet.events.statements import CHANNEL


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
