"""/metrics speaks of the fleet, recipes and roles: as many series for ten tenants as for any."""

import os
import re
from pathlib import Path

import pytest
from litestar.testing import TestClient
from tests.conftest import HandClock

from modelfleet.api import create_app
from modelfleet.clock import DAY, SECOND
from modelfleet.errors import LogUnavailable
from modelfleet.events import Event, kinds, make
from modelfleet.fleet import Fleet

MANY = int(os.environ.get("TENANTS", "1000"))
"""Of the larger fleet; TENANTS=100000 takes minutes."""
DOCS = (Path(__file__).parents[2] / "docs" / "monitoring.md").read_text()
VERSION = "20260302T093107.120034Z-6ad2d3a2"


def life_of(tenant: str, time: int) -> list[Event]:
    """A tenant's label, version, three decisions, a word about two of them, and an alert."""
    published = kinds.VersionPublished(
        VERSION, 1, 1, "default", 9, 1, "f", "d", "a first version is as good as its labels"
    )
    decided = [
        kinds.RequestDecided("no wifi", label=label, confidence=0.9, version=VERSION)
        for label in ("it", "it", None)
    ]
    bodies = [
        kinds.LabelDefined("it"),
        published,
        *decided,
        kinds.DecisionAccepted("d2"),
        kinds.DecisionReassigned("d3", "hr"),
        kinds.AlertRaised(alert="a1", finding="precision", sentence="It fell.", recipe="default"),
    ]
    return [
        make(body, tenant=tenant, task="team", time=time, id=f"d{place}")
        for place, body in enumerate(bodies)
    ]


def fill(fleet: Fleet, tenants: range) -> None:
    for start in range(tenants.start, tenants.stop, 200):
        names = tenants[start - tenants.start :][:200]
        events = [event for n in names for event in life_of(f"tenant-{n}", fleet.clock())]
        fleet.log.append(events)


def shown(fleet: Fleet) -> list[str]:
    with TestClient(create_app(fleet, keys_required=False)) as client:
        answer = client.get("/metrics")
    assert answer.status_code == 200
    return [line for line in answer.text.splitlines() if not line.startswith("#")]


def value(lines: list[str], series: str) -> float:
    (line,) = (line for line in lines if line.rpartition(" ")[0] == series)
    return float(line.rpartition(" ")[2])


def test_a_fleet_of_many_tenants_has_as_many_series_as_one_of_ten(
    folder: Path, clock: HandClock
) -> None:
    with Fleet(folder, train=False, durable=False, clock=clock) as fleet:
        fill(fleet, range(10))
        fleet.watch_due()
        few = shown(fleet)
        fill(fleet, range(10, MANY))
        fleet.watch_due()
        many = shown(fleet)
    assert value(many, "modelfleet_tenants") == MANY
    assert _names(few) == _names(many)
    assert not any("tenant-" in line for line in many)


def _names(lines: list[str]) -> list[str]:
    """The series, but those that count requests to this very server."""
    return sorted(line.rpartition(" ")[0] for line in lines if "_http_" not in line)


def test_what_the_log_says_is_told_by_recipe_finding_and_role(
    small_fleet: Fleet, clock: HandClock
) -> None:
    fill(small_fleet, range(3))
    small_fleet.log.append(
        [
            make(kinds.TrainingFailed(1, "no"), tenant="acme", task="team", time=clock()),
            make(kinds.VersionKept(1, 1, "default", "no"), tenant="acme", task="t", time=clock()),
            make(kinds.AlertEnded("a1", "over"), tenant="tenant-0", task="team", time=clock()),
        ]
    )
    small_fleet.task("tenant-2", "team").retry_training()
    clock.advance(5)
    lines = shown(small_fleet)
    assert value(lines, "modelfleet_fleet_decisions_total") == 9
    assert value(lines, "modelfleet_fleet_abstentions_total") == 3
    assert value(lines, "modelfleet_fleet_confirmed") == 3
    assert value(lines, "modelfleet_fleet_corrected") == 3
    assert value(lines, 'modelfleet_trainings_total{outcome="published"}') == 3
    assert value(lines, 'modelfleet_trainings_total{outcome="kept"}') == 1
    assert value(lines, 'modelfleet_trainings_total{outcome="failed"}') == 1
    precision = '{finding="precision",severity="warning"}'
    assert value(lines, f"modelfleet_alerts_open{precision}") == 2
    assert value(lines, 'modelfleet_alerts_raised_total{finding="precision",scope="task"}') == 3
    assert value(lines, "modelfleet_watcher_lag_events") == small_fleet.log.head()
    assert value(lines, "modelfleet_watcher_lag_seconds") == 5
    assert value(lines, "modelfleet_trainings_waiting") == 1
    assert value(lines, "modelfleet_trainings_waiting_seconds") == 5
    clock.advance(40 * DAY / SECOND)
    small_fleet.watch_due()
    clock.time -= 40 * DAY
    lines = shown(small_fleet)
    assert value(lines, "modelfleet_watcher_lag_events") == 0
    for name, count in {"requests": 9, "decided": 6, "confirmed": 3, "corrected": 3}.items():
        assert value(lines, f'modelfleet_recipe_{name}{{days="7",recipe="default"}}') == count


def test_the_first_alert_of_its_kind_is_seen_as_one_more(
    small_fleet: Fleet, clock: HandClock
) -> None:
    """A series that begins with 1 has no rate: so each is there before, and is 0."""
    before = shown(small_fleet)
    documented = re.findall(
        r"^\| `.*", DOCS.partition("## Alerts")[2].partition("**Where.**")[0], re.MULTILINE
    )
    findings = {one for row in documented for one in re.findall(r"`(\w+)`", row.split("|")[1])}
    for finding in findings - {"finding", "slice"} | {"weekly_rule"}:
        series = f'modelfleet_alerts_raised_total{{finding="{finding}",scope="task"}}'
        assert value(before, series) == 0
        for told in ("warning", "info", "muted"):
            assert (
                value(before, f'modelfleet_alerts_open{{finding="{finding}",severity="{told}"}}')
                == 0
            )
    raised = 'modelfleet_alerts_raised_total{finding="slice",scope="fleet"}'
    opened = 'modelfleet_alerts_open{finding="slice",severity="critical"}'
    body = kinds.AlertRaised(alert="a1", finding="slice", sentence="It fell.", scope="fleet")
    small_fleet.log.append([make(body, tenant=kinds.PLATFORM_TENANT, task="", time=clock())])
    after = shown(small_fleet)
    assert [value(lines, raised) for lines in (before, after)] == [0, 1]
    assert [value(lines, opened) for lines in (before, after)] == [0, 1]
    assert _names(before) == _names(after)


def test_a_rebuild_gives_the_same_counts(small_fleet: Fleet) -> None:
    fill(small_fleet, range(4))
    small_fleet.watch_due()
    before = _of_fleet(shown(small_fleet))
    small_fleet.rebuild()
    assert _of_fleet(shown(small_fleet)) == before


def _of_fleet(lines: list[str]) -> list[str]:
    return [line for line in lines if "_http_" not in line and "_created" not in line]


def test_while_the_database_is_away_the_server_still_tells_of_itself(
    small_fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert value(shown(small_fleet), "modelfleet_log_reachable") == 1

    def gone() -> int:
        raise LogUnavailable("gone")

    monkeypatch.setattr(small_fleet.log, "head", gone)
    lines = shown(small_fleet)
    assert value(lines, "modelfleet_log_reachable") == 0
    assert value(lines, "modelfleet_decisions_total") == 0


def test_every_series_says_what_it_means(small_fleet: Fleet) -> None:
    with TestClient(create_app(small_fleet, keys_required=False)) as client:
        text = client.get("/metrics").text
    types = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
    helps = set(re.findall(r"^# HELP (\S+) \S", text, re.MULTILINE))
    assert types == helps
    assert all(name.startswith("modelfleet_") for name in types)
