"""The report of a task: what it says is what happened, to its owner and to nobody else."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, time
from pathlib import Path

import msgspec
import pytest
from litestar.testing import TestClient
from tests.conftest import HandClock
from tests.monitoring.reporting.story import BROKEN, VERSIONS, tell
from typer.testing import CliRunner

from modelfleet import Client
from modelfleet.api import create_app
from modelfleet.cli import app
from modelfleet.clock import DAY, from_datetime, now
from modelfleet.errors import InvalidInput
from modelfleet.events import kinds, make
from modelfleet.fleet import Fleet
from modelfleet.monitoring.reporting import Report, page
from modelfleet.monitoring.reporting.tables import in_turn

PATH = "/api/tenants/acme/tasks/team/report"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A fleet in which the story happened."""
    clock = HandClock(now())
    folder = tmp_path_factory.mktemp("told")
    with Fleet(folder, train=False, durable=False, clock=clock) as fleet:
        tell(fleet, clock, a_day=20)
        yield fleet


@pytest.fixture(scope="module")
def report(told: Fleet) -> Report:
    return told.task("acme", "team").report()


def test_it_says_how_good_it_was_by_week_and_beside_the_weeks_before(report: Report) -> None:
    now_, buckets = report.measured.now, report.measured.buckets
    assert (now_.until - now_.since).days == 56
    assert len(buckets) == 8
    assert sum(one.metrics.requests for one in buckets) == now_.metrics.requests > 1000
    last, first = buckets[-1].metrics.precision.share, buckets[1].metrics.precision.share
    assert last is not None
    assert first is not None
    assert last < first - 0.05


def test_it_finds_the_kind_of_request_that_went_wrong(report: Report) -> None:
    assert ("metadata.office", "Oslo") in {(one.field, one.value) for one in report.slices}
    assert all(one.precision.most < 0.95 for one in report.slices)


def test_it_has_what_monitoring_found_and_did_and_versions_in_their_order(report: Report) -> None:
    alerts = {one.alert: one for one in report.alerts}
    assert alerts.pop("drought").why == "people spoke of 61% of 120 since"
    found = [one for one in alerts.values() if one.finding in {"precision", "bias"}]
    assert found
    broke = from_datetime(datetime.combine(report.measured.now.since, time(), UTC)) + BROKEN * DAY
    assert all(abs(one.inception.time - broke) < 7 * DAY for one in found if one.inception)
    assert any(one.actions for one in found)
    assert tuple(one.version for one in report.releases)[:2] == VERSIONS


def test_examples_are_of_decisions_that_people_corrected(told: Fleet, report: Report) -> None:
    assert report.wrong
    team = told.task("acme", "team")
    for one in report.wrong:
        assert team.decision(one.decision).label == one.decided
        assert one.right not in {None, one.decided}
    first = in_turn(report.wrong)[:3]
    assert len({(one.decided, one.right) for one in first}) == 3


def test_a_short_report_is_by_day(told: Fleet) -> None:
    short = told.task("acme", "team").report(2)
    assert len(short.measured.buckets) == 14
    assert "drought" not in {one.alert for one in short.alerts}
    assert short.alerts


def test_a_page_needs_nothing_from_outside_and_marks_when_it_began(report: Report) -> None:
    drawn = page(report)
    assert not re.search(r"<script|<link|src=|url\(|https?://(?!www\.w3)", drawn)
    shown = [one for one in report.alerts if one.inception and one.muted_by is None]
    assert drawn.count('class="moment fallen"') == len(shown) >= 2
    assert "office = Oslo" in drawn
    assert 'class="matrix"' in drawn


def test_an_alert_that_another_explains_is_listed_with_it_and_not_drawn(report: Report) -> None:
    first = next(one for one in report.alerts if one.inception and one.muted_by is None)
    explained = msgspec.structs.replace(first, muted_by="oA3k")
    drawn = page(msgspec.structs.replace(report, alerts=(explained,)))
    assert 'class="moment fallen"' not in drawn
    assert "one that another alert explains is only in the list below" in drawn
    assert f"alert {first.alert}<" in drawn
    assert "alert oA3k explains it, so nobody was told" in drawn


def test_words_of_people_cannot_become_markup(report: Report) -> None:
    evil = "<img onerror=x>"
    first = msgspec.structs.replace(report.wrong[0], text=evil, decided=evil)
    slice_ = msgspec.structs.replace(report.slices[0], value=evil)
    alert = msgspec.structs.replace(report.alerts[0], sentence=evil, slice=evil)
    changed = {"wrong": (first,), "slices": (slice_,), "alerts": (alert,), "tenant": evil}
    drawn = page(msgspec.structs.replace(report, **changed))
    assert evil not in drawn
    assert drawn.count("&lt;img onerror=x&gt;") >= 5


def test_a_task_that_nobody_asked_has_a_short_report(told: Fleet) -> None:
    empty = told.task("globex", "team").report()
    assert (empty.alerts, empty.slices, empty.wrong, empty.releases) == ((), (), (), ())
    assert "Nothing was decided" in page(empty)


@pytest.mark.parametrize("weeks", [0, -1, 79])
def test_a_number_of_weeks_that_makes_no_sense_is_refused(told: Fleet, weeks: int) -> None:
    with pytest.raises(InvalidInput, match="weeks"):
        told.task("acme", "team").report(weeks)


def test_owners_get_it_over_http_and_charlie_gets_nothing(told: Fleet, report: Report) -> None:
    keys = {
        name: {"Authorization": f"Bearer {told.create_key(role, tenant)[1]}"}
        for name, role, tenant in (
            ("alice", "owner", "acme"),
            ("bob", "user", "acme"),
            ("charlie", "owner", "globex"),
        )
    }
    with TestClient(create_app(told, keys_required=True)) as client:
        shown = client.get(f"{PATH}?format=html", headers=keys["alice"])
        plain = client.get(PATH, headers=keys["alice"]).json()
        refused = {name: client.get(PATH, headers=keys[name]) for name in ("bob", "charlie")}
        wrong = client.get(f"{PATH}?format=pdf", headers=keys["alice"])
    assert shown.headers["content-type"] == "text/html; charset=utf-8"
    assert shown.text == page(report)
    assert all(one["raised"].endswith("Z") for one in plain["alerts"])
    assert (refused["bob"].status_code, refused["charlie"].status_code) == (403, 404)
    assert all("Oslo" not in answer.text for answer in refused.values())
    assert wrong.status_code == 400


def test_the_client_gets_what_the_library_gives(told: Fleet, report: Report) -> None:
    with TestClient(create_app(told, keys_required=False)) as server:
        client = Client("http://testserver", transport=server._transport)
        assert client.task("acme", "team").report() == report


def test_the_command_prints_tables_and_writes_a_page(told: Fleet, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    place = told.settings.database
    command = ["report", "acme/team", "--weeks", "8", "--html", str(file), "--data", place]
    done = CliRunner().invoke(app, command, env={"COLUMNS": "160"})
    assert done.exit_code == 0, done.output
    assert "Where it is worst" in done.output
    assert "office = Oslo" in done.output
    assert file.read_text().startswith("<!doctype html>")
    plain = CliRunner().invoke(app, ["report", "acme/team", "--json", "--data", place])
    assert msgspec.json.decode(plain.stdout)["measured"]["now"]["metrics"]["requests"] > 1000


def test_what_was_forgotten_is_in_no_report(place: str, clock: HandClock) -> None:
    with Fleet(place, train=False, durable=False, clock=clock) as fleet:
        team = fleet.task("acme", "team")
        for label in ("it", "hr"):
            team.define_label(label)
        decided = [
            make(
                kinds.RequestDecided(f"wifi, says Ann Smith {n}", label="it", confidence=0.9),
                tenant="acme",
                task="team",
                time=clock(),
                id=f"d{n}",
            )
            for n in range(3)
        ]
        fleet.import_events(decided)
        for one in decided:
            team.assign(one.id, "hr")
        assert {one.decision for one in team.report().wrong} == {"d0", "d1", "d2"}
        team.forget("decision:d0")
        assert {one.decision for one in team.report().wrong} == {"d1", "d2"}
        assert "Ann Smith 0" not in page(team.report())


def test_second_thoughts_count_and_not_the_first(small_fleet: Fleet, clock: HandClock) -> None:
    team = small_fleet.task("acme", "team")
    for label in ("it", "hr"):
        team.define_label(label)
    body = kinds.RequestDecided("wifi", label="it", confidence=0.9)
    small_fleet.import_events([make(body, tenant="acme", task="team", time=clock(), id="d0")])
    team.assign("d0", "hr")
    team.accept("d0")
    assert team.report().wrong == ()
