"""Swaps take turns with requests in the event loop, and hold up neither it nor its end."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.conftest import HandClock
from tests.serving.test_serving import trained

from modelfleet.api.turns import Turns
from modelfleet.fleet import Fleet


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


def test_what_another_process_made_live_is_swapped_in_between_requests(
    fleet: Fleet, place: str, clock: HandClock
) -> None:
    task = trained(fleet, clock, versions=2)
    second, first = [version.version for version in task.versions()]
    swapped_here = list[str]()

    async def run(other: Fleet) -> None:
        turns = Turns(asyncio.get_running_loop())

        def noted(steps: Iterator[object]) -> None:
            swapped_here.append(threading.current_thread().name)
            turns(steps)

        other.swap_in(noted)
        for version in (first, second, first):
            task.promote(version)
            async with asyncio.timeout(10):
                while True:
                    model = other.cache.fresh("acme", "team")
                    assert model is not None  # one is ready at all times
                    if model.version == version:
                        break
                    await asyncio.sleep(0.01)
        turns.close()

    with Fleet(place, settings=fleet.settings, train=False, durable=False) as other:
        other.cache.get("acme", "team")
        asyncio.run(run(other))
    # What waits for another machine isn't the event loop's to do.
    assert len(swapped_here) == (0 if fleet.database.is_postgresql else 3)
