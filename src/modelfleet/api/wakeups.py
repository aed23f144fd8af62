"""Waking the event loop once for all that one commit made durable, not once for each."""

import asyncio
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class Wakeups:
    """Hands results of other threads' futures to one event loop, many at a time."""

    def __init__(self) -> None:
        self._done: list[tuple[asyncio.Future[Any], Future[Any]]] = []
        self._woken = False

    async def result(self, future: "Future[T]") -> T:
        """What a future of another thread gives, or the error that it raises."""
        waiting: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self.pass_on(future, waiting)
        return await waiting

    def pass_on(self, future: "Future[T]", waiting: "asyncio.Future[T]") -> None:
        """Have ``waiting`` done as ``future`` is, in the event loop that it belongs to."""
        loop = waiting.get_loop()
        future.add_done_callback(lambda done: self._tell(loop, waiting, done))

    def _tell(
        self, loop: asyncio.AbstractEventLoop, waiting: "asyncio.Future[T]", done: "Future[T]"
    ) -> None:
        self._done.append((waiting, done))
        if not self._woken:
            self._woken = True
            loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        self._woken = False  # before taking the list: whoever comes now wakes the loop again
        delivered, self._done = self._done, []
        for waiting, done in delivered:
            if waiting.done():
                continue  # its client has gone
            error = done.exception()
            if error is None:
                waiting.set_result(done.result())
            else:
                waiting.set_exception(error)
