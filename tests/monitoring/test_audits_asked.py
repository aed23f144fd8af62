"""Where too little is known, people are asked to look at more decisions, until that is over."""

from pathlib import Path

import pytest
from tests.conftest import HandClock
from tests.monitoring.lives import Habits, Life
from tests.serving.test_serving import eventually, trained

from modelfleet.decisions.auditing import drawn
from modelfleet.decisions.decision import Request
from modelfleet.events import Query, make
from modelfleet.events import kinds as k
from modelfleet.fleet import Fleet
from modelfleet.monitoring.alarms.actions import AUDITED
from modelfleet.settings import Settings
from modelfleet.task import Task

USUAL = 0.05


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """One in twenty decisions is drawn, where nothing is the matter."""
    return Settings(store=str(tmp_path / "models"), audit_share=USUAL)


def tell(fleet: Fleet, body: k.Body, tenant: str = "acme") -> None:
    """What the watcher would log."""
    fleet.log.append([make(body, tenant=tenant, task="team", time=fleet.clock())])


def share_of(task: Task, start: int = 0) -> float:
    """The probability with which decisions are drawn now: those that should be, and no others."""
    ids = [f"r{number}" for number in range(start, start + 100)]
    task.decide_many([Request("the wifi is down", id=one) for one in ids])
    audits = {one.decision.id: one.audit for one in task.awaiting(1_000, audits=True)}
    shares = {audits[one] for one in ids if one in audits}
    share = shares.pop() if len(shares) == 1 else None
    assert share is not None
    at_chance = {one for one in ids if drawn(task.tenant, "team", one, share)}
    assert at_chance == audits.keys() & set(ids)
    return share


def test_a_new_kind_of_request_is_looked_at_more_often_until_it_is_no_news(
    fleet: Fleet, task: Task, clock: HandClock
) -> None:
    life = Life(fleet, clock)
    life.live(Habits(), days=8)
    assert share_of(task) == USUAL
    life.live(Habits(abstains=0.8, reason="no_label_fits"), days=4)
    (alert,) = [one for one in task.alerts() if one.finding == "new_domain"]
    assert alert.actions[0].what == "ask_audits"
    (asked,) = fleet.events(Query(kinds=(k.AuditsAsked.kind,)))
    assert asked.fields == {"alert": alert.alert, "share": AUDITED, "by": "monitoring"}
    assert share_of(task, 1_000) == AUDITED
    life.live(Habits(), days=20)
    assert "new_domain" not in {one.finding for one in task.alerts()}
    assert share_of(task, 2_000) == USUAL


def test_every_server_draws_more_at_once_and_so_does_one_that_starts_later(
    place: str, settings: Settings, fleet: Fleet, task: Task, clock: HandClock
) -> None:
    with Fleet(place, settings=settings, train=False, durable=False, clock=clock) as second:
        there = second.task("acme", "team")
        assert share_of(there) == USUAL
        tell(fleet, k.AuditsAsked("a1", 0.5))
        assert share_of(task, 1_000) == 0.5
        eventually(lambda: second.cache.get("acme", "team").audit_share == 0.5)
        assert share_of(there, 2_000) == 0.5
    with Fleet(place, settings=settings, train=False, durable=False, clock=clock) as third:
        assert share_of(third.task("acme", "team"), 3_000) == 0.5


def test_it_holds_for_a_model_that_left_memory_and_after_a_rebuild(
    fleet: Fleet, task: Task
) -> None:
    tell(fleet, k.AuditsAsked("a1", 0.5))
    fleet.cache.clear()
    assert share_of(task) == 0.5
    before = task.status()
    fleet.rebuild()
    assert task.status() == before
    assert before.audits == {"a1": 0.5}
    fleet.cache.clear()
    assert share_of(task, 1_000) == 0.5


def test_a_person_who_has_seen_enough_ends_it(fleet: Fleet, task: Task) -> None:
    tell(fleet, k.AlertRaised(alert="a1", finding="new_domain", sentence="There is something new."))
    tell(fleet, k.AuditsAsked("a1", 0.5))
    assert share_of(task) == 0.5
    tell(fleet, k.ActionMeasured("a1.ask_audits", "a1", helped=False, why="it went on"))
    assert share_of(task, 1_000) == 0.5
    task.end_alert("a1", why="they moved to another office", by="alice")
    assert share_of(task, 2_000) == USUAL


def test_the_end_of_one_alert_takes_nothing_from_another(fleet: Fleet, task: Task) -> None:
    tell(fleet, k.AuditsAsked("a1", 0.5))
    tell(fleet, k.AuditsAsked("a2", 0.25))
    assert share_of(task) == 0.5
    tell(fleet, k.AlertEnded("a1", "over"))
    assert share_of(task, 1_000) == 0.25
    tell(fleet, k.AlertEnded("a2", "over"))
    assert share_of(task, 2_000) == USUAL


def test_what_a_canary_answers_is_looked_at_as_often(fleet: Fleet, clock: HandClock) -> None:
    task = trained(fleet, clock, versions=2)
    live, canary = [one.version for one in task.versions()]
    tell(fleet, k.AuditsAsked("a1", 0.5))
    task.set_canary(canary, 0.5)
    assert share_of(task) == 0.5
    answered = {one.decision.version for one in task.awaiting(1_000, audits=True)}
    assert answered == {live, canary}


def test_less_than_is_usual_is_never_drawn(fleet: Fleet, task: Task) -> None:
    tell(fleet, k.AuditsAsked("a1", USUAL / 5))
    assert share_of(task) == USUAL


def test_charlies_task_of_the_same_name_is_looked_at_as_before(fleet: Fleet, task: Task) -> None:
    tell(fleet, k.AuditsAsked("a1", 0.5))
    tell(fleet, k.AlertEnded("a1", "it isn't mine to end"), tenant="charlie")
    other = fleet.task("charlie", "team")
    other.define_label("it", keywords=["wifi"])
    assert share_of(other) == USUAL
    assert share_of(task) == 0.5


def test_precision_by_those_drawn_stays_without_bias_though_the_share_changed(
    fleet: Fleet, task: Task, clock: HandClock
) -> None:
    """All is right until more are drawn, and wrong from then on: half of it is."""
    ids = [[f"{part}{number}" for number in range(400)] for part in "ab"]
    for part, some in enumerate(ids):
        if part:
            tell(fleet, k.AuditsAsked("a1", 0.5))
        task.decide_many([Request("the wifi is down", id=name) for name in some])
    for one in task.awaiting(1_000, audits=True):
        decision = one.decision.id
        if decision.startswith("a"):
            task.accept(decision)
        else:
            task.assign(decision, "hr")
    clock.advance(40 * 24 * 3600)
    fleet.watch_due()
    found = task.metrics(60).now.metrics
    assert found.precision.share is not None
    assert found.precision.share < 0.2
    assert found.audited.share == pytest.approx(0.5, abs=0.15)
