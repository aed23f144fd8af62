"""Warm start: which models carried the traffic is written down, and they are loaded first."""

import os
import threading
import time
from contextlib import suppress
from pathlib import Path

import msgspec
import structlog

from modelfleet.errors import LogUnavailable
from modelfleet.serving.cache import ModelCache

_WRITTEN_EVERY = 60.0  # seconds
_FULL = 0.8  # of the budget; the rest is for what is asked for meanwhile
_NICE = 10
_LET_PASS = 0.01  # seconds
_MOST = 100_000

_logger = structlog.get_logger()


class Warmth:
    """A file with the tasks that were asked for most, and a thread that reads and writes it.

    After a start the models of these tasks are loaded, those with the most traffic first: in the
    background, at a low priority, for half of the time at most, and only while no request waits
    for a load. Then the file is written once a minute, and when this is closed. Each server has a
    file of its own, since each may have other tenants. A file that is missing or damaged means a
    cold start.
    """

    def __init__(self, cache: ModelCache, file: Path) -> None:
        self._cache = cache
        self._file = file
        self._stop = threading.Event()
        self.is_warm = threading.Event()
        self._thread = threading.Thread(target=self._run, name="warm-start", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Write the file once more."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        with suppress(OSError):  # of this thread alone; not every system allows it
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
        self._load()
        self.is_warm.set()
        while not self._stop.wait(_WRITTEN_EVERY):
            self._write()
        self._write()

    def _load(self) -> None:
        for tenant, task in self._read():
            if self._stop.is_set() or self._cache.fullness > _FULL:
                return
            while self._cache.is_loading and not self._stop.wait(_LET_PASS):
                pass
            begun = time.monotonic()
            try:
                self._cache.warm(tenant, task)
            except LogUnavailable as error:
                _logger.warning("warm start ends: the log can't be read", error=str(error))
                return
            self._stop.wait(time.monotonic() - begun)

    def _read(self) -> list[tuple[str, str]]:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=list[tuple[str, str]])
        except FileNotFoundError:
            return []
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            _logger.warning("a cold start", file=str(self._file), error=str(error))
            return []

    def _write(self) -> None:
        names = self._cache.busiest()[:_MOST]
        if not names:
            return
        temporary = self._file.with_suffix(".part")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(msgspec.json.encode(names))
            temporary.replace(self._file)
        except OSError as error:
            _logger.warning("what is busy can't be written down", error=str(error))
