"""A tenant says where a text must go, and there it goes: now, after training, until unpinned."""

import pytest
from tests.conftest import HandClock

from modelfleet.decisions import Example
from modelfleet.errors import InvalidInput, NotFound
from modelfleet.events import Query
from modelfleet.fleet import Fleet
from modelfleet.serving import ModelCache
from modelfleet.task import Task
from modelfleet.training import Kept, Published

BOARD = "a word from the board, please treat as you see fit"
IT = ["no wifi", "my laptop is dead", "password lost", "vpn down", "no network", "mail is slow"]
HR = ["payslip is wrong", "no salary", "parental leave", "holiday request", "new contract", "tax"]


@pytest.fixture
def task(small_fleet: Fleet) -> Task:
    """A task that knows two labels by a few examples."""
    task = small_fleet.task("acme", "team")
    task.define_label("it", name="IT support")
    task.define_label("hr", name="Human resources")
    task.give_examples([Example(text, "it") for text in IT])
    task.give_examples([Example(text, "hr") for text in HR])
    return task


def trained(fleet: Fleet, clock: HandClock, task: Task) -> Published | Kept:
    """What came of a training."""
    task.retry_training()
    clock.advance(5)
    (outcome,) = fleet.train_due()
    assert isinstance(outcome, Published | Kept)
    return outcome


def test_a_pinned_text_goes_where_it_must_at_once_and_after_training(
    small_fleet: Fleet, clock: HandClock, task: Task
) -> None:
    assert task.decide(BOARD).label is None
    task.pin_example(BOARD, "hr", by="alice")
    at_once = task.decide(BOARD)
    assert (at_once.label, at_once.confidence) == ("hr", 1.0)
    assert isinstance(trained(small_fleet, clock, task), Published)
    after = task.decide(BOARD)
    assert (after.label, after.version) == ("hr", task.status().live)
    task.assign(after.id, "it")
    assert task.decide(BOARD).label == "hr"
    server_that_starts_now = ModelCache(small_fleet.cache._loader, 2**30, clock=small_fleet.clock)
    assert server_that_starts_now.get("acme", "team").pinned_label(BOARD, {}) == "hr"


def test_a_pin_with_metadata_speaks_of_requests_that_have_it(task: Task) -> None:
    task.pin_example("hello", "hr", metadata={"from": "board"})
    with_it = task.decide("hello", metadata={"from": "board", "office": "Oslo"})
    assert with_it.label == "hr"
    assert task.decide("hello", metadata={"from": "customer"}).confidence < 1
    task.pin_example("hello", "it")
    assert task.decide("hello", metadata={"from": "customer"}).label == "it"


def test_what_was_unpinned_is_the_models_again(task: Task) -> None:
    before = task.decide(BOARD).candidates
    task.pin_example(BOARD, "hr", key="board")
    task.unpin_example("board")
    assert task.decide(BOARD).candidates == before
    assert task.pinned_examples() == []
    with pytest.raises(NotFound, match="board"):
        task.unpin_example("board")


def test_the_last_word_about_a_key_or_a_text_holds(task: Task) -> None:
    task.pin_example(BOARD, "hr", key="board")
    task.pin_example(BOARD, "it", key="another")
    task.pin_example("no wifi", "hr", key="wifi")
    task.pin_example("wifi!", "it", key="wifi")
    assert task.decide(BOARD).label == "it"
    assert [(one.key, one.text) for one in task.pinned_examples()] == [
        ("another", BOARD),
        ("wifi", "wifi!"),
    ]


def test_while_its_label_is_gone_a_pinned_example_rests(
    small_fleet: Fleet, clock: HandClock, task: Task
) -> None:
    task.pin_example(BOARD, "hr")
    task.define_label("office")
    task.remove_label("hr")
    assert task.decide(BOARD).label != "hr"
    assert isinstance(trained(small_fleet, clock, task), Published)
    task.define_label("hr")
    assert task.decide(BOARD).label == "hr"


def test_a_version_that_breaks_a_pinned_example_is_not_published_and_the_reason_names_it(
    small_fleet: Fleet, clock: HandClock, task: Task
) -> None:
    first = trained(small_fleet, clock, task)
    assert isinstance(first, Published)
    task.pin_example("password lost", "hr", key="passwords")
    task.give_examples([Example("password lost", "it") for _ in range(60)])
    outcome = trained(small_fleet, clock, task)
    assert isinstance(outcome, Kept)
    assert "'passwords' must go to 'hr' and would go to 'it'" in outcome.why
    (kept,) = small_fleet.events(Query(kinds=("version.kept",)))
    assert kept.fields["why"] == outcome.why == task.status().found
    assert task.status().live == first.version
    assert task.decide("password lost").label == "hr"


def test_what_goes_live_on_little_evidence_is_watched_until_an_operator_vouches_for_it(
    small_fleet: Fleet, clock: HandClock, task: Task
) -> None:
    outcome = trained(small_fleet, clock, task)
    assert isinstance(outcome, Published)
    (event,) = small_fleet.events(Query(kinds=("version.published",)))
    assert outcome.watched
    assert event.fields["watched"]
    assert event.fields["metrics"]["compared"] == 2
    status = task.status()
    assert (status.watched, status.found) == (True, outcome.why)
    task.promote(outcome.version)
    assert not task.status().watched


def test_requests_that_could_still_be_corrected_are_not_compared(
    small_fleet: Fleet, task: Task
) -> None:
    task.retry_training()
    (outcome,) = small_fleet.train_due()
    assert isinstance(outcome, Published)
    assert "no requests" in outcome.why


@pytest.mark.parametrize(
    ("text", "label", "field"), [("", "hr", "text"), ("hi", "legal", "label"), ("hi", "", "label")]
)
def test_what_cannot_be_pinned_changes_nothing(
    small_fleet: Fleet, task: Task, text: str, label: str, field: str
) -> None:
    head = small_fleet.log.head()
    with pytest.raises(InvalidInput, match=f"^{field}:"):
        task.pin_example(text, label)
    assert small_fleet.log.head() == head
