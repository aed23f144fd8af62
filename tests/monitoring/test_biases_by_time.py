"""An hour or a day of the week is only blamed where it is worse each time that it comes."""

import random
from collections.abc import Callable
from datetime import UTC, datetime

from tests.conftest import HandClock

from modelfleet import Fleet
from modelfleet.events import make
from modelfleet.events.kinds import (
    Candidate,
    DecisionAccepted,
    DecisionReassigned,
    RequestDecided,
)

MONDAY = round(datetime(2026, 3, 2, tzinfo=UTC).timestamp()) * 1_000_000
HOUR = 3600


def lived(fleet: Fleet, clock: HandClock, is_bad: Callable[[datetime], bool]) -> None:
    """Two weeks from a Monday on, in which one decision in ten is wrong, or half of them."""
    chance = random.Random(4)  # noqa: S311 - a test's own chance
    clock.time = MONDAY
    for hour in range(14 * 24):
        wrong = 0.5 if is_bad(datetime.fromtimestamp(clock.time / 1e6, UTC)) else 0.1
        events = []
        for number in range(18):
            tenant, name = f"tenant-{number}", f"{hour}-{number}"
            candidates = (Candidate("it", 0.9), Candidate("hr", 0.1))
            asked = RequestDecided("it broke", {}, "it", 0.9, candidates, 0.5)
            said = DecisionAccepted(name)
            word = DecisionReassigned(name, "hr") if chance.random() < wrong else said
            events += [
                make(asked, tenant=tenant, task="team", time=clock.time, id=name),
                make(word, tenant=tenant, task="team", time=clock.time),
            ]
        fleet.log.append(events)
        clock.advance(HOUR)


def named(fleet: Fleet) -> list[tuple[tuple[str, str], ...]]:
    return [one.where for one in fleet.biases(days=14)]


def test_what_gets_worse_at_last_isnt_the_fault_of_the_day_on_which_it_does(
    small_fleet: Fleet, clock: HandClock
) -> None:
    lived(small_fleet, clock, lambda time: time.day >= 14)
    assert named(small_fleet) == []


def test_a_single_bad_day_says_nothing_of_that_day_of_the_week(
    small_fleet: Fleet, clock: HandClock
) -> None:
    lived(small_fleet, clock, lambda time: time.day == 11)
    assert named(small_fleet) == []


def test_what_is_bad_for_eight_days_isnt_the_fault_of_the_day_that_comes_twice(
    small_fleet: Fleet, clock: HandClock
) -> None:
    lived(small_fleet, clock, lambda time: time.day >= 8)
    assert named(small_fleet) == []


def test_a_day_of_the_week_that_is_worse_each_time_is_named(
    small_fleet: Fleet, clock: HandClock
) -> None:
    lived(small_fleet, clock, lambda time: time.weekday() == 3)
    assert named(small_fleet) == [(("weekday", "Thursday"),)]


def test_an_hour_that_is_worse_each_day_is_named(small_fleet: Fleet, clock: HandClock) -> None:
    lived(small_fleet, clock, lambda time: time.hour == 9)
    assert named(small_fleet) == [(("hour", "09"),)]
