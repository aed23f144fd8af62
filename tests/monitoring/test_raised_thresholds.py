"""A threshold that an alert raised goes back when that is over, and a person's is never touched."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from tests.conftest import HandClock
from tests.monitoring.lives import Habits, Life

from modelfleet.events import Event, Query, make
from modelfleet.events.kinds import TargetSet
from modelfleet.fleet import Fleet
from modelfleet.monitoring.alarms.targets import raise_of, target_after
from modelfleet.task import Task

USUAL = 0.9


def only_sure_is_right(confidence: float, _metadata: Mapping[str, str]) -> float:
    return confidence if confidence >= USUAL else confidence - 0.6


GOOD = Habits(version="v1")
BAD = msgspec.structs.replace(GOOD, right=only_sure_is_right)


@pytest.fixture
def life(fleet: Fleet, task: Task, clock: HandClock) -> Life:
    """Its decisions got worse, but for the surest: more is asked of them."""
    made = Life(fleet, clock)
    made.live(GOOD, days=8)
    before = asked(task)
    for _ in range(6):
        if asked(task) != before:
            break
        made.live(BAD, days=1)
    assert asked(task) > before
    (alert,) = task.alerts()
    assert alert.actions[-1].what == "raise_threshold"
    return made


def asked(task: Task) -> float:
    """How often decisions must be right."""
    return task.targets()[0].precision


def targets(fleet: Fleet) -> list[dict[str, Any]]:
    return [one.fields for one in fleet.events(Query(kinds=(TargetSet.kind,)))]


def test_it_is_the_recipes_again_once_it_is_over(life: Life, task: Task) -> None:
    raised = asked(task)
    life.live(GOOD, days=14)
    assert task.alerts() == []
    said = targets(life.fleet)
    assert [one["precision"] for one in said] == [raised, None]
    assert {one["by"] for one in said} == {"monitoring"}
    assert all(one["why"] for one in said)
    assert asked(task) == pytest.approx(1 - 2 * (1 - raised))
    life.fleet.rebuild()
    life.fleet.watch_due()
    assert targets(life.fleet) == said


def test_it_is_back_as_soon_as_a_person_says_that_it_is_over(life: Life, task: Task) -> None:
    before = 1 - 2 * (1 - asked(task))
    task.end_alert(task.alerts()[0].alert, why="known", by="alice")
    life.fleet.watch_due()
    assert asked(task) == pytest.approx(before)


def test_what_a_person_asked_for_meanwhile_stays(life: Life, task: Task) -> None:
    task.set_target_precision(0.97, by="alice")
    life.live(GOOD, days=14)
    assert task.alerts() == []
    assert asked(task) == 0.97
    assert targets(life.fleet)[-1]["by"] == "alice"


def said(identity: str, precision: float | None, by: str = "monitoring") -> Event:
    return make(TargetSet(precision, None, by), tenant="acme", task="team", time=1, id=identity)


PERSON = said("e1", 0.8, "alice")
FIRST, SECOND = said(raise_of("a"), 0.9), said(raise_of("b"), 0.95)
BACK = said("b.lower_threshold", 0.9)


@pytest.mark.parametrize(
    ("newest", "over", "still_open", "wanted"),
    [
        ((FIRST,), "a", (), None),
        ((FIRST, PERSON), "a", (), 0.8),
        ((SECOND, FIRST, PERSON), "b", ("a",), 0.9),
        ((BACK, SECOND, FIRST, PERSON), "a", (), 0.8),
        ((SECOND, FIRST, PERSON), "b", (), 0.8),
    ],
)
def test_it_goes_back_to_what_is_still_asked_for(
    newest: tuple[Event, ...], over: str, still_open: tuple[str, ...], wanted: float | None
) -> None:
    back = target_after(newest, over, still_open, 0.7)
    assert back is not None
    assert back.precision == wanted


@pytest.mark.parametrize(
    ("newest", "over", "still_open"),
    [
        ((), "a", ()),
        ((PERSON, FIRST), "a", ()),
        ((SECOND, FIRST, PERSON), "a", ("b",)),
        ((BACK, SECOND, FIRST, PERSON), "b", ("a",)),
        ((FIRST, said("e2", 0.99, "alice")), "a", ()),
        ((FIRST, PERSON), "c", ("a",)),
    ],
)
def test_nothing_changes_where_another_asked_since_or_asks_for_as_much(
    newest: tuple[Event, ...], over: str, still_open: tuple[str, ...]
) -> None:
    assert target_after(newest, over, still_open, 0.7) is None
