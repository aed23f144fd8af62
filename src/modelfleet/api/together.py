"""Deciding together what was asked in one turn of the event loop."""

import asyncio
from functools import partial

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
        self._asked: list[tuple[Asked, asyncio.Future[Decision]]] = []

    async def decide(self, asked: Asked) -> Decision:
        """The decision, once it is durable in the log."""
        loop = asyncio.get_running_loop()
        if not self._asked:
            loop.call_soon(self._decide)
        waiting: asyncio.Future[Decision] = loop.create_future()
        self._asked.append((asked, waiting))
        return await waiting

    def _decide(self) -> None:
        asked, self._asked = self._asked, []
        self._decide_each(asked)

    def _decide_each(self, asked: "list[tuple[Asked, asyncio.Future[Decision]]]") -> None:
        """Decide all in one go, or each alone if one of them can't be."""
        try:
            self._decider.decide_together(
                [(one, partial(self._wakeups.tell, waiting)) for one, waiting in asked]
            )
        except Exception as error:  # noqa: BLE001 - whatever it is, who asked is told
            if len(asked) > 1:
                for one in asked:
                    self._decide_each([one])
                return
            ((_, waiting),) = asked
            if not waiting.done():
                waiting.set_exception(error)
