"""Databases to measure on: fresh folders (SQLite), or a fresh PostgreSQL with fsync on."""

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # the tests' PostgreSQL serves here as well

from tests.postgresql import Cluster, PostgresqlMissing

Fresh = Callable[[], tuple[str, Path]]
"""Makes a new database and names it, with a new folder for its checkpoints."""


@contextmanager
def place(database: str, folder: Path) -> Iterator[tuple[str, Path]]:
    """One fresh database; see `server`."""
    with server(database, folder) as fresh:
        yield fresh()


@contextmanager
def server(database: str, folder: Path) -> Iterator[Fresh]:
    """What makes fresh databases; all of them are gone afterwards.

    Args:
        database: sqlite or postgresql.
        folder: on whose disk they lie.

    Raises:
        PostgresqlMissing: its programs aren't on this machine; says what to install.
    """
    numbers = count(1)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix="mf-bench-") as made:
        if database == "sqlite":

            def embedded() -> tuple[str, Path]:
                number = next(numbers)
                return f"{made}/data-{number}", Path(made, f"models-{number}")

            yield embedded
            return
        tempfile.tempdir = str(folder)  # where the cluster makes its own
        with Cluster(durable=True) as cluster:
            yield lambda: (cluster.database(), Path(made, f"models-{next(numbers)}"))


def servers(databases: Sequence[str], folder: Path) -> Iterator[tuple[str, Fresh]]:
    """Each kind of database in turn, by name; one that isn't on this machine is told of."""
    for database in databases:
        try:
            with server(database, folder) as fresh:
                yield database, fresh
        except PostgresqlMissing as missing:
            print(f"{database} is left out: {missing}", file=sys.stderr)
