"""What is forgotten is gone: from the log, from what answers, and from what is trained."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import HandClock

from modelfleet.catalog import Outcome
from modelfleet.decisions import Example
from modelfleet.errors import InvalidInput, LogUnavailable, NotFound
from modelfleet.events import Appended, Event, Logged, Query, parse_condition
from modelfleet.events.files import read_events, write_events
from modelfleet.fleet import Fleet
from modelfleet.task import Task
from modelfleet.training import read_training_set

PRIVATE = "my xylophone was stolen from the rehearsal room"


@pytest.fixture
def task(fleet: Fleet) -> Task:
    """A task that learned from a few people."""
    return taught(fleet, "acme")


def taught(fleet: Fleet, tenant: str) -> Task:
    task = fleet.task(tenant, "team")
    task.define_label("it", name="IT support", keywords=["wifi"])
    task.define_label("facilities", name="Facilities", keywords=["heating"])
    task.give_examples(
        [Example(f"no wifi in room {n}", "it", key=f"wifi-{n}", by="ann") for n in range(6)]
        + [Example(f"heating in room {n} is cold", "facilities") for n in range(6)]
    )
    return task


def found(fleet: Fleet, condition: str) -> int:
    return sum(1 for _ in fleet.events(Query(where=(parse_condition(condition),))))


def train(fleet: Fleet, clock: HandClock) -> None:
    clock.advance(60)
    assert fleet.train_due()


def test_a_forgotten_request_is_nowhere_in_the_log_and_teaches_nothing(
    fleet: Fleet, task: Task
) -> None:
    before = task.decide("the xylophone again")
    decision = task.decide(PRIVATE, metadata={"customer": "jane"})
    task.assign(decision.id, "facilities", by="bob")
    counts = task.status()
    (receipt,) = task.forget(f"decision:{decision.id}", by="ann", why="asked for")
    assert (receipt.events, receipt.by, receipt.why, receipt.versions) == (
        2,
        "ann",
        "asked for",
        (),
    )
    for condition in ("text:stolen", "metadata.customer=jane", ":rehearsal", "by=bob"):
        assert found(fleet, condition) == 0
    emptied = fleet.log.get("acme", decision.id)
    assert emptied is not None
    assert (emptied.fields["text"], emptied.fields.get("label")) == ("", decision.label)
    assert "metadata" not in emptied.fields
    assert task.decide("the xylophone again").candidates == before.candidates
    assert (task.status().answered, task.status().evidence) == (counts.answered, counts.evidence)
    assert task.record(decision.id).outcome == Outcome("reassigned", "facilities", None)


def test_trained_again_the_model_is_as_if_it_had_never_been_said(
    fleet: Fleet, task: Task, clock: HandClock
) -> None:
    decision = task.decide(PRIVATE)
    task.assign(decision.id, "it")
    train(fleet, clock)
    knowing = task.status().live
    (receipt,) = task.forget(f"decision:{decision.id}")
    assert (receipt.versions, receipt.free) == ((knowing,), False)
    clock.advance(31)
    fleet.train_due()
    assert task.status().live != knowing
    assert task.status().behind == 0
    assert [one.free for one in task.forgotten()] == [True]
    never = taught(fleet, "globex")
    train(fleet, clock)
    texts = [
        [e.text for e in read_training_set(fleet.log, t, "team").examples]
        for t in ("acme", "globex")
    ]
    assert texts[0] == texts[1]
    asked = [one.decide(PRIVATE).candidates[0].label for one in (task, never)]
    assert asked[0] == asked[1]


def test_a_version_that_may_know_it_is_replaced_however_good_it_is(
    fleet: Fleet, task: Task, clock: HandClock
) -> None:
    train(fleet, clock)
    knowing = task.status().live
    for number in range(6):
        task.forget(f"example:wifi-{number}")
    clock.advance(31)
    fleet.train_due()
    assert task.status().live != knowing
    assert "forgotten" in task.versions()[0].why


def test_models_are_not_free_of_it_while_a_canary_knows_it(
    fleet: Fleet, task: Task, clock: HandClock
) -> None:
    train(fleet, clock)
    knowing = str(task.status().live)
    task.forget("example:wifi-0")
    train(fleet, clock)
    assert [one.free for one in task.forgotten()] == [True]
    task.set_canary(knowing, 0.5)
    assert [one.free for one in task.forgotten()] == [False]


def test_the_words_of_a_person_are_forgotten_and_those_before_them_hold_again(
    fleet: Fleet, task: Task
) -> None:
    decision = task.decide("the lift hums")
    task.assign(decision.id, "facilities", by="bob")
    task.assign(decision.id, "it", by="sam")
    task.give_examples([Example("the door", "it", by="sam")])
    (receipt,) = task.forget(person="sam")
    assert receipt.events == 2
    examples = {e.text: e.label for e in read_training_set(fleet.log, "acme", "team").examples}
    assert examples["the lift hums"] == "facilities"
    assert "the door" not in examples
    assert found(fleet, "by=sam") == 0
    assert found(fleet, "by=bob") == 1
    assert task.decide("the lift hums").candidates[0].label == "facilities"


def test_a_decision_shows_the_last_word_that_is_not_forgotten(fleet: Fleet, task: Task) -> None:
    decision = task.decide("the lift hums")
    task.assign(decision.id, "facilities", by="bob")
    before = task.status(), fleet.status()
    task.assign(decision.id, "it", by="sam")
    task.no_label_fits(decision.id, by="amy")
    task.irrelevant(decision.id, by="sam")
    task.forget(person="sam")
    refused = Outcome("no_label_fits", None, "amy")
    assert task.record(decision.id).outcome == refused
    task.forget(person="amy")
    assigned = Outcome("reassigned", "facilities", "bob")
    assert task.record(decision.id).outcome == assigned
    counts = [(one.answered, one.confirmed, one.corrected) for one in before]
    after = task.status(), fleet.status()
    assert [(one.answered, one.confirmed, one.corrected) for one in after] == counts
    task.forget(person="bob")
    assert task.record(decision.id).outcome is None
    assert [one.decision.id for one in task.awaiting()] == [decision.id]
    assert task.status().answered == 0


def test_a_last_word_under_a_long_id_is_taken_back_too(task: Task) -> None:
    long, longer = "t" * 199, "t" * 200
    for decision in (long, longer):
        task.decide("the lift hums", id=decision)
        task.assign(decision, "facilities", by="bob")
        task.assign(decision, "it", by=f"author of {len(decision)}")
    task.forget(person="author of 199")
    found = [task.record(decision).outcome for decision in (long, longer)]
    assert [one and one.label for one in found] == ["facilities", "it"]


def test_all_requests_of_a_customer_are_forgotten_however_many(
    fleet: Fleet, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modelfleet.decisions.forgetting._AT_A_TIME", 3)
    for number in range(7):
        made = task.decide(f"{PRIVATE} {number}", metadata={"customer": "jane", "n": number})
        task.assign(made.id, "it", by="bob")
    other = task.decide(PRIVATE, metadata={"customer": "john"})
    receipts = task.forget(metadata={"customer": "jane"})
    assert sum(one.events for one in receipts) == 14
    assert found(fleet, "text:stolen") == 1
    assert task.decision(other.id) == other
    assert task.forget(metadata={"customer": "jane"}) == []
    awaiting = [event.id for event in fleet.catalog.awaiting("acme", "team")]
    assert awaiting == [other.id]


def test_an_order_that_was_cut_short_is_carried_out_to_its_end_under_its_id(
    small_fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modelfleet.decisions.forgetting._AT_A_TIME", 2)
    task, append = taught(small_fleet, "acme"), small_fleet.log.append

    def append_one_step(events: Sequence[Event]) -> list[Appended]:
        if small_fleet.log.get("acme", "order"):
            raise LogUnavailable("the server went down")
        return append(events)

    monkeypatch.setattr(small_fleet.log, "append", append_one_step)
    with pytest.raises(LogUnavailable):
        task.forget(person="ann", id="order")
    monkeypatch.setattr(small_fleet.log, "append", append)
    task.give_examples([Example("said since then", "it", by="ann")])
    steps = task.forget(person="ann", id="order")
    assert [one.events for one in steps] == [2, 2, 2]
    assert found(small_fleet, "by=ann") == 1
    assert task.forget(person="ann", id="order") == steps


def test_forgetting_again_changes_nothing_and_answers_the_same(fleet: Fleet, task: Task) -> None:
    first = task.forget("example:wifi-1")
    head = fleet.log.head()
    assert task.forget("example:wifi-1") == first == task.forgotten()
    assert fleet.log.head() == head


def test_what_is_sent_or_imported_again_stays_forgotten(
    fleet: Fleet, task: Task, tmp_path: Path
) -> None:
    made = task.decide(PRIVATE, id="r1")
    before, after = tmp_path / "before.ndjson", tmp_path / "after.ndjson"
    write_events(fleet.events(Query(tenant="acme")), before)
    task.forget("decision:r1")
    assert task.decide(PRIVATE, id="r1") == made
    for _, event in read_events(before):
        assert not isinstance(event, InvalidInput)
        assert fleet.import_events([event])[0].duplicate
    assert found(fleet, "text:stolen") == 0
    write_events(fleet.events(Query(tenant="acme")), after)
    assert "stolen" not in after.read_text()


def test_another_fleet_that_imports_what_was_forgotten_forgets_it(
    fleet: Fleet, task: Task, tmp_path: Path
) -> None:
    task.decide(PRIVATE, id="r1")
    with Fleet(tmp_path / "other", train=False, durable=False) as other:
        other.import_events([_unplaced(event) for event in fleet.events(Query(tenant="acme"))])
        assert found(other, "text:stolen") == 1
        task.forget("decision:r1")
        other.import_events([_unplaced(event) for event in fleet.events(Query(tenant="acme"))])
        assert found(other, "text:stolen") == 0
        other.rebuild()
        assert other.task("acme", "team").status().decided == 1


def test_another_server_that_had_learned_it_forgets_it(
    fleet: Fleet, task: Task, place: str
) -> None:
    with Fleet(place, settings=fleet.settings, train=False, durable=False) as other:
        beside = other.task("acme", "team")
        before = beside.decide("the xylophone").candidates
        made = task.decide(PRIVATE)
        task.assign(made.id, "it")
        other._follower.step()
        assert beside.decide("the xylophone").candidates != before
        task.forget(f"decision:{made.id}")
        other._follower.step()
        assert beside.decide("the xylophone").candidates == before


def test_not_one_byte_of_it_is_left_in_the_database(small_fleet: Fleet, folder: Path) -> None:
    task = taught(small_fleet, "acme")
    task.decide(PRIVATE, metadata={"customer": "jane-doe-4711"})
    task.forget(metadata={"customer": "jane-doe-4711"})
    held = b"".join(path.read_bytes() for path in folder.glob("modelfleet.db*"))
    for secret in (b"xylophone", b"lophone was", b"jane-doe", b"ehearsal"):
        assert secret not in held


WRONG: list[tuple[dict[str, Any], str]] = [
    ({}, "example"),
    ({"example": "decision:x", "person": "sam"}, "example"),
    ({"example": "x"}, "example"),
    ({"example": "decision:"}, "example"),
    ({"person": "\x00"}, "person"),
    ({"metadata": {"customer": float("nan")}}, "metadata.customer"),
    ({"person": "sam", "why": "x" * 2_000}, "why"),
]


@pytest.mark.parametrize(("asked", "field"), WRONG)
def test_what_is_to_be_forgotten_must_be_named_clearly(
    small_fleet: Fleet, asked: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        small_fleet.task("acme", "team").forget(**asked)
    assert refused.value.faults[0].field == field


def test_a_request_that_is_not_there_or_another_tenants_can_not_be_forgotten(
    fleet: Fleet, task: Task
) -> None:
    made = task.decide(PRIVATE)
    for key in (f"decision:{made.id}", "example:wifi-1", "decision:nowhere"):
        with pytest.raises(NotFound):
            fleet.task("globex", "team").forget(key)
    assert fleet.task("globex", "team").forget(person="ann") == []
    assert task.decision(made.id) == made


def _unplaced(event: Logged) -> Event:
    return Event(event.kind, event.tenant, event.time, event.id, event.task, event.fields)
