"""Alerts are read by whom they concern, and end when somebody says so; charlie sees nothing."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import msgspec
import pytest
import sqlalchemy as sa
from litestar import Litestar
from litestar.testing import TestClient
from tests.conftest import HandClock
from typer.testing import CliRunner, Result

from modelfleet import Client, Fleet
from modelfleet.api import create_app
from modelfleet.catalog.schema import ALERTS
from modelfleet.cli import app
from modelfleet.errors import Conflict, NotAllowed, NotFound
from modelfleet.events import kinds as k
from modelfleet.events import make
from modelfleet.events.findings import Cause, Inception

BEGAN = Inception("e1", 3, 1_700_000_000_000_000, 1_699_000_000_000_000, 1_700_000_100_000_000)
FELL = k.AlertRaised(
    alert="fell",
    finding="precision",
    sentence="Decisions of acme/team were right 71% of the time instead of 95%.",
    recipe="default",
    expected=0.95,
    observed=0.71,
    events=34,
    evidence=2_000.0,
    bar=1_000.0,
    inception=BEGAN,
    causes=(Cause("v", "version.published", "a version was published"),),
    quiet=True,
)
LOUDER = k.AlertRaised(
    alert="fell", finding="precision", sentence="It goes on, though it was trained again."
)
EVERYWHERE = k.AlertRaised(
    alert="all", finding="response", sentence="Feedback stopped everywhere.", scope="fleet"
)


def tell(fleet: Fleet, *bodies: k.Body, tenant: str = "acme", task: str = "team") -> None:
    for body in bodies:
        fleet.log.append([make(body, tenant=tenant, task=task, time=fleet.clock())])


@contextmanager
def speaking(fleet: Fleet, key: str) -> Iterator[Client]:
    with TestClient(create_app(fleet, keys_required=True)) as api:
        client = Client("http://testserver", key=key, transport=_Within(api))
        yield client


class _Within(httpx.BaseTransport):
    """Carries requests to an application in this process."""

    def __init__(self, api: TestClient[Litestar]) -> None:
        self._api = api

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._api._transport.handle_request(request)


def test_an_alert_is_told_with_all_that_is_known_and_done(fleet: Fleet, clock: HandClock) -> None:
    tell(fleet, FELL)
    clock.advance(60)
    tell(
        fleet,
        k.ActionTaken("a1", "fell", "roll_back", "it began with a version", 0.71),
        k.ActionMeasured("a1", "fell", helped=True, why="96% of 60 since", after=0.96, events=60),
    )
    tell(fleet, EVERYWHERE, tenant="", task="")
    (alert,) = fleet.task("acme", "team").alerts()
    assert (alert.tenant, alert.task, alert.finding) == ("acme", "team", "precision")
    assert (alert.inception, alert.causes, alert.quiet) == (BEGAN, FELL.causes, True)
    (action,) = alert.actions
    assert (action.what, action.helped, action.after, action.events) == (
        "roll_back",
        True,
        0.96,
        60,
    )
    assert action.taken == alert.raised + 60_000_000
    assert [one.alert for one in fleet.alerts()] == ["all", "fell"]


def test_an_alert_that_is_raised_again_is_the_same_one_louder(fleet: Fleet) -> None:
    tell(fleet, FELL, k.ActionTaken("a1", "fell", "retrain", "to learn what changed"))
    tell(fleet, LOUDER)
    (alert,) = fleet.alerts()
    assert (alert.quiet, alert.sentence) == (False, "It goes on, though it was trained again.")
    assert [one.what for one in alert.actions] == ["retrain"]


def test_it_ends_when_somebody_says_so_and_stays_to_be_read(fleet: Fleet, clock: HandClock) -> None:
    tell(fleet, FELL)
    team = fleet.task("acme", "team")
    team.end_alert("fell", why="the office moved", by="alice")
    assert team.alerts() == fleet.alerts() == []
    (alert,) = team.alerts(ended=True)
    assert (alert.ended, alert.why) == (clock.time, "the office moved")
    with pytest.raises(Conflict, match="the office moved"):
        team.end_alert("fell")
    with pytest.raises(NotFound):
        team.end_alert("another")
    tell(fleet, EVERYWHERE, tenant="", task="")
    with pytest.raises(NotFound):
        team.end_alert("all")
    fleet.end_alert("all", by="operator")
    assert fleet.alerts() == []


def test_a_rebuilt_catalog_tells_the_same(fleet: Fleet) -> None:
    tell(fleet, FELL, k.ActionTaken("a1", "fell", "retrain", "why"))
    tell(fleet, k.AlertEnded("fell", "of another tenant"), tenant="globex")
    tell(fleet, FELL, task="other")
    tell(fleet, EVERYWHERE, tenant="", task="")
    before = fleet.alerts()
    assert [(one.alert, one.task) for one in before] == [("all", ""), ("fell", "team")]
    fleet.rebuild()
    assert fleet.alerts() == before


def test_the_client_has_the_same_verbs_and_charlie_gets_nothing(small_fleet: Fleet) -> None:
    tell(small_fleet, FELL, k.ActionTaken("a1", "fell", "retrain", "why"))
    tell(small_fleet, EVERYWHERE, tenant="", task="")
    roles = (("operator", ""), ("owner", "acme"), ("user", "acme"), ("owner", "globex"))
    operator, alice, bob, charlie = (small_fleet.create_key(*role)[1] for role in roles)
    with speaking(small_fleet, operator) as client:
        assert client.alerts() == small_fleet.alerts()
        client.end_alert("all", why="found it")
        client.task("acme", "team").alerts()
    with speaking(small_fleet, alice) as client:
        assert client.task("acme", "team").alerts() == small_fleet.alerts()
        with pytest.raises(NotAllowed):
            client.alerts()
        client.task("acme", "team").end_alert("fell", by="alice")
        assert client.task("acme", "team").alerts() == []
        (ended,) = client.task("acme", "team").alerts(ended=True)
        assert ended.ended == small_fleet.task("acme", "team").alerts(ended=True)[0].ended
    for key in (bob, charlie):
        with speaking(small_fleet, key) as client, pytest.raises((NotAllowed, NotFound)):
            client.task("acme", "team").alerts()
    with speaking(small_fleet, charlie) as client:
        assert client.task("globex", "team").alerts(ended=True) == []
        with pytest.raises(NotFound):
            client.task("globex", "team").end_alert("fell")


def test_the_command_shows_words_that_look_like_markup_as_they_are(small_fleet: Fleet) -> None:
    sentence = "Worse where office = [/red] [bold]."
    found = k.AlertRaised(alert="slice", finding="slice", sentence=sentence)
    tell(small_fleet, found, k.ActionTaken("a1", "slice", "retrain", "because of [/office]"))
    command = ["alerts", "--data", small_fleet.settings.database]
    shown = CliRunner().invoke(app, command, env={"COLUMNS": "200"}).output
    assert sentence in shown
    assert "retrain: because of [/office]" in shown


def test_the_command_ends_an_alert_however_many_are_open(small_fleet: Fleet) -> None:
    tell(small_fleet, FELL)
    tell(small_fleet, EVERYWHERE, tenant="", task="")
    with small_fleet.database.writing() as connection:
        (row,) = connection.execute(sa.select(ALERTS).where(ALERTS.c.alert == "fell")).mappings()
        later = [{**row, "alert": f"fell-{n}", "seq": row["seq"] + n} for n in range(1, 10_050)]
        connection.execute(sa.insert(ALERTS), later)
    end = ["alerts", "end", "--data", small_fleet.settings.database]
    for alert in ("fell", "all"):
        assert CliRunner().invoke(app, [*end, alert]).exit_code == 0
    ended = small_fleet.catalog.alert_named("fell")
    assert ended is not None
    assert ended.ended is not None
    again, unknown = (CliRunner().invoke(app, [*end, name]) for name in ("fell", "none-such"))
    assert "has ended already" in str(again.exception)
    assert "none has the name 'none-such'" in str(unknown.exception)


def test_triage_shows_the_costliest_first_and_what_others_explain_not_at_all(
    small_fleet: Fleet,
) -> None:
    slight = msgspec.structs.replace(FELL, alert="slight", observed=0.94)
    tell(
        small_fleet,
        msgspec.structs.replace(FELL, alert="muted", observed=0.0, muted_by="fell"),
        FELL,
        slight,
        task="[team]",
    )
    tell(small_fleet, EVERYWHERE, tenant="", task="")
    assert [one.alert for one in small_fleet.alerts(triage=True)] == ["fell", "slight", "all"]
    _, operator = small_fleet.create_key("operator", "")
    with speaking(small_fleet, operator) as client:
        assert client.alerts(triage=True) == small_fleet.alerts(triage=True)
    data = ["--data", small_fleet.settings.database]
    shown = CliRunner().invoke(app, ["alerts", "--triage", *data], env={"COLUMNS": "200"}).output
    first, second, third = shown.strip().split("\n\n")
    for told in ("acme/[team]", "precision: 71% instead of 95%", "a version was published"):
        assert told in first
    assert "alert slight; more: modelfleet report acme/[team]" in second
    assert third.startswith("0 too many a week: the fleet")
    small_fleet.task("globex", "team").define_label("it")
    mine = CliRunner().invoke(app, ["alerts", "--triage", "--tenant", "globex", *data]).output
    assert mine.strip() == "no alert is open"


@pytest.mark.parametrize("option", [[], ["--triage"]])
def test_the_name_that_ends_an_alert_is_shown_whole_however_narrow(
    small_fleet: Fleet, option: list[str]
) -> None:
    name = "pJWvvn_xn9KL7EwbGHx7"
    action = k.ActionTaken("a1", name, "ask_audits", "to know more")
    tell(small_fleet, msgspec.structs.replace(FELL, alert=name), action)
    command = ["alerts", *option, "--data", small_fleet.settings.database]
    for width in ("40", "80"):
        shown = CliRunner().invoke(app, command, env={"COLUMNS": width}).output
        assert f"alert {name}" in shown
        assert option or "ask for audits: to know more" in shown


def test_the_command_gives_what_the_api_gives(small_fleet: Fleet) -> None:
    command = ["alerts", "--json", "--data", small_fleet.settings.database]
    assert json.loads(CliRunner().invoke(app, command).output) == {"alerts": []}
    tell(small_fleet, FELL, k.ActionTaken("a1", "fell", "retrain", "to learn it"))
    with TestClient(create_app(small_fleet, keys_required=False)) as api:
        answer = api.get("/api/alerts").json()
    assert answer["alerts"][0]["alert"] == "fell"
    assert json.loads(CliRunner().invoke(app, command).output) == answer


def test_what_is_over_is_shown_of_a_tenant_or_of_the_fleet(small_fleet: Fleet) -> None:
    tell(small_fleet, FELL, k.AlertEnded("fell", "seen to"))
    tell(small_fleet, EVERYWHERE, k.AlertEnded("all", "they speak again"), tenant="", task="")

    def shown(*options: str) -> Result:
        command = ["alerts", *options, "--data", small_fleet.settings.database]
        return CliRunner().invoke(app, command, env={"COLUMNS": "200"})

    assert "no alert is open" in shown().output
    assert "ended: they speak again" in shown("--ended").output
    assert "ended: seen to" in shown("--ended", "--tenant", "acme").output
    both = shown("--ended", "--triage", "--tenant", "acme")
    assert str(both.exception).startswith("ended: doesn't go with --triage")
    nobody = shown("--tenant", "nobody")
    assert str(nobody.exception) == "tenant: nothing was ever logged of nobody"


def test_the_command_shows_and_ends_them(small_fleet: Fleet) -> None:
    tell(small_fleet, FELL, k.ActionTaken("a1", "fell", "retrain", "to learn it"))
    data = ["--data", small_fleet.settings.database]
    run = CliRunner().invoke
    shown = run(app, ["alerts", *data], env={"COLUMNS": "200"}).output
    assert "right 71% of the time" in shown
    assert "retrain: to learn it" in shown
    assert run(app, ["alerts", "end", "fell", "--why", "seen to", *data]).exit_code == 0
    assert "no alert is open" in run(app, ["alerts", *data]).output
    assert "seen to" in run(app, ["alerts", "--tenant", "acme", "--ended", *data]).output
