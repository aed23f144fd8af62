"""Worker processes: started, started again when they die, and stopped with their parent."""

import multiprocessing
import os
import signal
import threading
from multiprocessing.process import BaseProcess

import structlog

from modelfleet.cli.logging import configure_logging
from modelfleet.fleet import Fleet
from modelfleet.settings import Settings

_SPAWN = multiprocessing.get_context("spawn")
_BEFORE_RESTART = 1.0
_LONGEST_STOP = 30.0

_logger = structlog.get_logger()


def train_until_told(settings: Settings) -> None:
    """The body of a worker process: train until SIGINT or SIGTERM, or until its parent is gone."""
    configure_logging(settings.log_level)
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda _number, _frame: stop.set())
    threading.Thread(target=_stop_with_parent, args=(stop,), daemon=True).start()
    with Fleet.open(settings, train=True):
        stop.wait()


class Workers:
    """``count`` worker processes; one that dies is replaced."""

    def __init__(self, settings: Settings, count: int) -> None:
        # One core each: the numerics' own threads would only fight over them.
        for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ.setdefault(variable, "1")
        self._settings = settings
        self._stopping = threading.Event()
        self._processes: dict[int, BaseProcess] = {}
        self._watchers = [
            threading.Thread(target=self._keep_alive, args=(number,), daemon=True)
            for number in range(count)
        ]
        for watcher in self._watchers:
            watcher.start()

    def wait(self) -> None:
        """Until this process is told to stop by SIGINT or SIGTERM."""
        told = threading.Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, lambda _number, _frame: told.set())
        told.wait()

    def stop(self) -> None:
        """Have each worker finish the task that it trains, and wait for all."""
        self._stopping.set()
        for process in list(self._processes.values()):
            process.terminate()
        for watcher in self._watchers:
            watcher.join(_LONGEST_STOP)

    def _keep_alive(self, number: int) -> None:
        while not self._stopping.is_set():
            process = _SPAWN.Process(
                target=train_until_told, args=(self._settings,), name=f"worker-{number}"
            )
            process.start()
            self._processes[number] = process
            if self._stopping.is_set():
                process.terminate()
            process.join()
            if not self._stopping.is_set():
                _logger.warning("a worker died; starting another", exit_code=process.exitcode)
                self._stopping.wait(_BEFORE_RESTART)


def _stop_with_parent(stop: threading.Event) -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        stop.set()
