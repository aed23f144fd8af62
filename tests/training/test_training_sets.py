"""A training set is what people said last about requests, of labels that are there."""

from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from tests.catalog.histories import HISTORIES
from tests.conftest import HandClock
from tests.events.made import everything

from modelfleet.decisions import Example
from modelfleet.events import Event, EventLog, Logged
from modelfleet.fleet import Fleet
from modelfleet.task import Task
from modelfleet.training import TrainingSet, read_training_set


def naive(events: list[Logged], tenant: str, task: str) -> tuple[dict[str, int], list[Any]]:
    """The labels with where they were last defined; (text, label) by the last words."""
    own = [event for event in events if (event.tenant, event.task) == (tenant, task)]
    own = [event for event in own if "forgotten" not in event.fields]
    labels: dict[str, int] = {}
    requests = {event.id: event for event in own if event.kind == "request.decided"}
    said: list[tuple[str, int, str, str | None]] = []
    for event in own:
        fields = event.fields
        request = requests.get(fields.get("decision", ""))
        if request is not None and request.seq > event.seq:
            request = None  # nobody can speak about what isn't decided yet
        if event.kind == "label.defined":
            labels[fields["label"]] = event.seq
        elif event.kind == "label.removed":
            labels.pop(fields["label"], None)
        elif event.kind == "example.given":
            said.append(
                ("e" + fields.get("key", event.id), event.seq, fields["text"], fields["label"])
            )
        elif event.kind == "decision.rated" or request is None:
            continue
        elif event.kind == "decision.accepted":
            said.append(
                ("d" + request.id, event.seq, request.fields["text"], request.fields.get("label"))
            )
        elif event.kind == "decision.reassigned":
            said.append(("d" + request.id, event.seq, request.fields["text"], fields["label"]))
        elif event.kind in {"decision.refused", "decision.irrelevant"}:
            said.append(("d" + request.id, event.seq, request.fields["text"], None))
    last = [
        (text, label)
        for place, (key, _, text, label) in enumerate(said)
        if key not in {later[0] for later in said[place + 1 :]}
    ]
    return labels, [one for one in last if one[1] is None or one[1] in labels]


def _told(known: TrainingSet) -> tuple[dict[str, int], list[Any]]:
    labels = {label.label: label.seq for label in known.labels}
    return labels, [(example.text, example.label) for example in known.examples]


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=HISTORIES)
@example(
    history=[
        Event("decision.refused", "acme", 1, "f", "team", {"decision": "d0"}),
        Event("request.decided", "acme", 1, "d0", "team", {"text": "no wifi"}),
    ]
)
@example(
    history=[
        Event("request.decided", "acme", 1, "d0", "team", {"text": "no wifi"}),
        Event("evidence.forgotten", "acme", 1, "f", "team", {"events": ["d0"]}),
        Event("decision.accepted", "acme", 1, "a", "team", {"decision": "d0"}),
    ]
)
def test_the_training_set_is_what_a_reading_of_the_log_by_hand_gives(
    log: EventLog, history: list[Event]
) -> None:
    before = log.head()
    # Each example of this test has tenants of its own.
    names = {"": "", "acme": f"acme{before}", "globex": f"globex{before}"}
    log.append(
        [
            Event(e.kind, names[e.tenant], e.time, e.id, e.task, e.fields)
            for e in history
            if not e.kind.startswith("key.")
        ]
    )
    events = everything(log)
    for tenant in (names["acme"], names["globex"]):
        for task in ("team", "type"):
            known = read_training_set(log, tenant, task)
            assert _told(known) == naive(events, tenant, task)
            middle = before + len(history) // 2
            some = read_training_set(log, tenant, task, until=middle)
            wanted = naive([event for event in events if event.seq <= middle], tenant, task)
            assert _told(some)[0] == wanted[0]


@pytest.fixture
def task(fleet: Fleet) -> Task:
    """A task with three labels."""
    task = fleet.task("acme", "team")
    for label in ("it", "facilities", "payroll"):
        task.define_label(label)
    return task


def known(fleet: Fleet) -> list[tuple[str, str | None]]:
    """What may be learned about the task, in order."""
    found = read_training_set(fleet.log, "acme", "team")
    return [(example.text, example.label) for example in found.examples]


def test_a_decision_that_nobody_spoke_about_teaches_nothing(fleet: Fleet, task: Task) -> None:
    task.decide("no wifi")
    rated = task.decide("the lift is stuck")
    task.helpful(rated.id)
    assert known(fleet) == []


def test_the_last_word_wins_and_takes_the_last_place(fleet: Fleet, task: Task) -> None:
    first, second = task.decide("no wifi"), task.decide("the lift is stuck")
    task.assign(first.id, "facilities")
    task.assign(second.id, "facilities")
    task.assign(first.id, "it")
    assert known(fleet) == [("the lift is stuck", "facilities"), ("no wifi", "it")]
    task.no_label_fits(second.id)
    task.irrelevant(first.id)
    assert known(fleet) == [("the lift is stuck", None), ("no wifi", None)]


def test_an_accepted_decision_teaches_its_label(fleet: Fleet, task: Task) -> None:
    decision = task.decide("no wifi")
    task.assign(decision.id, "it")
    again = task.decide("no wifi")
    assert again.label == "it"
    task.accept(again.id)
    assert known(fleet) == [("no wifi", "it"), ("no wifi", "it")]


def test_an_example_with_the_same_key_replaces_the_one_before(fleet: Fleet, task: Task) -> None:
    task.give_examples([Example("no wifi", "it", key="ticket-1"), Example("no pay", "payroll")])
    task.give_examples([Example("no wifi at all", "facilities", key="ticket-1")])
    assert known(fleet) == [("no pay", "payroll"), ("no wifi at all", "facilities")]


def test_examples_of_a_removed_label_rest_until_it_returns(fleet: Fleet, task: Task) -> None:
    task.give_examples([Example("no wifi", "it"), Example("no pay", "payroll")])
    task.remove_label("it")
    assert known(fleet) == [("no pay", "payroll")]
    task.define_label("it", name="IT again")
    assert known(fleet) == [("no wifi", "it"), ("no pay", "payroll")]


def test_a_renamed_label_keeps_its_examples(fleet: Fleet, task: Task) -> None:
    task.give_examples([Example("no wifi", "it")])
    task.define_label("it", name="Digital workplace", keywords=["laptop"])
    assert known(fleet) == [("no wifi", "it")]
    label = next(one for one in task.labels() if one.label == "it")
    assert label.texts == ("Digital workplace", "laptop")


def test_the_digest_follows_what_is_known_and_nothing_else(fleet: Fleet, task: Task) -> None:
    task.give_examples([Example("no wifi", "it")])
    first = read_training_set(fleet.log, "acme", "team")
    task.decide("the lift is stuck")
    fleet.task("globex", "team").define_label("it")
    same = read_training_set(fleet.log, "acme", "team")
    assert same == first
    assert same.digest == first.digest
    task.give_examples([Example("no wifi", "facilities")])
    assert read_training_set(fleet.log, "acme", "team").digest != first.digest
    assert read_training_set(fleet.log, "acme", "team", until=first.watermark) == first


def test_feedback_on_what_was_never_decided_teaches_nothing_and_hides_nothing(
    fleet: Fleet, task: Task, clock: HandClock
) -> None:
    task.give_examples([Example(f"no wifi {n}", "it") for n in range(6)])
    orphans = [
        Event("decision.reassigned", "acme", 1, f"o{n}", "team", {"decision": "x", "label": "it"})
        for n in range(20)
    ]
    fleet.import_events(orphans)
    clock.advance(10)
    assert len(fleet.train_due()) == 1
    task.give_examples([Example(f"the lift is stuck {n}", "facilities") for n in range(6)])
    assert task.status().behind == 6
    clock.advance(10)
    assert len(fleet.train_due()) == 1
