"""What a task was like while it was bad isn't what is to be expected of it afterwards."""

from collections.abc import Mapping

import msgspec
from tests.conftest import HandClock
from tests.monitoring.lives import Habits, Life

from modelfleet.events import Logged, Query
from modelfleet.events.kinds import AlertRaised
from modelfleet.fleet import Fleet

TOLD = 0.88
"""How often decisions are right by their confidence, on average."""


def worse(confidence: float, _metadata: Mapping[str, str]) -> float:
    return confidence - 0.3


GOOD = Habits(abstains=0.0)
BAD = msgspec.structs.replace(GOOD, right=worse)


def raised(fleet: Fleet) -> list[Logged]:
    return list(fleet.events(Query(kinds=(AlertRaised.kind,))))


def live_until_raised(life: Life, habits: Habits) -> None:
    before = len(raised(life.fleet))
    for _ in range(15):
        life.live(habits, days=1)
        if len(raised(life.fleet)) > before:
            return
    raise AssertionError("nothing was raised")


def live_until_over(life: Life, habits: Habits) -> None:
    for _ in range(30):
        life.live(habits, days=1)
        if not life.fleet.alerts():
            return
    raise AssertionError("it isn't over")


def test_a_fault_that_comes_again_is_held_against_the_time_before_the_first(
    small_fleet: Fleet, clock: HandClock
) -> None:
    life = Life(small_fleet, clock)
    life.live(GOOD, days=10)
    live_until_raised(life, BAD)
    first = raised(small_fleet)[-1]
    life.live(BAD, days=25)
    live_until_over(life, GOOD)
    life.live(GOOD, days=2)
    over = clock()
    live_until_raised(life, BAD)
    second = raised(small_fleet)[-1]
    for one in (first, second):
        assert one.fields["finding"] == "precision"
        assert abs(one.fields["expected"] - TOLD) < 0.04
    assert second.fields["inception"]["time"] > over - 86_400_000_000
    said = raised(small_fleet)
    small_fleet.rebuild()
    small_fleet.watch_due()
    assert raised(small_fleet) == said


def test_what_a_rate_was_is_told_from_what_its_recipes_tasks_have(
    small_fleet: Fleet, clock: HandClock
) -> None:
    life = Life(small_fleet, clock)
    sure, unsure = ("acme", "team"), ("widget", "team")
    good, bad = (Habits(abstains=share, version="v1") for share in (0.4, 0.95))
    for tenant, _ in (sure, unsure):
        life.publish("v1", tenant)

    def live(habits: Habits, days: int) -> None:
        life.live_together({sure: Habits(version="v1"), unsure: habits}, days=days, a_day=12)

    live(good, 10)
    live(bad, 14)
    live(good, 16)
    assert small_fleet.alerts() == []
    live(bad, 5)
    first, *_, second = (one for one in raised(small_fleet) if one.fields["finding"] == "coverage")
    assert abs(second.fields["expected"] - 0.6) < 0.1
    assert second.fields["events"] < first.fields["events"]
