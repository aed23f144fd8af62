"""Deciding together what was asked in one turn of the event loop."""

import asyncio

from modelfleet.api.wakeups import Wakeups
from modelfleet.decisions import Asked, Decider, Decision


class Together:
    """Collects the requests that come while others are decided, and decides them in one go.

    They share one pass of the encoder and, most often, one commit; a lone request waits for
    nobody. Only for requests that can be decided without waiting.
    """

    def __init__(self, decider: Decider, wakeups: Wakeups) -> None:
        self._decider = decider
        self._wakeups = wakeups
        self._asked: list[Asked] = []
        self._waiting: list[asyncio.Future[Decision]] = []

    async def decide(self, asked: Asked) -> Decision:
        """The decision, once it is durable in the log."""
        loop = asyncio.get_running_loop()
        if not self._asked:
            loop.call_soon(self._decide)
        waiting: asyncio.Future[Decision] = loop.create_future()
        self._asked.append(asked)
        self._waiting.append(waiting)
        return await waiting

    def _decide(self) -> None:
        asked, self._asked = self._asked, []
        waiting, self._waiting = self._waiting, []
        self._decide_each(asked, waiting)

    def _decide_each(self, asked: list[Asked], waiting: "list[asyncio.Future[Decision]]") -> None:
        """Decide all in one go, or each alone if one of them can't be."""
        try:
            decided = self._decider.decide_together(asked)
        except Exception as error:  # noqa: BLE001 - whatever it is, who asked is told
            if len(asked) > 1:
                for question, answer in zip(asked, waiting, strict=True):
                    self._decide_each([question], [answer])
            elif not waiting[0].done():
                waiting[0].set_exception(error)
            return
        for future, answer in zip(decided, waiting, strict=True):
            self._wakeups.pass_on(future, answer)
