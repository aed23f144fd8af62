"""Slices that nobody named are searched once a week, raised once, and over when they are."""

import random
from collections.abc import Mapping

import pytest
from structlog.testing import capture_logs
from tests.conftest import HandClock
from tests.monitoring.test_alerts_read import EVERYWHERE, tell
from tests.monitoring.test_found import states

from modelfleet import Fleet
from modelfleet.catalog import Alert
from modelfleet.clock import DAY
from modelfleet.events import Event, Query
from modelfleet.monitoring import taking
from modelfleet.monitoring.alarms import searching
from modelfleet.monitoring.alarms.searching import WEEK

A_DAY = 200
IT_TOPICS = {"label": "it", "task": "topic"}
IT_BY_CHAT = {"label": "it", "channel": "chat"}
DESKS = {"task": "desk"}
"""Which only one tenant has."""


class World:
    """A fleet whose tasks decide each day, and are told at once whether that was right."""

    def __init__(self, fleet: Fleet, clock: HandClock) -> None:
        self.fleet = fleet
        self.clock = clock
        clock.time = clock.time // WEEK * WEEK + DAY // 2
        self._chance = random.Random(3)  # noqa: S311 - a test's own chance
        self._number = 0

    def live(
        self,
        days: int,
        *,
        bad: Mapping[str, str] | None = None,
        without: Mapping[str, str] | None = None,
    ) -> None:
        """So many days; of requests with these properties six of ten are decided wrongly.

        Those with properties that it is ``without`` don't come any more.
        """
        for _ in range(days):
            told = [event for _ in range(A_DAY) for event in self._decide(bad, without)]
            self.fleet.import_events(told)
            self.clock.advance(DAY / 1_000_000)
            self.fleet.watch_due()

    def slices(self) -> list[Alert]:
        """The alerts of slices, the newest first."""
        told = self.fleet.catalog.alerts("", "", ended=True)
        return [one for one in told if one.finding == "slice"]

    def _decide(
        self, bad: Mapping[str, str] | None, without: Mapping[str, str] | None
    ) -> tuple[Event, ...]:
        self._number += 1
        time, decision = self.clock.time, f"d{self._number}"
        number = self._chance.randrange(12)
        asked = {
            "tenant": f"tenant-{min(number, 9)}",
            "task": "desk" if number > 9 else self._chance.choice(("team", "topic", "place")),
            "label": self._chance.choice(("it", "hr")),
            "channel": self._chance.choice(("chat", "mail", "phone")),
        }
        if without is not None and without.items() <= asked.items():
            return ()
        tenant, task, label = asked["tenant"], asked["task"], asked["label"]
        confidence = self._chance.choice((0.8, 0.9, 0.95))
        is_bad = bad is not None and bad.items() <= asked.items()
        is_wrong = self._chance.random() < (0.6 if is_bad else 1 - confidence)
        decided = {"text": "it broke", "label": label, "confidence": confidence}
        decided |= {"candidates": [[label, confidence]], "metadata": {"channel": asked["channel"]}}
        word = {"decision": decision} | ({"label": "law"} if is_wrong else {})
        kind = "decision.reassigned" if is_wrong else "decision.accepted"
        return (
            Event("request.decided", tenant, time, decision, task, decided),
            Event(kind, tenant, time, f"w{self._number}", task, word),
        )


@pytest.fixture
def world(small_fleet: Fleet, clock: HandClock) -> World:
    """A fleet that has lived well for two weeks."""
    made = World(small_fleet, clock)
    made.live(14)
    return made


def test_a_bad_slice_is_raised_once_in_the_next_week_and_over_when_it_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(world.fleet, EVERYWHERE, tenant="", task="")
    world.live(7, bad=IT_TOPICS)
    assert world.slices() == []
    world.live(1, bad=IT_TOPICS)
    (alert,) = world.slices()
    assert (alert.scope, alert.slice) == ("fleet", "label=it, task=topic")
    assert alert.observed is not None
    assert alert.expected is not None
    assert alert.observed < alert.expected
    assert alert.evidence > alert.bar > 0
    assert "with label it and task topic were right" in alert.sentence
    world.live(7, bad=IT_TOPICS)
    assert world.slices() == [alert]
    world.live(6)
    (over,) = world.slices()
    assert over.alert == alert.alert
    assert over.why is not None
    assert over.why.endswith("decisions since were right, as is to be expected")
    assert "all" in {one.alert for one in world.fleet.alerts()}
    before, told = states(world.fleet), list(world.fleet.events(Query()))
    monkeypatch.setattr(taking, "MOST_EVENTS", 997)
    world.fleet.rebuild()
    assert states(world.fleet) == before
    assert list(world.fleet.events(Query())) == told


def test_a_slice_that_no_request_is_of_any_more_is_over_after_two_searches(world: World) -> None:
    world.live(8, bad=IT_TOPICS)
    world.live(22, without=IT_TOPICS)
    (over,) = world.slices()
    assert over.why == "2 weekly searches in a row haven't found it"


def test_where_nothing_is_worse_nothing_is_raised(world: World) -> None:
    world.live(15)
    assert world.fleet.alerts() == []


def test_a_slice_that_an_alert_explains_already_wakes_nobody(world: World) -> None:
    world.live(8, bad=IT_BY_CHAT)
    (alert,) = world.slices()
    muter = next(one for one in world.fleet.alerts() if one.alert == alert.muted_by)
    assert (muter.finding, muter.scope, muter.slice) == ("bias", "fleet", "metadata.channel=chat")
    world.fleet.end_alert(muter.alert)
    world.live(7, bad=IT_BY_CHAT)
    again, first = world.slices()
    assert first.why == "what explained it is over"
    assert again.slice == first.slice


def test_one_tasks_fault_is_no_alert_of_the_fleet(world: World) -> None:
    world.live(8, bad=DESKS)
    assert [one for one in world.fleet.biases() if one.one_task > 0.9]
    assert world.slices() == []


def test_what_a_person_ends_is_raised_anew_if_it_goes_on(world: World) -> None:
    world.live(8, bad=IT_TOPICS)
    (alert,) = world.slices()
    world.fleet.end_alert(alert.alert)
    world.live(7, bad=IT_TOPICS)
    again, ended = world.slices()
    assert (ended.alert, again.slice) == (alert.alert, alert.slice)
    assert again.ended is None


def test_a_search_that_fails_stops_no_watch(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("a fault in the search")

    with monkeypatch.context() as patched, capture_logs() as said:
        patched.setattr(searching, "biases_of", fail)
        world.live(8, bad=IT_TOPICS)
    assert [one["event"] for one in said if "weekly search" in one["event"]]
    assert world.fleet.watcher.lag().events == 0
    world.live(7, bad=IT_TOPICS)
    assert len(world.slices()) == 1
