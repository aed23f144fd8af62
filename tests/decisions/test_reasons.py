"""Why a decision was made can be asked, and what an answer says is true."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import HandClock

from modelfleet.decisions import Example, Reasons
from modelfleet.errors import InvalidInput, NotFound
from modelfleet.fleet import Fleet
from modelfleet.learners import prototypes
from modelfleet.learners.reasons import shared_out
from modelfleet.task import Task
from modelfleet.text import Features, default_encoder

WIFI = "is the wifi gone or slow on my floor"


@pytest.fixture
def task(small_fleet: Fleet) -> Task:
    """A task that learned from a few people."""
    task = small_fleet.task("acme", "team")
    task.define_label("it", name="IT support", keywords=["laptop"])
    task.define_label("facilities", name="Facilities", keywords=["heating"])
    wifi = [f"wifi is slow in room {n}" for n in range(5)]
    lift = [f"the lift stops at floor {n}" for n in range(5)]
    task.give_examples([Example(text, "it", key=f"w{n}", by="ann") for n, text in enumerate(wifi)])
    task.give_examples([Example(text, "facilities", by="bob") for text in lift])
    return task


def test_the_words_that_carried_a_decision_and_those_against_it_are_named(task: Task) -> None:
    decision = task.decide(WIFI)
    reasons = task.why(decision.id)
    assert (reasons.label, reasons.rival) == ("it", "facilities")
    assert next(one.what for one in reasons.words if one.weight > 0) == "wifi"
    assert next(one.what for one in reasons.words if one.weight < 0) == "floor"
    assert 0.7 < reasons.covered <= 1
    assert reasons.note == ""
    assert reasons.told is None


def test_weights_are_log_odds_between_the_label_and_the_runner_up(task: Task) -> None:
    decision = task.decide("the wifi in the lift")
    best, second = decision.candidates[:2]
    reasons = task.why(decision.id)
    odds = best.probability / second.probability
    assert 2.718281828**reasons.lead == pytest.approx(odds, rel=0.01)
    total = reasons.start + sum(one.weight for one in (*reasons.words, *reasons.fields))
    assert total == pytest.approx(reasons.lead, abs=0.01)


def test_metadata_that_carried_a_decision_is_named(small_fleet: Fleet) -> None:
    task = small_fleet.task("acme", "team")
    task.define_label("it")
    task.define_label("facilities")
    for number in range(8):
        for label, office in (("facilities", "Rome"), ("it", "Oslo")):
            said = Example(f"please help {number}", label, {"office": office})
            task.give_examples([said])
    reasons = task.explain("please help", metadata={"office": "Oslo", "unseen": 3})
    assert reasons.label == "it"
    assert (reasons.fields[0].what, reasons.fields[0].weight > 0) == ("office = Oslo", True)


def test_the_requests_that_taught_it_are_shown_with_who_said_so_and_when(
    task: Task, clock: HandClock
) -> None:
    clock.advance(10)
    taught = task.decide("the wifi is gone on floor 3")
    task.assign(taught.id, "it", by="sam")
    decision = task.decide(WIFI)
    reasons = task.why(decision.id)
    first = reasons.taught[0]
    assert (first.key, first.by, first.time) == (f"decision:{taught.id}", "sam", clock())
    assert first.text == "the wifi is gone on floor 3"
    assert [one.by for one in reasons.taught[1:]] == ["ann"] * 4
    assert reasons.taught[1].key.startswith("example:w")
    assert reasons.label_texts == ("IT support", "laptop")
    near = [one.similarity for one in reasons.taught]
    assert near == sorted(near, reverse=True)


def test_a_decision_is_explained_by_what_was_known_when_it_was_made(task: Task) -> None:
    decision = task.decide(WIFI)
    before = task.why(decision.id)
    for number in range(3):
        later = task.decide(f"{WIFI} {number}")
        task.assign(later.id, "facilities")
    assert task.why(decision.id) == before
    assert task.explain(WIFI).label == "facilities"


def test_a_decision_keeps_its_reasons_when_versions_come_and_go(
    small_fleet: Fleet, task: Task, clock: HandClock
) -> None:
    first = _trained(small_fleet, clock)
    decision = task.decide(WIFI)
    before = task.why(decision.id)
    assert before.version == first
    task.give_examples([Example(f"new lamp {n}", "facilities") for n in range(9)])
    assert _trained(small_fleet, clock) != first
    assert task.why(decision.id) == before


def test_a_version_that_is_gone_is_said_to_be_and_another_explains(
    small_fleet: Fleet, task: Task, clock: HandClock, folder: Path
) -> None:
    first = _trained(small_fleet, clock)
    decision = task.decide(WIFI)
    for file in folder.rglob(f"*{first}*"):
        file.unlink()
    reasons = task.why(decision.id)
    assert f"{first} decided and is gone" in reasons.note
    assert reasons.words[0].what == "wifi"


def test_what_people_had_said_of_this_very_request_is_told(task: Task) -> None:
    made = task.decide(WIFI)
    task.assign(made.id, "facilities")
    again = task.decide(WIFI)
    assert again.candidates[0].label == "facilities"
    assert task.why(again.id).told == "corrected"


def test_what_was_forgotten_is_never_shown(task: Task) -> None:
    decision = task.decide(WIFI)
    assert "example:w3" in [one.key for one in task.why(decision.id).taught]
    task.forget("example:w3")
    assert "example:w3" not in [one.key for one in task.why(decision.id).taught]
    task.forget(f"decision:{decision.id}")
    with pytest.raises(NotFound, match="forgotten"):
        task.why(decision.id)


def test_there_is_an_answer_without_labels_with_one_label_and_for_any_text(
    small_fleet: Fleet,
) -> None:
    task = small_fleet.task("acme", "team")
    empty = task.decide("hello")
    assert task.why(empty.id) == Reasons(empty.id, None, None, None)
    task.define_label("it", keywords=["wifi"])
    assert task.explain("no wifi").rival is None
    for text in ("打印机坏了", "🙂🙂", "x" * 100_000, "لا يوجد اتصال", "wifi " * 20_000):
        assert task.explain(text).label == "it"
    with pytest.raises(InvalidInput, match="text"):
        task.explain("")
    with pytest.raises(NotFound):
        task.why("nowhere")


def test_another_tenant_gets_no_reasons(small_fleet: Fleet, task: Task) -> None:
    decision = task.decide(WIFI)
    with pytest.raises(NotFound):
        small_fleet.task("globex", "team").why(decision.id)


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=80), office=st.text(max_size=10) | st.integers() | st.none())
def test_of_a_linear_model_nothing_is_left_over(text: str, office: object) -> None:
    encoder = default_encoder()
    model = prototypes.fit({"it": ["wifi", "laptop"], "hr": ["pay slip", "holiday"]}, encoder)

    def lead(features: Features) -> float:
        (scores,) = model.scores([features])
        return float(scores[0] - scores[1])

    shares = shared_out(text, {"office": office}, encoder, lead)
    total = shares.start + sum(one.weight for one in (*shares.words, *shares.fields)) + shares.rest
    assert total == pytest.approx(shares.lead, abs=1e-4)
    (whole,) = encoder.encode([text], [{"office": office}])
    assert shares.lead == pytest.approx(lead(whole), abs=1e-4)


def _trained(fleet: Fleet, clock: HandClock) -> str:
    clock.advance(60)
    fleet.train_due()
    live = fleet.task("acme", "team").status().live
    assert live is not None
    return live
