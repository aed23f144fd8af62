"""Why, forget and receipts, the same in the library, over HTTP, and on the command line."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from litestar.testing import TestClient
from typer.testing import CliRunner

from modelfleet import Client, Example, Fleet
from modelfleet.api import create_app
from modelfleet.catalog import Outcome
from modelfleet.cli import app
from modelfleet.errors import Conflict, InvalidInput, NotFound
from modelfleet.events import Query

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
    unanswered = team.record(decision.id)
    assert (unanswered.decision, unanswered.text) == (decision, "the wifi is gone")
    assert (unanswered.metadata, unanswered.outcome) == ({"customer": "jane"}, None)
    lesson = team.assign(decision.id, "facilities", by="sam")
    last = Outcome("reassigned", "facilities", "sam")
    assert team.record(decision.id) == msgspec.structs.replace(unanswered, outcome=last)
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


def test_an_order_to_forget_is_done_once_under_its_id(
    platform: Platform, request: pytest.FixtureRequest
) -> None:
    team = platform.task("acme", request.node.callspec.id)
    name = f"once-{request.node.callspec.id}"
    team.define_label("it")
    team.give_examples([Example("the wifi is slow", "it", by="sam")])
    done = team.forget(person="sam", by="ann", why="asked for", id=name)
    assert [(one.id, one.events) for one in done] == [(name, 1)]
    (later,) = team.give_examples([Example("the wifi is back", "it", by="sam")])
    assert team.forget(person="sam", by="ann", why="asked for", id=name) == done
    with pytest.raises(Conflict, match="id"):
        team.forget(person="sam", by="bob", id=name)
    assert later.example is not None
    with pytest.raises(Conflict, match="id"):
        team.forget(later.example.key, by="ann", why="asked for", id=name)
    assert [one.events for one in team.forget(person="sam", id=f"{name}-2")] == [1]


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
    with pytest.raises(NotFound, match="nothing said by ann that isn't forgotten already"):
        _said("forget", *where, "--person", "ann")
    assert "asked for" in _said("forgotten", *where)
    assert "example:t1" not in _said("why", *where[:1], decision.id, *where[1:])


def _with_customers(folder: Path) -> Fleet:
    fleet = Fleet(folder, durable=False, train=False)
    team = fleet.task("acme", "team")
    team.define_label("it", keywords=["wifi"])
    for text, metadata in (
        ("a number", {"customer": 1182, "site": 7}),
        ("a text", {"customer": "1182", "site": "7"}),
        ("another", {"customer": "1183", "site": 7}),
    ):
        team.decide(text, metadata=metadata)
    return fleet


def _left(folder: Path) -> set[str]:
    with Fleet(folder, durable=False, train=False) as fleet:
        asked = Query(kinds=("request.decided",))
        return {event.fields["text"] for event in fleet.events(asked)} - {""}


@pytest.mark.parametrize(
    ("conditions", "left"),
    [
        (["customer=1182"], {"another"}),
        (['customer="1182"'], {"a number", "another"}),
        (["customer=1182", "site=7"], {"another"}),
        (["site=7"], set()),
    ],
)
def test_a_bare_number_on_the_command_line_means_the_text_as_well(
    tmp_path: Path, conditions: list[str], left: set[str]
) -> None:
    _with_customers(tmp_path).close()
    named = [word for condition in conditions for word in ("--where", condition)]
    _said("forget", "acme/team", "--data", str(tmp_path), *named)
    assert _left(tmp_path) == left


def test_a_request_to_forget_that_finds_nothing_fails_and_says_what_was_looked_for(
    tmp_path: Path,
) -> None:
    _with_customers(tmp_path).close()
    forget = ["forget", "acme/team", "--data", str(tmp_path)]
    with pytest.raises(NotFound, match='with customer=4711 or "4711" and site="Oslo" that'):
        _said(*forget, "--where", "customer=4711", "--where", "site=Oslo")
    with pytest.raises(InvalidInput, match="names customer twice"):
        _said(*forget, "--where", "customer=1182", "--where", "customer=1183")
    assert len(_left(tmp_path)) == 3


def test_what_to_forget_must_be_named_once_and_that_is_said_once(tmp_path: Path) -> None:
    with _with_customers(tmp_path) as fleet, pytest.raises(InvalidInput) as refused:
        fleet.task("acme", "team").forget()
    assert str(refused.value) == (
        "example: must be named, or person, or metadata: exactly one of the three"
    )
    for options in ([], ["--person", "ann", "--where", "customer=1182"]):
        with pytest.raises(InvalidInput, match="exactly one of --example, --person and --where"):
            _said("forget", "acme/team", "--data", str(tmp_path), *options)


def _said(*arguments: str) -> str:
    done = CliRunner(env={"COLUMNS": "200"}).invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output
