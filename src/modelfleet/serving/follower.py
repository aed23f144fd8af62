"""Following the log: tells the cache which models are behind, whoever wrote the events."""

import threading

import structlog

from modelfleet.errors import LogUnavailable
from modelfleet.events import EventLog, Wake
from modelfleet.serving.cache import ModelCache
from modelfleet.serving.loading import FOLLOWED

_LONGEST_WAIT = 0.25
_REST = 0.02
"""Seconds between two looks: one takes in all commits of a busy log since the last."""
_AFTER_TROUBLE = 0.5

_logger = structlog.get_logger()


class Follower:
    """A thread that reads what other processes committed, and tells the cache."""

    def __init__(self, log: EventLog, wake: Wake, cache: ModelCache) -> None:
        self._log = log
        self._wake = wake
        self._cache = cache
        self._position = log.head()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log-follower", daemon=True)
        self._thread.start()

    def step(self) -> None:
        """Notice all that was committed since the last step."""
        head, changes = self._log.changes(self._position, FOLLOWED)
        self._cache.follow(changes)
        self._position = head

    def close(self) -> None:
        """Stop following."""
        self._stop.set()
        self._thread.join()
        self._wake.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._wake.wait(_LONGEST_WAIT)
                self.step()
                self._stop.wait(_REST)
            except LogUnavailable as error:
                _logger.warning("the log can't be followed; trying again", error=str(error))
                self._stop.wait(_AFTER_TROUBLE)
