"""Answering together what was asked in one turn of the event loop."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Generic, TypeVar

from modelfleet.api.wakeups import settle

A = TypeVar("A")
B = TypeVar("B")

AnswerAll = Callable[[Sequence[tuple[A, Callable[[B | Exception], None]]]], None]
"""Tells each of those who asked the answer, now or later, or why there is none.

It raises, before anybody was told, if one of them can't be answered.
"""

Tell = Callable[[asyncio.Future[B], B | Exception], None]
"""Has a future give an answer, or raise why there is none."""

_MOST = 64
"""At a time, as many as the encoder takes in one pass; the first needn't wait for all others."""

_LONGEST_WAIT = 0.002
"""Seconds for which the first to ask waits for others at most."""


class Together(Generic[A, B]):
    """Collects what is asked, and has it answered in one go.

    Requests share one pass of the encoder so and, most often, one commit: one of many costs half
    of what a lone one does. So a round begins once as many have asked as in the round before, or
    soon after the first of them did. Who asks one thing after another never waits: the round before
    had one. Only for what can be answered without waiting.
    """

    def __init__(self, answer_all: AnswerAll[A, B], tell: Tell[B] = settle) -> None:
        self._answer_all = answer_all
        self._tell = tell
        self._asked: list[tuple[A, asyncio.Future[B]]] = []
        self._expected = 1
        self._timer: asyncio.Handle | None = None

    async def answer(self, asked: A) -> B:
        """The answer, or the error that stands in its place."""
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[B] = loop.create_future()
        self._asked.append((asked, waiting))
        if len(self._asked) == self._expected:
            if self._timer is not None:
                self._timer.cancel()
            loop.call_soon(self._answer_some, loop)
        elif len(self._asked) == 1:
            self._timer = loop.call_later(_LONGEST_WAIT, self._answer_some, loop)
        return await waiting

    def _answer_some(self, loop: asyncio.AbstractEventLoop) -> None:
        some, self._asked = self._asked[:_MOST], self._asked[_MOST:]
        self._expected = len(some)
        if self._asked:  # they have waited enough
            self._expected = 1
            loop.call_soon(self._answer_some, loop)
        self._answer_each(some)

    def _answer_each(self, asked: list[tuple[A, asyncio.Future[B]]]) -> None:
        """Answer all in one go, or each alone if one of them can't be."""
        try:
            self._answer_all([(one, partial(self._tell, waiting)) for one, waiting in asked])
        except Exception as error:  # noqa: BLE001 - whatever it is, who asked is told
            if len(asked) > 1:
                for one in asked:
                    self._answer_each([one])
                return
            ((_, waiting),) = asked
            settle(waiting, error)
