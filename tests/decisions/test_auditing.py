"""A known share of decisions is drawn for a person to look at, whatever was decided."""

from pathlib import Path

import pytest
from tests.conftest import HandClock

from modelfleet.decisions.auditing import drawn
from modelfleet.errors import InvalidInput
from modelfleet.fleet import Fleet
from modelfleet.settings import Settings
from modelfleet.task import Task


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Every fourth decision is drawn."""
    return Settings(store=str(tmp_path / "models"), audit_share=0.25)


@pytest.fixture
def task(fleet: Fleet) -> Task:
    """A task that has decided a hundred requests."""
    made = fleet.task("acme", "team")
    made.define_label("it", keywords=["wifi"])
    made.define_label("hr", keywords=["payday"])
    for number in range(100):
        made.decide(f"the wifi is down {number}", id=f"d{number}")
    return made


def test_the_share_of_those_drawn_is_the_one_that_is_set() -> None:
    found = [drawn("acme", "team", f"d{number}", 0.01) for number in range(50_000)]
    assert set(found) == {None, 0.01}
    assert 400 < sum(one is not None for one in found) < 600


def test_none_or_all_are_drawn_if_so_set() -> None:
    assert {drawn("acme", "team", f"d{number}", 0.0) for number in range(1_000)} == {None}
    assert {drawn("acme", "team", f"d{number}", 1.0) for number in range(1_000)} == {1.0}


def test_those_drawn_come_first_and_leave_once_somebody_spoke(task: Task) -> None:
    audits = task.awaiting(audits=True)
    assert 10 < len(audits) < 45
    assert {one.audit for one in audits} == {0.25}
    everything = task.awaiting(100)
    assert everything[: len(audits)] == audits
    assert len({one.decision.id for one in everything}) == 100
    assert all(one.audit is None for one in everything[len(audits) :])
    task.accept(audits[0].decision.id)
    assert task.awaiting(audits=True) == audits[1:]
    assert task.awaiting(5, audits=True) == audits[1:6]


def test_a_request_sent_again_is_drawn_again_or_not_as_before(task: Task) -> None:
    before = task.awaiting(100)
    for number in range(100):
        task.decide(f"the wifi is down {number}", id=f"d{number}")
    assert task.awaiting(100) == before


def test_precision_by_those_drawn_has_no_bias_though_only_mistakes_are_reported(
    fleet: Fleet, task: Task, clock: HandClock
) -> None:
    """A quarter of decisions is wrong; of the rest nobody speaks but when asked."""
    audits = {one.decision.id for one in task.awaiting(audits=True)}
    decided = {f"d{number}": number % 4 == 0 for number in range(100)}
    for decision, is_wrong in decided.items():
        if is_wrong:
            task.assign(decision, "hr")
        elif decision in audits:
            task.accept(decision)
    clock.advance(40 * 24 * 3600)
    fleet.watch_due()
    found = task.metrics(60).now.metrics
    right = sum(not decided[decision] for decision in audits)
    assert found.audited.share == pytest.approx(right / len(audits))
    assert found.audited.least < 0.75 < found.audited.most
    assert found.precision.share is not None
    assert found.precision.share < 0.6
    assert found.audits == len(audits)


def test_charlie_is_asked_nothing(task: Task, fleet: Fleet) -> None:
    assert task.awaiting(audits=True)
    assert fleet.task("charlie", "team").awaiting(audits=True) == []
    assert fleet.task("charlie", "team").awaiting() == []


def test_forgotten_requests_are_shown_to_nobody(task: Task) -> None:
    audits = task.awaiting(audits=True)
    task.forget(f"decision:{audits[0].decision.id}")
    assert task.awaiting(audits=True) == audits[1:]


def test_a_limit_that_cant_be_accepted_is_said(task: Task) -> None:
    with pytest.raises(InvalidInput, match="limit"):
        task.awaiting(0)
