"""Why, forget and receipts, the same in the library, over HTTP, and on the command line."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar.testing import TestClient
from typer.testing import CliRunner

from modelfleet import Client, Example, Fleet
from modelfleet.api import create_app
from modelfleet.cli import app
from modelfleet.errors import InvalidInput, NotFound

Platform = Fleet | Client


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fleet")


@pytest.fixture(scope="module")
def fleet(folder: Path) -> Iterator[Fleet]:
    with Fleet(folder, durable=False, train=False) as fleet:
        yield fleet


@pytest.fixture(scope="module")
def client(fleet: Fleet) -> Iterator[Client]:
    with TestClient(create_app(fleet, keys_required=False)) as served:
        yield Client("http://server", transport=served._transport)


@pytest.fixture(params=["fleet", "client"])
def platform(request: pytest.FixtureRequest) -> Platform:
    found: Platform = request.getfixturevalue(request.param)
    return found


def test_a_word_is_answered_with_what_it_does_a_decision_with_why_and_both_can_be_forgotten(
    platform: Platform, request: pytest.FixtureRequest
) -> None:
    team = platform.task("acme", request.node.callspec.id)
    team.define_label("it", keywords=["wifi"])
    team.define_label("facilities", keywords=["heating"])
    team.give_examples([Example("the wifi is slow", "it", key="t/1", by="ann")])
    decision = team.decide("the wifi is gone", metadata={"customer": "jane"})
    reasons = team.why(decision.id)
    assert (reasons.label, reasons.words[0].what) == ("it", "wifi")
    assert [(one.key, one.by) for one in reasons.taught] == [("example:t/1", "ann")]
    same = team.explain("the wifi is gone", metadata={"customer": "jane"})
    assert (same.taught, same.lead) == (reasons.taught, reasons.lead)
    lesson = team.assign(decision.id, "facilities", by="sam")
    assert lesson.example is not None
    assert (lesson.known, lesson.example.label, lesson.due) == (
        True,
        "facilities",
        team.status().due,
    )
    done = team.forget(lesson.example.key, by="ann", why="asked for")
    assert [(one.events, one.by, one.free) for one in done] == [(2, "ann", True)]
    assert team.forgotten() == done == team.forget(lesson.example.key)
    assert team.forget(metadata={"customer": "jane"}) == team.forget(person="sam") == []
    with pytest.raises(NotFound, match="forgotten"):
        team.why(decision.id)
    with pytest.raises(NotFound):
        team.forget("decision:nowhere")
    with pytest.raises(InvalidInput, match="person"):
        team.forget("decision:nowhere", person="sam")


def test_on_the_command_line(tmp_path: Path) -> None:
    with Fleet(tmp_path, durable=False, train=False) as fleet:
        team = fleet.task("acme", "team")
        team.define_label("it", keywords=["wifi"])
        team.define_label("hr", keywords=["pay"])
        team.give_examples(
            [Example("wifi is slow", "it", {"customer": "jane"}, key="t1", by="ann")]
        )
        decision = team.decide("wifi is gone")
    where = ["acme/team", "--data", str(tmp_path)]
    shown = _said("why", *where[:1], decision.id, *where[1:])
    assert "'it' against 'hr'" in shown
    assert "example:t1" in shown
    assert "free of it" in _said("forget", *where, "--where", "customer=jane", "--why", "asked for")
    assert "nothing was found" in _said("forget", *where, "--person", "ann")
    assert "asked for" in _said("forgotten", *where)
    assert "example:t1" not in _said("why", *where[:1], decision.id, *where[1:])


def _said(*arguments: str) -> str:
    done = CliRunner(env={"COLUMNS": "200"}).invoke(app, arguments)
    assert done.exit_code == 0, done.output
    return done.output
