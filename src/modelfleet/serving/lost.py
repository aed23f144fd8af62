"""Files of live versions that are lost: the log is told, so that their tasks are trained anew."""

from concurrent.futures import Future
from typing import Any

import structlog

from modelfleet.catalog import Version
from modelfleet.clock import Clock
from modelfleet.errors import CheckpointDamaged, CheckpointMissing, CheckpointUnusable, Conflict
from modelfleet.events import EventLog, kinds, make

_logger = structlog.get_logger()


class LostVersions:
    """Tells the log of versions whose files are lost, whichever server finds it.

    Once of each publication: a version that was made anew has its name, and can be lost again.
    """

    def __init__(self, log: EventLog, clock: Clock) -> None:
        self._log = log
        self._clock = clock

    def report(self, tenant: str, task: str, version: Version, error: CheckpointUnusable) -> None:
        """Note why a live version can't be served, unless the file itself is sound.

        A newer format or an encoder that isn't installed is this server's own trouble: a training
        would mend nothing.
        """
        if not isinstance(error, CheckpointMissing | CheckpointDamaged):
            return
        identity = f"unusable {version.published} {version.version} of {task}"[:200]
        if self._log.get(tenant, identity) is None:
            body = kinds.VersionUnusable(version.version, str(error))
            event = make(body, tenant=tenant, task=task, time=self._clock(), id=identity)
            self._log.submit([event]).add_done_callback(_check)


def _check(told: "Future[list[Any]]") -> None:
    error = told.exception()
    if error is not None and not isinstance(error, Conflict):  # another server found it too
        _logger.warning("the log can't be told of a lost version", error=str(error))
