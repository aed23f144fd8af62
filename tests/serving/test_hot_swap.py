"""Versions are swapped under load: no request fails, and none is answered by a version too old."""

import asyncio
import threading
import time
from collections.abc import Iterator
from functools import partial

import pytest
import sqlalchemy as sa
from tests.conftest import HandClock
from tests.serving.test_serving import eventually, file_of, trained

from modelfleet.api.turns import Turns
from modelfleet.decisions import Example
from modelfleet.fleet import Fleet
from modelfleet.serving import judge
from modelfleet.task import Task


class Swaps:
    """Which version was made live when: known to begin before its event, and to hold after it."""

    def __init__(self, first: str) -> None:
        self.begun = [first]
        self.done = 0

    def to(self, task: Task, version: str) -> None:
        self.begun.append(version)
        task.promote(version)
        self.done = len(self.begun) - 1


def decide_until(stop: threading.Event, task: Task, swaps: Swaps, wrong: list[str]) -> None:
    """Decide on and on; note what failed, and versions that weren't live meanwhile."""
    number = 0
    while not stop.is_set():
        number += 1
        least = swaps.done
        try:
            version = task.decide(f"no wifi on floor {number % 50}").version
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what the test looks for
            wrong.append(repr(error))
            return
        if version not in swaps.begun[least:]:
            wrong.append(f"{version}, though {swaps.begun[least:]} were live")


@pytest.mark.parametrize("others", [3])
def test_no_request_fails_and_each_is_answered_by_a_version_that_is_live(
    fleet: Fleet, clock: HandClock, others: int
) -> None:
    task = trained(fleet, clock, versions=3)
    names = [version.version for version in task.versions()]
    swaps, stop, wrong = Swaps(names[0]), threading.Event(), list[str]()
    deciding = [
        threading.Thread(target=decide_until, args=(stop, task, swaps, wrong))
        for _ in range(others)
    ]
    for thread in deciding:
        thread.start()
    for number in range(1, 61):
        swaps.to(task, names[number % 3])
        if number % 20 == 0:
            task.give_examples([Example(f"something new {number}", "it")])
    stop.set()
    for thread in deciding:
        thread.join()
    assert wrong == []


def test_a_version_that_training_publishes_is_taken_up_under_load(
    fleet: Fleet, clock: HandClock
) -> None:
    task = trained(fleet, clock)
    first = task.versions()[0].version
    seen: list[str | None] = []
    stop = threading.Event()

    def decide() -> None:
        while not stop.is_set():
            seen.append(task.decide("no wifi").version)

    deciding = threading.Thread(target=decide)
    deciding.start()
    for number in range(3):
        task.give_examples([Example(f"wifi gone {number} {n}", "it") for n in range(6)])
        clock.advance(60)
        fleet.train_due()
    newest = task.versions()[0].version
    end = time.monotonic() + 10
    while newest not in seen[-5:]:
        assert time.monotonic() < end
        time.sleep(0.01)
    stop.set()
    deciding.join()
    order = [version.version for version in reversed(task.versions())]
    ranks = [order.index(version or "") for version in seen]
    assert ranks == sorted(ranks)
    assert (seen[0], seen[-1]) == (first, newest)


def test_another_server_follows_within_a_second(fleet: Fleet, place: str, clock: HandClock) -> None:
    task = trained(fleet, clock, versions=2)
    second, first = [version.version for version in task.versions()]
    with Fleet(place, settings=fleet.settings, train=False, durable=False) as other:
        there = other.task("acme", "team")
        assert there.decide("no wifi").version == second
        for version in (first, second, first):
            task.promote(version)
            begun = time.monotonic()
            while there.decide("no wifi").version != version:
                assert time.monotonic() - begun < 5  # a second, on a machine that isn't busy


def test_no_request_waits_for_a_swap_that_another_server_logged(
    fleet: Fleet, place: str, clock: HandClock
) -> None:
    task = trained(fleet, clock, versions=3)
    third, _, first = [version.version for version in task.versions()]
    task.give_examples([Example("the coffee machine", "facilities")])
    with Fleet(place, settings=fleet.settings, train=False, durable=False) as other:
        cache, texts = other.cache, ["the coffee machine", "no wifi", "door locked"]
        cache.get("acme", "team")

        def is_served(version: str) -> bool:
            model = cache.fresh("acme", "team")
            assert model is not None  # one is ready at all times
            return model.version == version

        for version in (first, third, first):
            task.promote(version)
            eventually(partial(is_served, version))
            swapped = cache.get("acme", "team")
            cache.clear()
            anew = cache.get("acme", "team")
            features = anew.encoder.encode(texts, [{}] * 3)
            assert (swapped.version, swapped.aliases) == (anew.version, anew.aliases)
            by_swapped = judge([swapped] * 3, texts, [{}] * 3, features)
            assert by_swapped == judge([anew] * 3, texts, [{}] * 3, features)


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


def test_what_was_corrected_beside_a_swap_is_known_to_another_server(
    fleet: Fleet, place: str, clock: HandClock
) -> None:
    task = trained(fleet, clock, versions=2)
    names = [version.version for version in task.versions()]
    with Fleet(place, settings=fleet.settings, train=False, durable=False) as other:
        there = other.task("acme", "team")

        def answers(text: str, label: str, version: str) -> bool:
            decision = there.decide(text)
            return (decision.candidates[0].label, decision.version) == (label, version)

        for number in range(6):
            text, label = f"the odd thing {number}", ("it", "facilities")[number % 2]
            version = names[(number + 1) % 2]
            task.promote(version)
            task.give_examples([Example(text, label)])
            eventually(partial(answers, text, label, version))


def test_a_version_that_another_server_made_live_and_cannot_be_opened_here_is_told(
    fleet: Fleet, place: str, clock: HandClock
) -> None:
    task = trained(fleet, clock, versions=2)
    second, first = [version.version for version in task.versions()]
    with Fleet(place, settings=fleet.settings, train=False, durable=False) as other:
        other.cache.get("acme", "team")
        file_of(fleet, first).unlink()
        task.promote(first)
        eventually(lambda: other.cache.serving("acme", "team").state == "stand-in")
        served = other.cache.serving("acme", "team")
        assert (served.wanted, served.version, "no such file" in served.why) == (
            first,
            second,
            True,
        )


def test_a_swap_of_a_task_in_memory_asks_the_database_twice_and_back_three_times(
    fleet: Fleet, clock: HandClock
) -> None:
    task = trained(fleet, clock, versions=2)
    task.pin_example("the lift", "facilities")
    clock.advance(60)
    task.retry_training()
    assert fleet.train_due()
    third, _, first = [version.version for version in task.versions()]
    asked: list[str] = []

    def note(_connection: sa.Connection, _cursor: object, statement: str, *_: object) -> None:
        if threading.current_thread() is threading.main_thread() and "BEGIN" not in statement:
            asked.append(statement)

    for version, queries in ((first, 3), (third, 2)):
        assert fleet.cache.get("acme", "team").version != version
        task.promote(version)
        sa.event.listen(fleet.database.engine, "before_cursor_execute", note)
        swapped = fleet.cache.get("acme", "team")
        sa.event.remove(fleet.database.engine, "before_cursor_execute", note)
        assert (swapped.version, len(asked)) == (version, queries)
        asked.clear()
        fleet.cache.clear()
        anew = fleet.cache.get("acme", "team")
        texts = ["the lift", "no wifi", "door locked", "VPN of the lift"]
        features = anew.encoder.encode(texts, [{}] * 4)
        by_swapped = judge([swapped] * 4, texts, [{}] * 4, features)
        assert by_swapped == judge([anew] * 4, texts, [{}] * 4, features)
