"""Metrics are what one would count by hand, of any days, beside the days before."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from tests.conftest import HandClock
from typer.testing import CliRunner

from modelfleet.cli import app
from modelfleet.clock import DAY, to_datetime
from modelfleet.errors import InvalidInput
from modelfleet.events import Event
from modelfleet.fleet import Fleet
from modelfleet.monitoring import LabelScores, Measured, Period
from modelfleet.monitoring.reporting import page

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def clock() -> HandClock:
    """A Monday morning."""
    return HandClock(int(START.timestamp()) * 1_000_000)


def decided(fleet: Fleet, number: int, label: str | None, confidence: float = 0.8) -> str:
    """Log a decision, as a server would; its id."""
    best = label or "it"
    fields = {
        "text": f"request {number}",
        "label": label,
        "confidence": confidence,
        "candidates": [[best, confidence], ["hr", 0.1], ["lab", 0.05], ["gym", 0.01]],
        "metadata": {"office": ("Oslo", "Rome")[number % 2]},
    }
    fleet.log.append([Event("request.decided", "acme", 1, f"d{number}", "team", fields)])
    return f"d{number}"


def said(fleet: Fleet, decision: str, kind: str, **fields: object) -> None:
    """Log somebody's word about a decision."""
    event = Event(kind, "acme", 1, f"f-{kind}-{decision}", "team", {"decision": decision, **fields})
    fleet.log.append([event])


def live(fleet: Fleet, clock: HandClock) -> Measured:
    """Ten decisions and what people say of them; once all are final, their metrics."""
    labels = ["it"] * 4 + ["hr"] * 3 + [None] * 3
    for number, label in enumerate(labels):
        decided(fleet, number, label)
    clock.advance(7200)
    for name in ("d0", "d1", "d4"):
        said(fleet, name, "decision.accepted")
    said(fleet, "d2", "decision.reassigned", label="hr")
    said(fleet, "d5", "decision.refused")
    said(fleet, "d7", "decision.reassigned", label="it")
    said(fleet, "d8", "decision.irrelevant")
    said(fleet, "d0", "decision.rated", helpful=True)
    clock.advance(20 * DAY / 1_000_000)
    fleet.watch_due()
    return fleet.task("acme", "team").metrics(28)


def test_all_that_people_said_is_counted(fleet: Fleet, clock: HandClock) -> None:
    found = live(fleet, clock).now.metrics
    assert (found.requests, found.decided, found.matured) == (10, 7, 10)
    assert (found.confirmed, found.corrected, found.silent) == (3, 2, 2)
    assert (found.answered, found.late) == (7, 0)
    assert found.coverage == pytest.approx(0.7)
    assert found.precision.share == pytest.approx(3 / 5)
    assert (found.precision.least, found.precision.most) == pytest.approx((3 / 7, 5 / 7))
    assert found.top_3 == pytest.approx(1.0)
    assert found.misrouted == pytest.approx(1 / 5)
    assert found.reassigned == pytest.approx(2 / 7)
    assert found.no_label_fits == pytest.approx(1 / 7)
    assert found.irrelevant == pytest.approx(1 / 7)
    assert found.helpful == 1.0
    assert found.response_rate == pytest.approx(0.7)
    assert found.hours_to_feedback == pytest.approx(2.0)
    assert found.bias == pytest.approx(0.8 - 4 / 6)
    assert found.calibration_error == pytest.approx(0.8 - 4 / 6)


def test_each_label_has_precision_recall_and_f1(fleet: Fleet, clock: HandClock) -> None:
    now = live(fleet, clock).now
    assert now.labels == (
        LabelScores(0.5, 0.5, 0.5, label="hr", right=1, wrong=1, missed=1),
        LabelScores(2 / 3, 2 / 3, 2 / 3, label="it", right=2, wrong=1, missed=1),
    )
    assert now.micro.f1 == pytest.approx(6 / 10)
    assert now.macro.f1 == pytest.approx((1 / 2 + 2 / 3) / 2)


def test_recall_and_f1_are_told_by_whatever_decisions_are_told_apart_by(
    fleet: Fleet, clock: HandClock
) -> None:
    whole = live(fleet, clock)
    task = fleet.task("acme", "team")
    expected = 3 / 5, 2 * 3 / (3 + 2 + 5)
    for by in ("version", "recipe", "script"):
        (kind,) = task.metrics(by=by).kinds
        assert (kind.now.recall, kind.now.f1) == pytest.approx(expected)
    assert (whole.now.metrics.recall, whole.now.metrics.f1) == pytest.approx(expected)
    fleets = fleet.metrics(Period(by="recipe")).kinds[0].now
    assert (fleets.recall, fleets.f1) == pytest.approx(expected)
    labels = {kind.value: kind.now for kind in task.metrics(by="label").kinds}
    for one in whole.now.labels:
        assert (labels[one.label].recall, labels[one.label].f1) == (one.recall, one.f1)
    offices = {kind.value: kind.now for kind in task.metrics(by="metadata.office").kinds}
    assert set(offices) == {"Oslo", "Rome"}


def test_each_window_stands_beside_the_one_before(fleet: Fleet, clock: HandClock) -> None:
    for number in range(10):
        decided(fleet, number, "it")
        clock.advance(DAY / 1_000_000)
    fleet.watch_due()
    task = fleet.task("acme", "team")
    week = task.metrics(since=date(2026, 3, 7), until=date(2026, 3, 12), bucket="day")
    assert (week.now.metrics.requests, week.before.metrics.requests) == (5, 5)
    assert (week.before.since, week.before.until) == (date(2026, 3, 2), date(2026, 3, 7))
    assert [bucket.metrics.requests for bucket in week.buckets] == [1] * 5
    weeks = task.metrics(since=date(2026, 3, 2), until=date(2026, 3, 12), bucket="week")
    assert [bucket.metrics.requests for bucket in weeks.buckets] == [3, 7]


def test_a_day_that_isnt_over_is_said_to_be_there_so_far(small_fleet: Fleet) -> None:
    decided(small_fleet, 1, "it")
    small_fleet.watch_due()
    task = small_fleet.task("acme", "team")
    days = task.metrics(2, bucket="day")
    assert (days.now.since, days.now.until) == (date(2026, 3, 1), date(2026, 3, 3))
    assert (days.before.is_over, days.now.is_over) == (True, False)
    assert [bucket.is_over for bucket in days.buckets] == [True, False]
    assert task.metrics(2, until=date(2026, 3, 2)).now.is_over
    assert "2026-02-24 to 2026-03-02, the last so far (UTC)" in page(task.report(1))


def test_decisions_are_told_apart_by_any_field(fleet: Fleet, clock: HandClock) -> None:
    live(fleet, clock)
    for number in range(10, 30):
        decided(fleet, number, "it")
    fleet.watch_due()
    task = fleet.task("acme", "team")

    def requests(field: str) -> dict[str, int]:
        return {kind.value: kind.now.requests for kind in task.metrics(by=field).kinds}

    assert requests("label") == {"": 3, "hr": 3, "it": 24}
    assert requests("version") == requests("recipe") == {"": 30}
    assert sum(requests("hour").values()) == sum(requests("weekday").values()) == 30
    assert requests("length") == {"under 50": 30}
    assert requests("metadata.office") == {"Oslo": 11, "Rome": 11}
    assert "metadata.office" in task.metrics().fields


def test_a_versions_recipe_is_known(fleet: Fleet, clock: HandClock) -> None:
    task = fleet.task("acme", "team")
    for number in range(24):
        task.define_label("it" if number % 2 else "hr")
        decision = task.decide(f"wifi {number}" if number % 2 else f"payday {number}")
        task.assign(decision.id, "it" if number % 2 else "hr")
    clock.advance(600)
    fleet.train_due()
    clock.advance(600)
    version = task.decide("wifi again").version
    assert version is not None
    fleet.watch_due()
    by_recipe = {kind.value: kind.now.requests for kind in task.metrics(by="recipe").kinds}
    assert by_recipe == {"": 24, fleet.recipe.name: 1}
    of_fleet = fleet.metrics(Period(by="recipe"))
    assert {kind.value: kind.now.requests for kind in of_fleet.kinds} == by_recipe


def test_the_fleet_adds_up_over_tenants(fleet: Fleet, clock: HandClock) -> None:
    live(fleet, clock)
    fleet.task("globex", "team").decide("no wifi")
    fleet.watch_due()
    assert fleet.metrics().now.metrics.requests == 11
    assert fleet.metrics().now.metrics.confirmed == 3


def test_charlie_gets_nothing(fleet: Fleet, clock: HandClock) -> None:
    live(fleet, clock)
    found = fleet.task("charlie", "team").metrics(by="label")
    assert found.now.metrics.requests == 0
    assert (found.now.labels, found.now.confusion, found.kinds) == ((), (), ())


@pytest.mark.parametrize(
    ("field", "period"),
    [
        ("days", Period(days=0)),
        ("since", Period(since=date(2026, 3, 2), until=date(2026, 3, 2))),
        ("days", Period(days=1_000_000)),
        ("until", Period(until=date(1, 1, 5))),
        ("since", Period(since=date(1, 1, 1), until=date(1, 2, 1))),
        ("by", Period(by="author")),
        ("by", Period(by="metadata.")),
        ("days", Period(days=3, since=date(2026, 3, 2))),
    ],
)
def test_what_cant_be_asked_for_is_said(small_fleet: Fleet, field: str, period: Period) -> None:
    with pytest.raises(InvalidInput, match=field):
        small_fleet.rooms.measures.of_task("acme", "team", period)


def test_days_are_those_of_utc(fleet: Fleet, clock: HandClock) -> None:
    decided(fleet, 1, "it")
    fleet.watch_due()
    found = fleet.task("acme", "team").metrics(1)
    assert found.now.since == to_datetime(clock()).date()
    assert found.now.until == found.now.since + timedelta(days=1)
    assert found.now.metrics.requests == 1


def test_days_of_the_week_begin_with_monday(fleet: Fleet, clock: HandClock) -> None:
    for number in range(7):
        clock.advance(DAY / 1_000_000)
        decided(fleet, number, "it")
    fleet.watch_due()
    kinds = fleet.task("acme", "team").metrics(by="weekday").kinds
    assert [kind.value[:2] for kind in kinds] == ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"]


def test_the_command_says_that_no_outcome_is_final_yet(
    small_fleet: Fleet, clock: HandClock
) -> None:
    command = ["metrics", "acme/team", "--data", small_fleet.settings.database]
    command += ["--until", "2026-03-20"]
    says_so = "No outcome of these days is final yet"
    small_fleet.watch_due()
    assert says_so not in CliRunner().invoke(app, command).output
    decided(small_fleet, 100, "it")
    small_fleet.watch_due()
    assert says_so in CliRunner().invoke(app, command).output
    live(small_fleet, clock)
    shown = CliRunner().invoke(app, command).output
    assert says_so not in shown
    (final,) = [line for line in shown.splitlines() if " final " in line]
    assert "11" in final


def test_the_command_shows_a_task_and_the_fleet(small_fleet: Fleet, clock: HandClock) -> None:
    live(small_fleet, clock)
    where = ["--data", small_fleet.settings.database, "--until", "2026-03-20"]
    run = CliRunner().invoke
    shown = run(
        app,
        ["metrics", "acme/team", "--by", "metadata.office", "--bucket", "week", *where],
        env={"COLUMNS": "80"},
    )
    assert shown.exit_code == 0
    for words in ("60.0% (43% to 71%)", "response", "2026-02-27"):
        assert words in shown.output
    assert "2026-03-19" in shown.output
    assert "2026-03-20" not in shown.output
    assert "mean of labels" in shown.output
    assert "mean of labels" not in run(app, ["metrics", *where]).output
    told = run(app, ["metrics", "--json", *where])
    assert msgspec.json.decode(told.output, type=Measured) == small_fleet.metrics(
        Period(until=date(2026, 3, 20))
    )
    for option, right in (
        (("--by", "author"), "must be label, version"),
        (("--bucket", "month"), "must be one of day, week; got 'month'"),
    ):
        wrong = run(app, ["metrics", "acme/team", *option, *where])
        assert isinstance(wrong.exception, InvalidInput)
        assert right in str(wrong.exception)


def test_the_command_lists_what_awaits_a_look(small_fleet: Fleet) -> None:
    decided(small_fleet, 1, "it")
    shown = CliRunner().invoke(
        app, ["awaiting", "acme/team", "--data", small_fleet.settings.database]
    )
    assert "request 1" in shown.output
