"""Labels that are missing: found among requests that no label fits, and accepted in one call."""

from collections.abc import Sequence

import pytest
from litestar.testing import TestClient
from tests.conftest import HandClock

from modelfleet import Fleet
from modelfleet.api import create_app
from modelfleet.clock import DAY
from modelfleet.errors import InvalidInput, NotFound
from modelfleet.monitoring import telling_words
from modelfleet.task import Task

PARKING = [
    "I need a parking permit for the garage",
    "parking permit for my new car please",
    "how do I renew my parking permit",
    "the garage barrier doesn't know my parking permit",
    "can I have a second parking permit for the garage",
    "where do I pick up the parking permit",
]
CATERING = [
    "order lunch for the board meeting",
    "we need lunch and coffee for a meeting of twelve",
    "vegetarian lunch for the meeting on Friday",
    "cancel the lunch for tomorrow's meeting",
    "coffee and lunch for the meeting in room 4",
]


def _asked(task: Task, texts: Sequence[str]) -> list[str]:
    """Requests that an agent says no label fits."""
    decisions = [task.decide(text).id for text in texts]
    for decision in decisions:
        task.no_label_fits(decision, by="sam")
    return decisions


@pytest.fixture
def team(fleet: Fleet) -> Task:
    task = fleet.task("acme", "team")
    task.define_label("it", description="laptops, passwords, wifi")
    task.define_label("hr", description="payslips, holidays, contracts")
    for text in ("no wifi", "my payslip is wrong", "laptop broken", "holiday request", "vpn down"):
        task.decide(text)
    return task


def test_requests_that_no_label_fits_are_grouped_and_named_by_their_words(team: Task) -> None:
    parking, catering = _asked(team, PARKING), _asked(team, CATERING)
    first, second = team.suggestions()
    assert set(first.decisions) == set(parking)
    assert set(second.decisions) == set(catering)
    assert {"parking", "permit"} <= set(first.keywords)
    assert "lunch" in second.keywords
    assert set(first.label.split("-")) <= {"parking", "permit"}
    assert first.texts[0] in PARKING


@pytest.mark.parametrize(
    ("texts", "named", "never"),
    [
        (
            [
                "I want to put my bike in the cellar",
                "is it fine to leave my bike in the cellar",
                "I want to lock my bike in the yard",
                "to charge my bike I want a socket in the cellar",
                "I want to know if the cellar is open for my bike",
                "is the cellar the place to put my bike",
            ],
            "bike",
            {"i", "to", "the", "my", "want", "in", "is"},
        ),
        (
            [
                "quiero dejar mi bicicleta en el sótano",
                "puedo dejar la bicicleta en el sótano",
                "quiero cargar mi bicicleta en el sótano",
                "el sótano para la bicicleta está cerrado",
                "hay sitio para mi bicicleta en el sótano",
                "quiero un sitio para mi bicicleta en el patio",
            ],
            "bicicleta",
            {"el", "la", "mi", "en", "para"},
        ),
    ],
)
def test_a_group_isnt_named_by_words_that_say_nothing(
    team: Task, texts: list[str], named: str, never: set[str]
) -> None:
    _asked(team, texts)
    (found,) = team.suggestions()
    assert named in found.name.split()
    assert not never & set(found.name.split())


def test_accepted_in_one_call_the_next_decision_knows_the_label(team: Task) -> None:
    _asked(team, PARKING)
    (found,) = team.suggestions()
    done = team.accept_suggestion(found.suggestion, label="parking", name="Parking", by="alice")
    assert (done.label, done.defined, done.assigned) == ("parking", True, len(PARKING))
    assert team.decide("a parking permit for the garage").candidates[0].label == "parking"
    assert team.suggestions() == []
    again = team.accept_suggestion(found.suggestion, label="parking", name="Parking", by="bob")
    assert again.duplicate
    assert [label.label for label in team.labels()] == ["hr", "it", "parking"]


def test_of_long_texts_the_beginning_is_shown_and_all_becomes_examples(team: Task) -> None:
    long = [f"{text}. {'And that is all there is to say about it. ' * 200}" for text in PARKING]
    _asked(team, long)
    (found,) = team.suggestions()
    for text in found.texts:
        assert len(text) <= 400
        assert any(whole.startswith(text.removesuffix("…")) for whole in long)
        assert text.endswith("…")
    team.accept_suggestion(found.suggestion, label="parking")
    taught = [one.text for one in team.explain(long[0]).taught]
    assert set(taught) <= set(long)
    assert taught


def test_a_request_that_somebody_placed_meanwhile_stays_there(team: Task) -> None:
    decisions = _asked(team, PARKING)
    (found,) = team.suggestions()
    team.assign(decisions[0], "hr")
    assert team.accept_suggestion(found.suggestion).assigned == len(PARKING) - 1
    assert team.decide(PARKING[0]).candidates[0].label == "hr"


def test_a_suggestion_can_go_to_a_label_that_there_is(team: Task) -> None:
    _asked(team, PARKING)
    (found,) = team.suggestions()
    done = team.accept_suggestion(found.suggestion, label="hr")
    assert (done.defined, done.assigned) == (False, len(PARKING))
    assert len(team.labels()) == 2


def test_a_few_alike_are_no_group(team: Task) -> None:
    _asked(team, PARKING[:4])
    assert team.suggestions() == []


def test_texts_in_any_script_give_a_label_that_can_be_named(team: Task) -> None:
    texts = [f"パーキング 許可証 {n}" for n in "abcdef"]
    _asked(team, texts)
    (found,) = team.suggestions()
    assert found.label.startswith("suggested-")
    assert team.accept_suggestion(found.suggestion).defined


@pytest.mark.parametrize("name", ["", "x", "12-zz", "1-000000000000", "9" * 30, "../../etc"])
def test_an_unknown_suggestion_is_refused_and_changes_nothing(team: Task, name: str) -> None:
    _asked(team, PARKING)
    with pytest.raises(NotFound, match="suggestion"):
        team.accept_suggestion(name)
    assert len(team.labels()) == 2


def test_a_label_that_is_no_name_is_refused_and_changes_nothing(team: Task) -> None:
    _asked(team, PARKING)
    (found,) = team.suggestions()
    with pytest.raises(InvalidInput, match="label"):
        team.accept_suggestion(found.suggestion, label="a/b")
    assert len(team.labels()) == 2


def test_another_tenant_sees_and_gets_nothing(team: Task, fleet: Fleet) -> None:
    _asked(team, PARKING)
    (found,) = team.suggestions()
    charlie = fleet.task("charlies", "team")
    charlie.define_label("it")
    assert charlie.suggestions() == []
    with pytest.raises(NotFound):
        charlie.accept_suggestion(found.suggestion)


def test_over_http_a_key_of_another_tenant_gets_nothing(team: Task, fleet: Fleet) -> None:
    _asked(team, PARKING)
    _, owner = fleet.create_key("owner", "acme")
    _, user = fleet.create_key("user", "acme")
    _, charlie = fleet.create_key("owner", "charlies")
    place = "/api/tenants/acme/tasks/team"
    with TestClient(create_app(fleet, keys_required=True)) as api:

        def asked(key: str, method: str, path: str) -> int:
            headers = {"authorization": f"Bearer {key}"}
            return api.request(method, place + path, headers=headers).status_code

        (found,) = api.get(
            f"{place}/suggestions", headers={"authorization": f"Bearer {owner}"}
        ).json()["suggestions"]
        accept = f"/suggestions/{found['suggestion']}/accept"
        for method, path in (("GET", "/suggestions"), ("GET", "/drift"), ("POST", accept)):
            assert asked(charlie, method, path) == 404
            assert asked(user, method, path) == 403
        assert asked(owner, "POST", accept) == 200
        assert len(team.labels()) == 3


def test_other_words_and_another_meaning_are_seen_and_the_same_ones_are_not(
    fleet: Fleet, clock: HandClock
) -> None:
    task = fleet.task("acme", "team")
    task.define_label("it")
    old = ["the wifi is down in room", "my laptop doesn't start in room", "printer jam in room"]
    new = [*PARKING, *CATERING]
    moment = clock.time - 20 * DAY
    for n in range(90):
        task.decide(f"{old[n % 3]} {n}", time=moment + n * DAY // 10)
    steady = task.drift(days=5)
    for n in range(30):
        task.decide(f"{new[n % len(new)]} {n}", time=clock.time - DAY + n)
    changed = task.drift(days=5)
    assert steady.meaning is None  # nothing was asked in the last five days
    assert changed.meaning is not None
    assert changed.vocabulary is not None
    assert changed.meaning.p < 0.05
    assert changed.vocabulary.p < 0.05
    (parking,) = (one for one in changed.risen if one.word == "parking")
    (room,) = (one for one in changed.fallen if one.word == "room")
    assert (parking.before, room.before) == (0, 1)
    assert parking.now == pytest.approx(18 / 30)
    assert room.now == pytest.approx(2 / 30)
    same = task.drift(days=13)
    assert same.now is not None
    with pytest.raises(InvalidInput, match="days"):
        task.drift(days=0)


def test_shuffled_requests_show_no_drift(fleet: Fleet, clock: HandClock) -> None:
    task = fleet.task("acme", "team")
    task.define_label("it")
    said = [*PARKING, *CATERING]
    for n in range(120):
        task.decide(f"{said[n * 7 % len(said)]} {n % 5}", time=clock.time - (120 - n) * DAY // 4)
    drift = task.drift(days=6)
    assert drift.meaning is not None
    assert drift.meaning.p > 0.05


def test_common_words_tell_nothing() -> None:
    told = telling_words(
        ["the red car", "the red bus", "the red one"], ["the sea", "the sky", "the end"] * 5
    )
    assert [one.word for one in told] == ["red"]
