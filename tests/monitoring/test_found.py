"""What goes wrong is found as what it is, seen to, told if that doesn't help, and ended."""

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa
from tests.conftest import HandClock
from tests.monitoring.lives import Habits, Life

from modelfleet.api.alerts import alert_answer
from modelfleet.catalog import Alert
from modelfleet.client.translation import read_alert
from modelfleet.clock import DAY
from modelfleet.events import Query
from modelfleet.events import kinds as k
from modelfleet.fleet import Fleet
from modelfleet.monitoring import cost_of
from modelfleet.monitoring.schema import MONITOR_SLICES, MONITOR_STATES
from modelfleet.settings import Settings

GOOD = Habits(version="v1")


def worse(by: float) -> Habits:
    """Decisions are right less often than they say."""
    return msgspec.structs.replace(GOOD, right=lambda confidence, _metadata: confidence - by)


def alerts(fleet: Fleet, tenant: str = "acme") -> list[Alert]:
    return fleet.catalog.alerts(tenant, "team" if tenant else "", ended=True)


def states(fleet: Fleet) -> list[tuple[object, ...]]:
    """What is remembered, as it is stored."""
    with fleet.database.reading() as connection:
        return [
            tuple(row)
            for table in (MONITOR_STATES, MONITOR_SLICES)
            for row in connection.execute(sa.select(table).order_by(*table.primary_key))
        ]


@pytest.fixture
def life(small_fleet: Fleet, clock: HandClock) -> Life:
    """A task that has lived well for two weeks."""
    made = Life(small_fleet, clock)
    made.publish("v1")
    made.live(GOOD, days=14)
    assert alerts(small_fleet) == []
    return made


def test_a_broken_version_is_found_and_rolled_back_and_nobody_is_woken(
    fleet: Fleet, clock: HandClock
) -> None:
    life = Life(fleet, clock)
    life.publish("v1")
    life.live(GOOD, days=8)
    life.publish("v2")
    published = clock.time
    bad = msgspec.structs.replace(worse(0.4), version="v2")
    for _ in range(16):
        live = fleet.task("acme", "team").status().live
        life.live(bad if live == "v2" else GOOD, days=1)
    assert fleet.task("acme", "team").status().live == "v1"
    (alert,) = alerts(fleet)
    assert (alert.finding, alert.quiet, alert.muted_by) == ("precision", True, None)
    assert alert.inception is not None
    assert alert.inception.earliest - DAY / 2 <= published <= alert.inception.latest
    assert abs(alert.inception.time - published) < DAY
    assert alert.causes[0].kind == "version.published"
    assert "version v2 was published" in alert.sentence
    (action,) = alert.actions
    assert (action.what, action.helped) == ("roll_back", True)
    assert action.before is not None
    assert action.after is not None
    assert action.after > action.before
    assert alert.ended is not None


def test_honest_tasks_of_any_size_raise_nothing(small_fleet: Fleet, clock: HandClock) -> None:
    life = Life(small_fleet, clock, seed=5)
    sizes = {(f"t{number}", "team"): GOOD for number in range(6)}
    life.live_together(sizes, days=12, a_day=12)
    life.live(msgspec.structs.replace(GOOD, answers=0.3, abstains=0.4), days=12, tenant="quiet")
    assert small_fleet.alerts() == []


def test_a_task_whose_people_only_correct_raises_nothing_until_it_gets_worse(
    small_fleet: Fleet, clock: HandClock
) -> None:
    life = Life(small_fleet, clock)
    only_corrects = msgspec.structs.replace(GOOD, confirms=False)
    life.live(only_corrects, days=20)
    assert small_fleet.alerts() == []
    life.live(msgspec.structs.replace(worse(0.5), confirms=False), days=12)
    assert [alert.finding for alert in alerts(small_fleet)] == ["precision"]


def test_what_goes_on_is_told_with_what_was_tried_and_what_changed(life: Life) -> None:
    life.live(msgspec.structs.replace(worse(0.5), text="a parking permit, the {} please"), days=14)
    (alert,) = alerts(life.fleet)
    assert (alert.finding, alert.quiet) == ("precision", False)
    assert [(one.what, one.helped) for one in alert.actions] == [("retrain", False), ("tell", None)]
    assert "It goes on: it didn't help to retrain." in alert.sentence
    assert "parking" in alert.causes[0].what


def test_the_client_reads_an_alert_that_was_raised_again(life: Life) -> None:
    life.live(worse(0.4), days=14)
    (alert,) = alerts(life.fleet)
    assert alert.raised_again is not None
    assert read_alert(msgspec.json.decode(msgspec.json.encode(alert_answer(alert)))) == alert


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_alert_lasts_as_long_as_what_it_is_about(
    small_fleet: Fleet, clock: HandClock, seed: int
) -> None:
    life = Life(small_fleet, clock, seed)
    tenants = [f"t{number}" for number in range(5)]
    life.live_together({(name, "team"): GOOD for name in tenants}, days=14, a_day=10)
    worse_by_a_fifth = msgspec.structs.replace(GOOD, right=lambda confidence, _: confidence * 0.77)
    life.live_together({(name, "team"): worse_by_a_fifth for name in tenants}, days=30, a_day=10)
    assert not list(small_fleet.events(Query(kinds=(k.AlertEnded.kind,))))
    life.live_together({(name, "team"): GOOD for name in tenants}, days=12, a_day=10)
    ended = [event.fields["why"] for event in small_fleet.events(Query(kinds=("alert.ended",)))]
    told = [
        int(why.partition("precision is ")[2].partition("%")[0])
        for why in ended
        if "precision is" in why
    ]
    assert told
    assert min(told) >= 75, ended  # it was 68


def test_what_is_raised_again_is_told_as_it_is_by_then(life: Life) -> None:
    began = life.clock.time
    life.live(worse(0.4), days=14)
    (alert,) = alerts(life.fleet)
    first, again = life.fleet.events(Query(kinds=(k.AlertRaised.kind,)))
    assert (alert.raised, alert.raised_again) == (first.logged, again.logged)
    assert alert.events > first.fields["events"]
    assert alert.expected is not None
    assert alert.observed is not None
    assert alert.expected == pytest.approx(0.88, abs=0.03)
    assert alert.observed == pytest.approx(0.48, abs=0.1)
    assert f"{alert.observed:.0%}" in alert.sentence
    assert f" of {alert.events})" in alert.sentence
    assert alert.inception is not None
    assert abs(alert.inception.time - began) < DAY
    assert alert.inception.latest - alert.inception.earliest < 2 * DAY
    a_week = 7 * DAY / (again.logged - alert.inception.time)
    excess = (alert.expected - alert.observed) * alert.events
    assert cost_of(alert) == pytest.approx(excess * a_week)


@pytest.mark.parametrize(
    ("instead", "told"),
    [
        ("sales", "requests of it are now assigned to sales"),
        (None, "requests came that no label fits"),
    ],
)
def test_it_says_what_most_errors_have_in_common(
    life: Life, instead: str | None, told: str
) -> None:
    life.live(msgspec.structs.replace(worse(0.5), instead=instead), days=14)
    alert = alerts(life.fleet)[0]
    assert [cause.what for cause in alert.causes if cause.kind == "errors" and told in cause.what]
    assert f"Then {told}: " in alert.sentence


def test_it_says_which_labels_are_mixed_up_where_neither_is_new(life: Life) -> None:
    for instead in ("hr", "sales", "hr", "hr", "sales", "hr"):
        life.live(msgspec.structs.replace(GOOD, instead=instead), days=1)
    life.live(msgspec.structs.replace(worse(0.5), instead="sales"), days=14)
    assert "Then it and sales were mixed up: " in alerts(life.fleet)[0].sentence


def test_errors_of_the_same_kind_as_before_are_no_cause(life: Life) -> None:
    life.live(worse(0.5), days=14)
    assert all(cause.kind != "errors" for alert in alerts(life.fleet) for cause in alert.causes)


def test_it_ends_when_it_is_over_and_says_how(life: Life) -> None:
    life.live(worse(0.5), days=10)
    life.live(GOOD, days=20)
    (alert,) = alerts(life.fleet)
    assert alert.ended is not None
    assert alert.why is not None
    assert alert.why.startswith("precision is ")


def test_a_kind_of_request_that_it_is_worse_at_is_named(life: Life) -> None:
    def office(chance: random.Random) -> Mapping[str, str]:
        return {"office": chance.choice(("Oslo", "Rome", "Bonn"))}

    def not_rome(confidence: float, metadata: Mapping[str, str]) -> float:
        return confidence - (0.6 if metadata["office"] == "Rome" else 0)

    offices = msgspec.structs.replace(GOOD, metadata=office)
    life.live(offices, days=5)
    life.live(msgspec.structs.replace(offices, right=not_rome), days=14)
    found = alerts(life.fleet)
    assert {(alert.finding, alert.slice) for alert in found} == {("bias", "metadata.office=Rome")}
    assert "with office Rome" in found[0].sentence


def test_when_feedback_stops_that_is_what_is_said(life: Life) -> None:
    life.live(msgspec.structs.replace(GOOD, answers=0.02), days=14)
    life.settle()
    (alert,) = alerts(life.fleet)
    assert alert.finding == "response"
    assert [one.what for one in alert.actions] == ["tell"]


def test_where_feedback_is_scarce_alerts_say_so_and_nothing_is_changed(life: Life) -> None:
    life.live(msgspec.structs.replace(GOOD, answers=0.3), days=14)
    life.live(msgspec.structs.replace(worse(0.7), answers=0.3), days=20)
    newest, drought = alerts(life.fleet)[0], alerts(life.fleet)[-1]
    assert (drought.finding, newest.finding) == ("response", "precision")
    assert newest.low_trust
    assert newest.actions[0].what == "ask_audits"


def test_fewer_decisions_are_found(life: Life) -> None:
    life.live(msgspec.structs.replace(GOOD, abstains=0.7), days=8)
    assert "coverage" in {alert.finding for alert in alerts(life.fleet)}


def test_what_is_wrong_everywhere_is_one_alert(small_fleet: Fleet, clock: HandClock) -> None:
    life = Life(small_fleet, clock)
    tenants = [f"t{number}" for number in range(5)]
    life.live_together({(name, "team"): GOOD for name in tenants}, days=8, a_day=12)
    life.live_together({(name, "team"): worse(0.4) for name in tenants}, days=9, a_day=12)
    loud = [one for one in small_fleet.alerts() if one.muted_by is None]
    (alert,) = loud
    assert (alert.scope, alert.finding, alert.tenant) == ("fleet", "precision", "")
    muted = [one for name in tenants for one in alerts(small_fleet, name)]
    assert muted
    assert {one.muted_by for one in muted} == {alert.alert}
    assert not any(one.actions for one in muted)


def test_one_broken_task_is_no_alert_of_the_fleet(small_fleet: Fleet, clock: HandClock) -> None:
    life = Life(small_fleet, clock)
    tenants = [(f"t{number}", "team") for number in range(4)]
    life.live_together(dict.fromkeys(tenants, GOOD), days=8, a_day=12)
    life.live_together(dict.fromkeys(tenants, GOOD) | {tenants[0]: worse(0.5)}, days=10, a_day=12)
    assert [(one.tenant, one.finding) for one in small_fleet.alerts()] == [("t0", "precision")]


@pytest.mark.usefixtures("_quick_to_close")
def test_a_person_is_told_at_once_if_nothing_may_be_done(folder: Path, clock: HandClock) -> None:
    settings = Settings(actions=())
    with Fleet(folder, settings=settings, train=False, durable=False, clock=clock) as fleet:
        life = Life(fleet, clock)
        life.live(GOOD, days=8)
        life.live(worse(0.5), days=8)
        (alert,) = alerts(fleet)
        assert not alert.quiet
        assert [one.what for one in alert.actions] == ["tell"]


def test_after_a_person_ended_it_it_can_ring_again(life: Life) -> None:
    life.live(worse(0.5), days=8)
    (first,) = alerts(life.fleet)
    life.fleet.task("acme", "team").end_alert(first.alert, why="known", by="alice")
    life.live(worse(0.7), days=8)
    assert [one.alert for one in alerts(life.fleet)].count(first.alert) == 1
    assert len(alerts(life.fleet)) == 2


@contextmanager
def opened(folder: Path, clock: HandClock) -> Iterator[Fleet]:
    with Fleet(folder, train=False, durable=False, clock=clock) as fleet:
        yield fleet


@pytest.mark.usefixtures("_quick_to_close")
def test_the_same_is_found_however_the_log_is_read(
    tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, seen = clock.time, []
    for most in (5_000, 7):
        clock.time = start
        with opened(tmp_path / str(most), clock) as fleet:
            step = fleet.watcher.step
            monkeypatch.setattr(fleet.watcher, "step", lambda step=step, most=most: step(most))
            life = Life(fleet, clock)
            life.publish("v1")
            life.live(GOOD, days=6)
            life.live(worse(0.5), days=8)
            found = [(one.id, one.time, one.fields) for one in fleet.events(Query(kinds=k.FOUND))]
            seen.append((found, states(fleet)))
    assert seen[0][0]
    assert seen[0] == seen[1]


@pytest.mark.usefixtures("_quick_to_close")
def test_a_rebuild_remembers_the_same_and_a_restart_goes_on(folder: Path, clock: HandClock) -> None:
    with opened(folder, clock) as fleet:
        life = Life(fleet, clock)
        life.live(GOOD, days=8)
        life.live(worse(0.5), days=3)
    with opened(folder, clock) as fleet:
        life.fleet = fleet
        life.live(worse(0.5), days=6)
        before, told = states(fleet), alerts(fleet)
        assert told
        fleet.rebuild()
        assert states(fleet) == before
        assert alerts(fleet) == told
        fleet.watch_due()
        assert alerts(fleet) == told
