"""Swaps take turns with requests in the event loop, and hold up neither it nor its end."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from modelfleet.api.turns import Turns


def test_each_step_is_a_turn_of_the_event_loop() -> None:
    order = list[str]()

    def steps() -> Iterator[None]:
        for number in range(3):
            order.append(f"step {number} in {threading.current_thread().name}")
            asyncio.get_running_loop().call_soon(order.append, "a request")
            yield

    async def run() -> None:
        turns = Turns(asyncio.get_running_loop())
        await asyncio.to_thread(turns, steps())
        turns.close()

    asyncio.run(run())
    here = threading.current_thread().name
    assert order == [
        said for number in range(3) for said in (f"step {number} in {here}", "a request")
    ]


def test_what_a_step_raises_reaches_who_waits_and_the_loop_goes_on() -> None:
    def steps() -> Iterator[None]:
        yield
        raise LookupError("no such step")

    async def run() -> None:
        turns = Turns(asyncio.get_running_loop())
        with pytest.raises(LookupError, match="no such step"):
            await asyncio.to_thread(turns, steps())
        await asyncio.to_thread(turns, iter([None]))

    asyncio.run(run())


def test_an_event_loop_that_ends_leaves_nobody_waiting() -> None:
    begun = threading.Event()

    def endless() -> Iterator[None]:
        while True:
            begun.set()
            yield

    async def run(turns_of: list[Turns], pool: ThreadPoolExecutor) -> None:
        turns_of.append(Turns(asyncio.get_running_loop()))
        waiting = pool.submit(turns_of[0], endless())
        await asyncio.to_thread(begun.wait)
        turns_of[0].close()
        await asyncio.wrap_future(waiting)

    made = list[Turns]()
    with ThreadPoolExecutor(1) as pool:
        asyncio.run(run(made, pool))
    made[0](endless())  # after the end nothing is done, and nobody waits
