"""A throw-away PostgreSQL: a cluster of its own in a temporary folder, on a Unix socket.

Tests, crash tests and benchmarks use it; nothing has to be set up beforehand but the programs.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from glob import glob
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from psycopg import sql

NEEDED = (
    "PostgreSQL's server programs (initdb, postgres) aren't on this machine; install them "
    "(Debian and Ubuntu: apt-get install postgresql; Fedora: dnf install postgresql-server; "
    "macOS: brew install postgresql) or put their folder on PATH"
)
_START_SECONDS = 30


class PostgresqlMissing(Exception):
    """The server programs aren't there."""


class Cluster:
    """A running server, gone with all its databases after ``close``.

    ``durable=False`` never waits for the disk, which is for tests; benchmarks pass True.

    Raises:
        PostgresqlMissing: its programs aren't on this machine.
    """

    def __init__(self, *, durable: bool = False) -> None:
        self._programs = find_programs()
        self._user = _unprivileged()
        self.folder = Path(tempfile.mkdtemp(prefix="mf-pg-"))
        if self._user:
            shutil.chown(self.folder, self._user)
        self._numbers = count(1)
        self._data = self.folder / "data"
        self._run("initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "--no-sync")
        self._server = self._started(durable=durable)

    def database(self, template: str = "template1") -> str:
        """The URL of a new database; a copy of ``template``, which nobody may be connected to."""
        name = f"fresh_{next(self._numbers)}"
        self._execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        return self.url(name)

    def url(self, name: str) -> str:
        """The URL of a database by its name."""
        return f"postgresql://postgres@/{name}?host={self.folder}"

    def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected to it."""
        name = url.partition("@/")[2].partition("?")[0]
        self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def close(self) -> None:
        """Stop the server and remove its folder."""
        self._server.send_signal(signal.SIGQUIT)
        self._server.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _started(self, *, durable: bool) -> "subprocess.Popen[bytes]":
        options = {"listen_addresses": "", "unix_socket_directories": str(self.folder)}
        options |= {"max_connections": "200", "shared_buffers": "64MB"}
        if not durable:
            options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        command = [str(self._programs / "postgres"), "-D", str(self._data)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        with (self.folder / "server.log").open("wb") as log:
            server = subprocess.Popen(  # noqa: S603 - programs found by us
                command, stdout=log, stderr=log, user=self._user, cwd="/", start_new_session=True
            )
        self._wait_until_it_answers(server)
        return server

    def _wait_until_it_answers(self, server: "subprocess.Popen[bytes]") -> None:
        end = time.monotonic() + _START_SECONDS
        while True:
            try:
                psycopg.connect(self.url("postgres")).close()
            except psycopg.OperationalError:
                if server.poll() is not None or time.monotonic() > end:
                    server.kill()
                    raise
                time.sleep(0.02)
            else:
                return

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def _run(self, program: str, *arguments: str | Path) -> None:
        command: Sequence[str | Path] = [self._programs / program, *arguments]
        done = subprocess.run(  # noqa: S603 - programs found by us
            command, capture_output=True, text=True, check=False, user=self._user, cwd="/"
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr}")


def find_programs() -> Path:
    """The folder of PostgreSQL's server programs.

    Raises:
        PostgresqlMissing: there is none.
    """
    places = [Path(found).parent for found in [shutil.which("initdb")] if found]
    if asked := shutil.which("pg_config"):
        told = subprocess.run([asked, "--bindir"], capture_output=True, text=True, check=False)  # noqa: S603 - found on PATH
        places.append(Path(told.stdout.strip()))
    versions = glob("/usr/lib/postgresql/*/bin") + glob("/usr/pgsql-*/bin")  # noqa: PTH207 - absolute patterns
    places += [Path(place) for place in sorted(versions, reverse=True)]
    for place in places:
        if (place / "initdb").exists() and (place / "postgres").exists():
            return place
    raise PostgresqlMissing(NEEDED)


def _unprivileged() -> str | None:
    """Whom to run the server as: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"
