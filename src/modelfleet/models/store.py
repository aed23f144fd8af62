"""Where the files of versions are: a folder of this machine, or an object store.

Both stores keep the same promises: a file is under its key whole or not at all, putting it twice
is as good as once, and what is opened has the fingerprint that was published.
"""

import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit
from urllib.request import url2pathname

import obstore
from obstore.exceptions import BaseError

from modelfleet.errors import CheckpointMissing, InvalidInput, SettingsWrong, StoreUnavailable
from modelfleet.models.checkpoint import Checkpoint

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}")
# A last part is a name with our ending, so it may be longer than a name.
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,199}")

_ABANDONED_SECONDS = 3600.0

# Obstore's own limits are ten attempts in three minutes. A server that can't reach the store has a
# version to go on with, and does better to hear of it soon.
_ATTEMPTS_AGAIN = 3
_GIVE_UP_AFTER = timedelta(seconds=15)


class Store(Protocol):
    """Holds the files of versions by key."""

    def put(self, key: str, data: bytes) -> None:
        """Keep ``data`` under ``key``, durably, in place of what was there.

        Raises:
            InvalidInput: the key isn't one.
            StoreUnavailable: the store can't be reached or written; under the key is what was
                there before, or the whole of ``data``.
        """

    def open(self, key: str, fingerprint: str) -> Checkpoint:
        """Open the file under ``key``, which must have that fingerprint.

        Raises:
            InvalidInput: the key isn't one.
            CheckpointMissing: nothing is under the key.
            CheckpointDamaged: what is there isn't what was published.
            StoreUnavailable: the store can't be reached.
        """

    def delete(self, key: str) -> None:
        """Remove what is under ``key``, if anything; versions already open stay usable.

        Raises:
            InvalidInput: the key isn't one.
            StoreUnavailable: the store can't be reached or written.
        """


def key(tenant: str, task: str, version: str) -> str:
    """Where a version's file is: ``<two hex digits>/<tenant>/<task>/<version>.safetensors``.

    The digits are of a hash of the tenant, so that no folder has an entry for every tenant, and
    all of a tenant's files are in one. Names differing only in case need a store that tells them
    apart, as Linux file systems and all object stores do.

    Raises:
        InvalidInput: a name isn't one that the platform admits.
    """
    for field, name in (("tenant", tenant), ("task", task), ("version", version)):
        if not _NAME.fullmatch(name):
            raise InvalidInput.at(
                field, "must be 1 to 128 letters, digits or ._@+- and begin with a letter or digit"
            )
    spread = hashlib.sha256(tenant.encode()).hexdigest()[:2]
    return f"{spread}/{tenant}/{task}/{version}.safetensors"


def open_store(place: str | Path) -> Store:
    """The store at a path or URL: a folder for a path or ``file://``, else an object store.

    A ``file://`` URL is served by ``LocalStore`` because obstore doesn't flush files to the disk.

    Raises:
        SettingsWrong: the URL is none we know how to open.
        StoreUnavailable: the folder can't be made.
    """
    if isinstance(place, Path) or "://" not in place:
        return LocalStore(Path(place).expanduser())
    address = urlsplit(place)
    if address.scheme == "file":
        return LocalStore(Path(url2pathname(address.path)))
    return ObjectStore(place)


class LocalStore:
    """Files in a folder of this machine or of a mounted file system.

    A file is written under a temporary name in its own folder, flushed, renamed, and the folders
    flushed: after a crash the final name has the whole file or no file. A temporary file that a
    crash left is removed by a later ``put`` beside it.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder).absolute()
        with _reaching_files(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)

    def put(self, key: str, data: bytes) -> None:
        """See ``Store.put``."""
        final = self._path(key)
        with _reaching_files(self.folder):
            final.parent.mkdir(parents=True, exist_ok=True)
            _write_whole(final, data)
            # The folders too may be new. Flushing one that isn't costs microseconds.
            for folder in final.parents:
                _flush(folder)
                if folder == self.folder:
                    break
            _remove_abandoned(final)

    def open(self, key: str, fingerprint: str) -> Checkpoint:
        """See ``Store.open``."""
        try:
            return Checkpoint.open_file(self._path(key), fingerprint, key)
        except CheckpointMissing as missing:
            # An unmounted disk must not look like a fleet without models.
            if not self.folder.is_dir():
                raise StoreUnavailable(f"{self.folder} isn't there") from missing
            raise

    def delete(self, key: str) -> None:
        """See ``Store.delete``."""
        path = self._path(key)
        with _reaching_files(self.folder), suppress(FileNotFoundError):
            path.unlink()
            _flush(path.parent)

    def _path(self, key: str) -> Path:
        return self.folder / _checked(key)


class ObjectStore:
    """Objects in a bucket, through obstore: ``s3://``, ``gs://``, ``az://``, and others.

    Credentials, region and endpoint come from the environment variables of the respective cloud,
    or from the machine's own identity. An object is downloaded whole and opened from memory. The
    library runs threads that a fork doesn't copy, so a process opens its store after forking.
    ``memory://`` is a store of its own each time; ``file://`` doesn't survive a loss of power.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._process = os.getpid()
        try:
            self._store = _connect(url)
        except (BaseError, ValueError) as error:
            raise SettingsWrong(f"the store {url} can't be opened: {_first_line(error)}") from error

    def put(self, key: str, data: bytes) -> None:
        """See ``Store.put``."""
        path = _checked(key)
        with self._reaching():
            self._store.put(path, data)

    def open(self, key: str, fingerprint: str) -> Checkpoint:
        """See ``Store.open``."""
        return Checkpoint.open_bytes(self.read(key), fingerprint, key)

    def read(self, key: str) -> bytes:
        """What is under ``key``, unchecked.

        Raises:
            InvalidInput: the key isn't one.
            CheckpointMissing: nothing is under the key.
            StoreUnavailable: the store can't be reached.
        """
        path = _checked(key)
        with self._reaching():
            try:
                return bytes(self._store.get(path).bytes())
            except FileNotFoundError as error:
                raise CheckpointMissing(f"{key}: there is no such object") from error

    def delete(self, key: str) -> None:
        """See ``Store.delete``."""
        path = _checked(key)
        with self._reaching(), suppress(FileNotFoundError):
            self._store.delete(path)

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        if os.getpid() != self._process:
            # Going on would wait for ever, for threads that the fork left behind.
            raise StoreUnavailable(f"{self.url} was opened before this process forked; open it now")
        try:
            yield
        except (BaseError, OSError) as error:
            raise StoreUnavailable(f"{self.url}: {_first_line(error)}") from error


def _connect(url: str) -> obstore.store.ObjectStore:
    if url.startswith("file:"):
        return obstore.store.from_url(url, mkdir=True)
    if url.startswith("memory:"):
        return obstore.store.from_url(url)
    # No client options: they would replace those of the environment.
    return obstore.store.from_url(
        url, retry_config={"max_retries": _ATTEMPTS_AGAIN, "retry_timeout": _GIVE_UP_AFTER}
    )


def _checked(key: str) -> str:
    """The key, if it stays inside the store on every backend."""
    if not all(_PART.fullmatch(part) for part in key.split("/")):
        raise InvalidInput.at(
            "key", f"must be names joined by slashes, as key() makes; not {key!r}"
        )
    return key


def _write_whole(final: Path, data: bytes) -> None:
    temporary = final.with_name(f".{final.name}.{secrets.token_hex(8)}.part")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(final)
    finally:
        temporary.unlink(missing_ok=True)


def _flush(folder: Path) -> None:
    """Make the names in a folder durable: a rename alone isn't."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_abandoned(final: Path) -> None:
    """Remove what writers that died left beside ``final``, judged by the disk's own clock."""
    with suppress(FileNotFoundError):
        oldest = final.stat().st_mtime - _ABANDONED_SECONDS
        for temporary in final.parent.glob(".*.part"):
            if temporary.stat().st_mtime < oldest:
                temporary.unlink()


@contextmanager
def _reaching_files(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(f"{folder}: {error}") from error


def _first_line(error: Exception) -> str:
    """What happened; obstore adds the structure of its own errors below it."""
    return str(error).partition("\n")[0]
