"""Work that the event loop does itself, a step at a time, between requests."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future
from threading import Lock


class Turns:
    """Has other threads' work done by the event loop, one step between two rounds of requests.

    For steps of some tenths of a millisecond that wait for nobody. A thread of its own would do
    such a step no sooner, and hand the interpreter to and fro with the requests meanwhile, some
    40 times a step; each time one of the two waits.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._lock = Lock()
        self._ended = False
        self._undone: set[Future[None]] = set()

    def __call__(self, steps: Iterator[object]) -> None:
        """Wait until all steps are done, or the event loop is about to end; raises what they do."""
        done: Future[None] = Future()
        with self._lock:
            if self._ended:
                return
            self._undone.add(done)
            self._loop.call_soon_threadsafe(self._step, steps, done)
        done.result()

    def close(self) -> None:
        """Leave undone what waits; called in the event loop, or after it has ended."""
        with self._lock:
            self._ended = True
            for done in self._undone:
                done.set_result(None)
            self._undone.clear()

    def _step(self, steps: Iterator[object], done: "Future[None]") -> None:
        if done.done():
            return
        try:
            next(steps)
        except StopIteration:
            self._finish(done)
        except Exception as error:  # noqa: BLE001 - whatever it is, who waits is told
            self._finish(done, error)
        else:
            self._loop.call_soon(self._step, steps, done)

    def _finish(self, done: "Future[None]", error: Exception | None = None) -> None:
        with self._lock:
            self._undone.discard(done)
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)
