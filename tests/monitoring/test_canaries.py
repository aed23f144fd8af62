"""Whether alarms keep what they promise is watched by tasks that don't exist; the usual rule."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
from litestar.testing import TestClient
from tests.conftest import HandClock
from tests.monitoring.judged import judged
from tests.monitoring.lives import Habits, Life
from tests.monitoring.worlds import outcomes
from tests.test_client import Running

from modelfleet import Client, Fleet
from modelfleet.api import create_app
from modelfleet.monitoring.alarms.canaries import HORIZON, Canaries, checked
from modelfleet.monitoring.alarms.canary_lives import live_on
from modelfleet.monitoring.alarms.gathering import Gathered
from modelfleet.monitoring.streams import Tolerance
from modelfleet.settings import Settings

GOOD = Habits(version="v1")
BAD = msgspec.structs.replace(GOOD, right=lambda confidence, _metadata: confidence - 0.5)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    """A fleet whose tasks lived, some well and some badly; some of them have canaries."""
    clock = HandClock(1_790_000_000_000_000)
    folder: Path = tmp_path_factory.mktemp("lived")
    fleet = Fleet(folder, train=False, durable=False, clock=clock)
    life = Life(fleet, clock)
    tasks = {(f"tenant-{number}", "team"): BAD if number % 2 else GOOD for number in range(16)}
    for tenant, _ in tasks:
        life.publish("v1", tenant)
    life.live_together(tasks, days=14, a_day=20)
    life.settle()
    return fleet


def test_honest_canaries_keep_the_promise_even_where_real_models_are_broken(lived: Fleet) -> None:
    canaries = lived.monitoring_status().canaries
    assert canaries.outcomes > 200
    assert canaries.promised > 0
    assert not canaries.broken
    assert canaries.realised <= canaries.at_most


def test_broken_canaries_are_found(lived: Fleet) -> None:
    canaries = lived.monitoring_status().canaries
    assert canaries.found > 0
    assert canaries.outcomes_to_find is not None
    assert canaries.outcomes_to_find <= canaries.horizon
    assert canaries.missed == 0.0


def test_what_is_found_late_was_missed_and_weighs_as_such_in_the_median() -> None:
    known = Canaries()
    assert (checked(known).missed, checked(known).outcomes_to_find) == (None, None)
    for took in (40, HORIZON, HORIZON + 300):
        for lived in range(1, took + 1):
            known.live(0, rang=lived == took)
    found = checked(known)
    assert (found.found, found.missed, found.outcomes_to_find) == (2, 0.3333, HORIZON)
    for _ in range(2 * HORIZON):
        known.live(1, rang=False)
        known.live(2, rang=False)
    assert (checked(known).missed, checked(known).outcomes_to_find) == (0.6, None)


def test_broken_canaries_are_found_as_often_after_a_long_time() -> None:
    rng = np.random.default_rng(1)
    known = Canaries()
    found = [0]
    for part in range(4):
        some = [
            judged(tenant=f"t{task}", decision=f"d{part}-{n}", outcome="confirmed")
            for n in range(300)
            for task in range(40)
        ]
        stated = rng.choice([0.25, 0.15, 0.1, 0.05], len(some))
        tasks = np.arange(len(some))
        whole = outcomes(tasks, np.zeros(len(some), np.bool_), stated, share=1e-6)
        live_on(known, some, Gathered(whole, tasks, [], []), Tolerance())
        found.append(known.found)
    first, *_, last = np.diff(found)
    assert first > 20
    assert last > 0.8 * first


def test_canaries_are_nobodys_tasks(lived: Fleet) -> None:
    assert len(lived.catalog.tenants(limit=1_000)) == 16
    assert {alert.tenant for alert in lived.alerts()} <= {f"tenant-{n}" for n in range(16)} | {""}


def test_a_rebuild_finds_the_same_canaries(lived: Fleet) -> None:
    before = lived.monitoring_status()
    lived.rebuild()
    assert lived.monitoring_status() == before


def test_the_server_and_its_client_say_the_same_and_only_to_operators(lived: Fleet) -> None:
    with Running(lived) as url, Client(url) as client:
        assert client.monitoring_status() == lived.monitoring_status()
    _, owner = lived.create_key("owner", "tenant-1")
    with TestClient(create_app(lived, keys_required=True)) as api:
        headers = {"authorization": f"Bearer {owner}"}
        assert api.get("/api/monitoring", headers=headers).status_code == 403


def _weekly(folder: Path, clock: HandClock, drop: float) -> Fleet:
    settings = Settings(weekly_drop=drop)
    return Fleet(folder, settings=settings, train=False, durable=False, clock=clock)


def test_the_usual_rule_tells_of_a_week_that_is_worse_and_when_it_is_over(
    folder: Path, clock: HandClock
) -> None:
    with _weekly(folder, clock, 0.1) as fleet:
        life = Life(fleet, clock)
        life.publish("v1")
        life.live(GOOD, days=21)
        life.live(BAD, days=14)
        life.live(GOOD, days=21)
        told = fleet.catalog.alerts("acme", "team", ended=True)
        (alert,) = (one for one in told if one.finding == "weekly_rule")
    assert alert.expected is not None
    assert alert.observed is not None
    assert alert.observed < 0.9 * alert.expected
    assert alert.ended is not None
    assert "acme/team" in alert.sentence


def test_the_usual_rule_is_silent_unless_it_is_asked_for(folder: Path, clock: HandClock) -> None:
    with _weekly(folder, clock, 0.0) as fleet:
        life = Life(fleet, clock)
        life.publish("v1")
        life.live(GOOD, days=21)
        life.live(BAD, days=14)
        told = fleet.catalog.alerts("acme", "team", ended=True)
    assert told
    assert "weekly_rule" not in {one.finding for one in told}
