"""A worker: takes the task whose turn it is, trains it, and waits when there is nothing to do."""

import threading
from collections.abc import Callable, Sequence

import structlog

from modelfleet.catalog import Lease, Queue
from modelfleet.clock import SECOND, Clock
from modelfleet.errors import Conflict, LogUnavailable
from modelfleet.events import new_id
from modelfleet.training.publish import Kept, Outcome, Published, Trainer, Trying

LEASE_SECONDS = 20.0
_RENEW_EVERY = LEASE_SECONDS / 4
_AT_A_TIME = 8
_LONGEST_WAIT = 60.0
_AFTER_TROUBLE = 0.5
_MOST_HELD_BACK = SECOND // 5
"""How long what came of a training waits for others to share a commit with (microseconds)."""

_logger = structlog.get_logger()


class Worker:
    """Trains what is due. Any number of workers may share a database."""

    def __init__(self, name: str, queue: Queue, trainer: Trainer, clock: Clock) -> None:
        self._name = name
        self._queue = queue
        self._trainer = trainer
        self._clock = clock

    def step(self, limit: int = _AT_A_TIME) -> list[Outcome]:
        """Lease the next tasks and train them; nothing if nothing is due.

        What came of quick trainings goes into one commit; one that took long isn't kept waiting.
        """
        leases = self._queue.lease(self._name, self._clock(), LEASE_SECONDS, limit)
        outcomes: list[Outcome] = []
        tried: list[tuple[Lease, Trying]] = []
        since = self._clock()
        for lease in leases:
            tried.append((lease, self._train(lease)))
            if lease is leases[-1] or self._clock() - since > _MOST_HELD_BACK:
                outcomes += self._logged(tried)
                tried, since = [], self._clock()
        return outcomes

    def run(self, stop: threading.Event, wait: Callable[[float], object]) -> None:
        """Call the step until ``stop`` is set; ``wait`` returns when the log grew, or in time.

        While it trains, a second thread keeps the leases alive, so only a worker that died lets
        them lapse; or one that met trouble: it goes on under another name.
        """
        heart = threading.Thread(target=self._renew_until, args=(stop,), daemon=True)
        heart.start()
        while not stop.is_set():
            try:
                if not self.step():
                    wait(self._seconds_to_next())
            except Exception as error:  # noqa: BLE001 - the process's loop, which must go on
                self._name = new_id()
                _logger.warning("training met trouble; trying again", error=str(error))
                stop.wait(_AFTER_TROUBLE)

    def _train(self, lease: Lease) -> Trying:
        try:
            return self._trainer.train(lease)
        except Exception as error:  # noqa: BLE001 - one task's poison must not stop the others
            return self._trainer.fail(lease, error)

    def _logged(self, tried: Sequence[tuple[Lease, Trying]]) -> list[Outcome]:
        """The outcomes, once they are in the log."""
        answers = self._trainer.log([trying for _, trying in tried])
        found = []
        for (lease, trying), answer in zip(tried, answers, strict=True):
            try:
                answer.result()
                found.append(trying.outcome)
            except Conflict as error:
                failed = self._trainer.fail(lease, error)
                self._trainer.log([failed])[0].result()
                found.append(failed.outcome)
            _report(found[-1])
        return found

    def _seconds_to_next(self) -> float:
        next_time = self._queue.next_time()
        if next_time is None:
            return _LONGEST_WAIT
        return min(max((next_time - self._clock()) / SECOND, 0.01), _LONGEST_WAIT)

    def _renew_until(self, stop: threading.Event) -> None:
        while not stop.wait(_RENEW_EVERY):
            try:
                self._queue.renew(self._name, self._clock(), LEASE_SECONDS)
            except LogUnavailable as error:
                _logger.warning("leases can't be renewed; trying again", error=str(error))


def _report(outcome: Outcome) -> None:
    logger = _logger.bind(tenant=outcome.tenant, task=outcome.task)
    match outcome:
        case Published():
            logger.info("published", version=outcome.version, why=outcome.why)
        case Kept():
            logger.info("kept the live version", why=outcome.why)
        case _:
            logger.warning("training failed", error=outcome.error)
