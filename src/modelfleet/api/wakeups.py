"""Waking the event loop once for all that one commit made durable, not once for each."""

import asyncio
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

from modelfleet.errors import LogUnavailable

T = TypeVar("T")


class Wakeups:
    """Hands what other threads found to one event loop, many at a time."""

    def __init__(self) -> None:
        self._found: list[tuple[asyncio.Future[Any], object]] = []
        self._woken = False

    async def result(self, future: "Future[T]") -> T:
        """What a future of another thread gives, or the error that it raises.

        Raises:
            LogUnavailable: the fleet was closed before its turn came.
        """
        waiting: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        future.add_done_callback(lambda done: self.tell(waiting, _outcome(done)))
        return await waiting

    def tell(self, waiting: "asyncio.Future[T]", outcome: object) -> None:
        """Have ``waiting`` give an outcome, or raise it, in the event loop that it belongs to."""
        self._found.append((waiting, outcome))
        if not self._woken:
            self._woken = True
            with suppress(RuntimeError):  # the loop has ended, and who waited with it
                waiting.get_loop().call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        self._woken = False  # before taking the list: whoever comes now wakes the loop again
        delivered, self._found = self._found, []
        for waiting, outcome in delivered:
            settle(waiting, outcome)


def settle(waiting: asyncio.Future[Any], outcome: object) -> None:
    """Have a future of the event loop that is running give an outcome, or raise it."""
    if waiting.done():
        return  # its client has gone
    if isinstance(outcome, BaseException):
        waiting.set_exception(outcome)
    else:
        waiting.set_result(outcome)


def _outcome(done: "Future[Any]") -> object:
    if done.cancelled():
        return LogUnavailable("the fleet was closed before this was done")
    return done.exception() or done.result()
