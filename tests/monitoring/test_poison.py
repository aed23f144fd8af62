"""A task that can't be watched stops nobody else's watch."""

import pytest
from structlog.testing import capture_logs
from tests.conftest import HandClock
from tests.monitoring.lives import Habits, Life

from modelfleet.fleet import Fleet
from modelfleet.monitoring.alarms import step
from modelfleet.monitoring.alarms.memory import TaskMemory
from modelfleet.monitoring.alarms.within import Slice, advance_within
from modelfleet.monitoring.matured import Matured

GOOD = Habits(version="v1")
BAD = Habits(version="v1", right=lambda confidence, _metadata: confidence - 0.5)


def _poisoned(
    memory: TaskMemory, one: Matured, *, happened: bool, expected: float, share: float
) -> tuple[Slice, float] | None:
    if one.tenant == "poison":
        raise ZeroDivisionError("a fault in what is computed of this tenant")
    return advance_within(memory, one, happened=happened, expected=expected, share=share)


def test_one_tasks_poison_does_not_keep_others_from_being_watched(
    small_fleet: Fleet, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step, "advance_within", _poisoned)
    life = Life(small_fleet, clock)
    for tenant in ("acme", "poison"):
        life.publish("v1", tenant)
    with capture_logs() as said:
        for day in range(20):
            life.live(GOOD if day < 8 else BAD, days=1)
            life.live(GOOD, days=1, tenant="poison")
    assert small_fleet.catalog.alerts("acme", "team", ended=True)
    assert {tuple(one["tasks"]) for one in said if "tasks" in one} == {("poison/team",)}
    assert small_fleet.watcher.lag().events == 0
    assert small_fleet.task("poison", "team").metrics().now.metrics.requests > 0
