"""A folder of this machine before an object store: what was downloaded once is read from it."""

import fcntl
import hashlib
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog

from modelfleet.errors import CheckpointUnusable, StoreUnavailable
from modelfleet.models.checkpoint import Checkpoint
from modelfleet.models.store import ObjectStore, Store, open_store

_SWEPT_AFTER = 0.05  # of the budget written, the folder is looked through
_LEFT_BY_A_SWEEP = 0.9  # of the budget
_USED_LATELY = 60.0  # seconds within which another use isn't noted
_ABANDONED = 3_600.0
_FIRST_REST, _LONGEST_REST = 1.0, 30.0  # seconds

_logger = structlog.get_logger()


class NearbyStore:
    """Versions of an object store, kept in a folder up to so many bytes; see `Store`.

    Any number of processes share the folder. A file is in it whole or not at all, and its digest is
    checked whenever it is read: one that is damaged is downloaded again. When what was written
    lately comes to a twentieth of the budget, the folder is looked through, and the files that
    weren't used the longest are removed.

    After a download failed because the store can't be reached, none is tried for a second, then for
    twice as long, up to half a minute: so a store that is down costs the other requests no time. A
    file in the folder needs no store.
    """

    def __init__(
        self,
        store: ObjectStore,
        folder: Path,
        budget: int,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.store = store
        self.folder = folder.absolute()
        self._budget = budget
        self._written = budget  # whatever is there from before is looked through soon
        self._sweeping = threading.Lock()
        self._rest = _Rest(monotonic)
        with _writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)

    def put(self, key: str, data: bytes) -> None:
        """See ``Store.put``."""
        self.store.put(key, data)
        _drop(self._path(key))

    def open(self, key: str, fingerprint: str) -> Checkpoint:
        """See ``Store.open``."""
        path = self._path(key)
        with suppress(CheckpointUnusable, StoreUnavailable):  # missing, damaged: download it
            found = Checkpoint.open_file(path, fingerprint)
            _note_use(path)
            return found
        data = self._rest.unless_resting(lambda: self.store.read(key))
        found = Checkpoint.open_bytes(data, fingerprint, key)
        self._keep(path, data)
        return found

    def delete(self, key: str) -> None:
        """See ``Store.delete``; other machines' copies stay until they are swept."""
        self.store.delete(key)
        _drop(self._path(key))

    def sweep(self) -> None:
        """Remove the files that weren't used the longest, if all take more than the budget."""
        with _alone_in(self.folder) as alone:
            if not alone:
                return  # another process does it
            files = sorted(_files(self.folder))
            left = sum(size for _, size, _ in files)
            if left <= self._budget:
                return
            for _, size, path in files:
                if left <= self._budget * _LEFT_BY_A_SWEEP:
                    return
                path.unlink(missing_ok=True)
                left -= size

    def _path(self, key: str) -> Path:
        name = hashlib.sha256(key.encode()).hexdigest()
        return self.folder / name[:2] / name

    def _keep(self, path: Path, data: bytes) -> None:
        """Keep a file, if that is possible; the version is served either way."""
        temporary = path.with_name(f".{secrets.token_hex(8)}.part")
        try:
            path.parent.mkdir(exist_ok=True)
            temporary.write_bytes(data)
            temporary.replace(path)
        except OSError as error:
            _logger.warning("the cache folder can't be written", error=str(error))
            temporary.unlink(missing_ok=True)
            return
        self._written += len(data)
        self._sweep_if_due()

    def _sweep_if_due(self) -> None:
        if self._written > self._budget * _SWEPT_AFTER and self._sweeping.acquire(blocking=False):
            self._written = 0
            threading.Thread(target=self._sweep, name="cache-sweep", daemon=True).start()

    def _sweep(self) -> None:
        try:
            self.sweep()
        except OSError as error:
            _logger.warning("the cache folder can't be looked through", error=str(error))
        finally:
            self._sweeping.release()
        self._sweep_if_due()  # what was written meanwhile started none


def open_store_near(place: str | Path, folder: Path, budget: int) -> Store:
    """The store at a path or URL, with ``folder`` in front of it if it is an object store.

    Raises:
        SettingsWrong: the URL is none we know how to open.
        StoreUnavailable: a folder can't be made.
    """
    store = open_store(place)
    return NearbyStore(store, folder, budget) if isinstance(store, ObjectStore) else store


class _Rest:
    """Keeps from asking a store that can't be reached, for longer after each failure."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._until = 0.0
        self._pause = _FIRST_REST
        self._why = ""

    def unless_resting(self, ask: Callable[[], bytes]) -> bytes:
        if self._monotonic() < self._until:
            raise StoreUnavailable(f"not asked again yet, since {self._why}")
        try:
            answer = ask()
        except StoreUnavailable as error:
            self._why = str(error)
            self._until = self._monotonic() + self._pause
            self._pause = min(self._pause * 2, _LONGEST_REST)
            raise
        self._pause = _FIRST_REST
        return answer


def _drop(path: Path) -> None:
    with suppress(OSError):  # what stays has another digest than what is asked for, and is swept
        path.unlink()


def _note_use(path: Path) -> None:
    with suppress(OSError):  # it may have been swept, or the folder be read-only
        if time.time() - path.stat().st_mtime > _USED_LATELY:
            os.utime(path)


def _files(folder: Path) -> Iterator[tuple[float, int, Path]]:
    """When each file was last used, its size, and its path; what writers left behind is removed."""
    for path in folder.glob("??/*"):
        with suppress(FileNotFoundError):  # another process may remove it
            found = path.stat()
            if not path.name.startswith("."):
                yield found.st_mtime, found.st_size, path
            elif time.time() - found.st_mtime > _ABANDONED:
                path.unlink()


@contextmanager
def _alone_in(folder: Path) -> Iterator[bool]:
    """Whether no other process looks through the folder meanwhile."""
    with (folder / "sweep.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(f"{folder}: {error}") from error
