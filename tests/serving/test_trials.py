"""Versions are tried out beside the live one: a canary answers a share, a shadow only says."""

from pathlib import Path

import pytest
from litestar.testing import TestClient
from tests.conftest import HandClock
from tests.serving.test_serving import file_of, forget, trained

from modelfleet.api import create_app
from modelfleet.decisions import Example, Request
from modelfleet.errors import Conflict, InvalidInput, NotFound
from modelfleet.events import Query
from modelfleet.fleet import Fleet
from modelfleet.serving import judge
from modelfleet.settings import Settings
from modelfleet.task import Task

IDS = [f"ticket-{number}" for number in range(400)]


def by_version(task: Task, ids: list[str], text: str = "no wifi") -> dict[str, str | None]:
    """Which version answered each request."""
    decisions = task.decide_many([Request(text, id=one) for one in ids])
    return {one.id: one.version for one in decisions}


def test_a_canary_answers_a_share_of_the_requests(fleet: Fleet, clock: HandClock) -> None:
    task = trained(fleet, clock, versions=2)
    live, canary = [version.version for version in task.versions()]
    task.set_canary(canary, 0.25)
    answered = by_version(task, IDS)
    assert set(answered.values()) == {live, canary}
    assert 60 <= list(answered.values()).count(canary) <= 140  # 100 expected, 4.6 deviations
    task.set_canary(None)
    assert set(by_version(task, [f"later-{one}" for one in IDS[:50]]).values()) == {live}


def test_which_requests_a_canary_answers_follows_from_their_ids_on_every_server(
    fleet: Fleet, place: str, clock: HandClock
) -> None:
    task = trained(fleet, clock, versions=2)
    live, canary = [version.version for version in task.versions()]
    task.set_canary(canary, 0.5)
    fleet.cache.get("acme", "team")
    first = {one: task.decide(one, id=one).version for one in IDS[:40]}
    with Fleet(
        place, settings=Settings(store=fleet.settings.models), train=False, durable=False
    ) as there:
        texts = [Request(one) for one in IDS[:40]]  # without an id, the text stands for it
        again = [one.version for one in there.task("acme", "team").decide_many(texts)]
    assert again == list(first.values())
    task.set_canary(canary, 0.75)
    wider = [task.decide(one).version for one in IDS[:40]]
    assert set(first.values()) == {live, canary}
    assert all(then == canary for one, then in zip(first, wider, strict=True) if first[one] != live)


def test_a_canary_that_is_promoted_answers_all_and_is_one_no_more(
    fleet: Fleet, clock: HandClock
) -> None:
    task = trained(fleet, clock, versions=2)
    canary = task.versions()[-1].version
    task.set_canary(canary, 0.5)
    assert task.status().aliases["canary"] == canary
    task.promote("canary")
    assert "canary" not in task.status().aliases
    assert set(by_version(task, IDS[:40]).values()) == {canary}


def test_an_order_about_a_part_sent_again_is_the_same_order(
    small_fleet: Fleet, clock: HandClock
) -> None:
    task = trained(small_fleet, clock, versions=3)
    _, second, first = [version.version for version in task.versions()]
    path = "/api/tenants/acme/tasks/team/versions"
    with TestClient(create_app(small_fleet, keys_required=False)) as api:

        def ordered(order: str, identity: str) -> tuple[int, bool]:
            receipt = api.post(f"{path}/{order}", json={"id": identity}).json()
            return receipt["seq"], receipt["duplicate"]

        seq, _ = ordered(f"{second}/canary", "try")
        promoted, _ = ordered("canary/promote", "go")
        assert ordered(f"{second}/canary", "try") == (seq, True)
        assert ordered("canary/promote", "go") == (promoted, True)
        assert api.post(f"{path}/{first}/promote", json={"id": "go"}).status_code == 409
        assert api.post(f"{path}/canary/promote", json={"id": "new"}).status_code == 404
    assert task.status().live == second


def test_training_publishes_beside_a_canary(fleet: Fleet, clock: HandClock) -> None:
    task = trained(fleet, clock, versions=2)
    canary = task.versions()[-1].version
    task.set_canary(canary, 1.0)
    task.give_examples([Example(f"printer on fire {n}", "it") for n in range(9)])
    clock.advance(60)
    assert len(fleet.train_due()) == 1
    newest = task.versions()[0].version
    assert task.status().aliases["live"] == newest != canary
    assert set(by_version(task, IDS[:5]).values()) == {canary}


def test_what_a_shadow_would_have_said_stands_in_the_log_and_is_not_answered(
    fleet: Fleet, clock: HandClock
) -> None:
    task = trained(fleet, clock, versions=2)
    live, shadow = [version.version for version in task.versions()]
    task.set_shadow(shadow)
    decision = task.decide("no wifi")
    assert (decision.version, decision.label) == (live, "it")
    (event,) = fleet.events(Query(tenant="acme", kinds=("request.decided",)))
    assert event.fields["version"] == live
    assert event.fields["shadow"]["version"] == shadow
    said = fleet.cache.get("acme", "team", shadow)
    features = said.encoder.encode(["no wifi"], [{}])
    (judged,) = judge([said], ["no wifi"], [{}], features, 1)
    assert event.fields["shadow"].get("label") == judged.label
    assert event.fields["shadow"]["confidence"] == round(judged.candidates[0].probability, 6)
    task.set_shadow(None)
    task.decide("no wifi at all")
    *_, last = fleet.events(Query(tenant="acme", kinds=("request.decided",)))
    assert "shadow" not in last.fields


def test_a_version_that_is_tried_out_and_can_not_be_served_takes_no_part(
    small_fleet: Fleet, clock: HandClock
) -> None:
    task = trained(small_fleet, clock, versions=2)
    live, broken = [version.version for version in task.versions()]
    Path(file_of(small_fleet, broken)).unlink()
    forget(small_fleet)
    task.set_canary(broken, 1.0)
    task.set_shadow(broken)
    decision = task.decide("no wifi")
    assert decision.version == live
    (event,) = small_fleet.events(Query(tenant="acme", kinds=("request.decided",)))
    assert "shadow" not in event.fields


def test_only_versions_of_the_task_that_are_not_live_are_tried_out(
    small_fleet: Fleet, clock: HandClock
) -> None:
    task = trained(small_fleet, clock, versions=2)
    live, other = [version.version for version in task.versions()]
    for try_out in (task.set_canary, task.set_shadow):
        with pytest.raises(NotFound, match="no version 'nothing'"):
            try_out("nothing")
        with pytest.raises(Conflict, match="is the live one"):
            try_out(live)
    for share in (0.0, 1.5, -0.1):
        with pytest.raises(InvalidInput, match="share"):
            task.set_canary(other, share)
    with pytest.raises(NotFound):
        small_fleet.task("charlies", "team").set_canary(other)
    assert task.status().canary is None


def test_why_explains_with_the_version_that_answered(small_fleet: Fleet, clock: HandClock) -> None:
    task = trained(small_fleet, clock, versions=2)
    canary = task.versions()[-1].version
    task.set_canary(canary, 1.0)
    decision = task.decide("no wifi")
    assert task.why(decision.id).version == canary
