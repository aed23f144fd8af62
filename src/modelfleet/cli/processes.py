"""Processes of a role: started, started again when they die, and stopped with their parent."""

import gc
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from multiprocessing.process import BaseProcess

import structlog

from modelfleet.cli.logging import configure_logging
from modelfleet.fleet import Fleet
from modelfleet.settings import Settings

_SPAWN = multiprocessing.get_context("spawn")
_BEFORE_RESTART = 1.0
_LONGEST_STOP = 30.0
_OBJECTS_BETWEEN_LOOKS = 100_000

_logger = structlog.get_logger()


Body = Callable[[Settings], None]
"""What a process does, until it is told to stop or its parent is gone."""


def train_until_told(settings: Settings) -> None:
    """The body of a worker process: train what falls behind."""
    _until_told(settings, train=True, watch=False)


def watch_until_told(settings: Settings) -> None:
    """The body of the watcher's process: take in what becomes of decisions."""
    _until_told(settings, train=False, watch=True)


class Processes:
    """A process for each body; one that dies is replaced."""

    def __init__(self, settings: Settings, bodies: Sequence[Body]) -> None:
        # One core each: the numerics' own threads would only fight over them.
        for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ.setdefault(variable, "1")
        self._settings = settings
        self._stopping = threading.Event()
        self._starting = threading.Lock()
        self._processes: dict[int, BaseProcess] = {}
        self._keepers = [
            threading.Thread(target=self._keep_alive, args=(number, body), daemon=True)
            for number, body in enumerate(bodies)
        ]
        for keeper in self._keepers:
            keeper.start()

    def wait(self) -> None:
        """Until this process is told to stop by SIGINT or SIGTERM."""
        told = threading.Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, lambda _number, _frame: told.set())
        told.wait()

    def stop(self) -> None:
        """Have each finish what it has begun, and wait for all."""
        self._stopping.set()
        for process in list(self._processes.values()):
            process.terminate()
        for keeper in self._keepers:
            keeper.join(_LONGEST_STOP)

    def _keep_alive(self, number: int, body: Body) -> None:
        while not self._stopping.is_set():
            try:
                died: dict[str, object] = {"exit_code": self._run(number, body)}
            except Exception as error:  # noqa: BLE001 - whatever it is, the role must go on
                died = {"error": str(error)}
            if not self._stopping.is_set():
                _logger.warning("a process died; starting another", role=body.__name__, **died)
                self._stopping.wait(_BEFORE_RESTART)

    def _run(self, number: int, body: Body) -> int | None:
        """Start a process, and wait until it ends; its exit code."""
        process = _SPAWN.Process(
            target=body, args=(self._settings,), name=f"{body.__name__}-{number}"
        )
        # One at a time: each start may find that what multiprocessing tracks resources with was
        # killed, and two that replace it at once spoil each other's descriptors.
        with self._starting:
            process.start()
        self._processes[number] = process
        if self._stopping.is_set():
            process.terminate()
        process.join()
        return process.exitcode


def _until_told(settings: Settings, *, train: bool, watch: bool) -> None:
    """Work in the background until SIGINT or SIGTERM, or until the parent is gone."""
    configure_logging(settings.log_level)
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda _number, _frame: stop.set())
    threading.Thread(target=_stop_with_parent, args=(stop,), daemon=True).start()
    # What was imported stays, and a page of the log makes hundreds of thousands of objects that
    # aren't garbage: looking through all of them again and again takes half of the watcher's time.
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_LOOKS)
    with Fleet.open(settings, train=train, watch=watch):
        gc.freeze()  # nor what opening the fleet made
        stop.wait()


def _stop_with_parent(stop: threading.Event) -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        stop.set()
