"""Databases to measure on: a fresh folder (SQLite), or a fresh PostgreSQL with fsync on."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))  # the tests' throw-away PostgreSQL serves here as well

from tests.postgresql import Cluster, PostgresqlMissing  # noqa: E402 - it needs the line above

__all__ = ["place", "places"]


@contextmanager
def place(database: str, folder: Path) -> Iterator[tuple[str, Path]]:
    """A fresh database and a folder for checkpoints, both gone afterwards.

    Args:
        database: sqlite or postgresql.
        folder: on whose disk both lie.

    Raises:
        PostgresqlMissing: its programs aren't on this machine; says what to install.
    """
    with tempfile.TemporaryDirectory(dir=folder, prefix="mf-bench-") as made:
        store = Path(made) / "models"
        if database == "sqlite":
            yield str(Path(made) / "data"), store
            return
        tempfile.tempdir = str(folder)  # where the cluster makes its own
        with Cluster(durable=True) as cluster:
            yield cluster.database(), store


def places(databases: "list[str]", folder: Path) -> Iterator[tuple[str, str, Path]]:
    """Each database in turn, with its name; one that isn't on this machine is told of."""
    for database in databases:
        try:
            with place(database, folder) as (url, store):
                yield database, url, store
        except PostgresqlMissing as missing:
            print(f"{database} is left out: {missing}", file=sys.stderr)
