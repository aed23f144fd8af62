"""Embeddings that were made before, by content, so that a training pays only for new text.

A cache and no more: it may be deleted at any time, and what can't be read or kept is made again.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from modelfleet.errors import StoreUnavailable
from modelfleet.text.sentences import Embed

MOST_BYTES = 2**30
"""Bytes of vectors that are kept; then the ones that were made first give way."""

_AT_A_TIME = 500
_WAIT = 5.0  # seconds that a writer waits for another

Key = bytes


class EmbeddingCache:
    """Vectors in one SQLite file, which any number of processes share.

    Nothing is opened before the first use, so a fleet with a quick encoder has no such file.
    """

    def __init__(self, file: Path, most_bytes: int = MOST_BYTES) -> None:
        self._file = file
        self._most_bytes = most_bytes

    def remembering(self, name: str, dimension: int, embed: Embed) -> Embed:
        """``embed``, asked only for texts whose vectors (of the encoder ``name``) aren't here.

        It raises StoreUnavailable if the file can't be read or written.
        """

        def remembered(texts: Sequence[str]) -> NDArray[np.float32]:
            keys = [_key(name, text) for text in texts]
            wanted = dict(zip(keys, texts, strict=True))
            found = self._found(list(wanted))
            missing = [key for key in wanted if key not in found]
            for start in range(0, len(missing), _AT_A_TIME):
                some = missing[start : start + _AT_A_TIME]
                made = dict(zip(some, embed([wanted[key] for key in some]), strict=True))
                self._keep(made)
                found |= made
            return np.array([found[key] for key in keys], np.float32).reshape(-1, dimension)

        return remembered

    def _found(self, keys: Sequence[Key]) -> dict[Key, NDArray[np.float32]]:
        found: dict[Key, NDArray[np.float32]] = {}
        with self._opened() as database:
            for start in range(0, len(keys), _AT_A_TIME):
                some = keys[start : start + _AT_A_TIME]
                marks = ",".join("?" * len(some))
                query = f"SELECT key, vector FROM embedding WHERE key IN ({marks})"  # noqa: S608 - marks only
                for key, vector in database.execute(query, some):
                    found[key] = np.frombuffer(vector, np.float32)
        return found

    def _keep(self, made: Mapping[Key, NDArray[np.float32]]) -> None:
        rows = [(key, vector.tobytes()) for key, vector in made.items()]
        most = self._most_bytes // len(rows[0][1])
        with self._opened() as database, database:
            database.executemany(_INSERT, rows)
            database.execute(_DELETE_OLDEST, [most])

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """The file's database, for one moment: no connection is shared by threads."""
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self._file, timeout=_WAIT)) as database:
                database.executescript(_TABLE)
                yield database
        except (OSError, sqlite3.Error) as error:
            raise StoreUnavailable(f"embeddings can't be kept in {self._file}: {error}") from error


_TABLE = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = OFF;
CREATE TABLE IF NOT EXISTS embedding (
    number INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE,
    vector BLOB NOT NULL
);
"""

_INSERT = "INSERT OR IGNORE INTO embedding (key, vector) VALUES (?, ?)"
_DELETE_OLDEST = "DELETE FROM embedding WHERE number <= (SELECT max(number) FROM embedding) - ?"


def _key(name: str, text: str) -> Key:
    return sha256(f"{name}\0{text}".encode("utf-8", "replace")).digest()
