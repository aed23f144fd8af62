"""A request becomes a decision, once, logged before it is answered; people have the last word."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.conftest import HandClock

from modelfleet.catalog import Outcome
from modelfleet.decisions import Example, Feedback, Request
from modelfleet.errors import Conflict, InvalidInput, LogUnavailable, NotFound
from modelfleet.events import Query
from modelfleet.fleet import Fleet
from modelfleet.task import Task


@pytest.fixture
def task(fleet: Fleet) -> Task:
    """A task of two described labels, without an example."""
    task = fleet.task("acme", "team")
    task.define_label(
        "it", name="IT support", description="laptops, passwords, VPN", keywords=["wifi", "printer"]
    )
    task.define_label("facilities", name="Facilities", keywords=["door", "heating", "lift"])
    return task


def decisions(fleet: Fleet) -> list[str]:
    """The ids of all decisions in the log."""
    return [event.id for event in fleet.events(Query(kinds=("request.decided",)))]


def test_a_described_task_answers_its_first_request(fleet: Fleet, task: Task) -> None:
    decision = task.decide("I can't get on the wifi", metadata={"office": "Oslo"})
    assert decision.candidates[0].label == "it"
    assert decision.version is None
    assert sum(one.probability for one in decision.candidates) == pytest.approx(1, abs=1e-3)
    logged = fleet.log.get("acme", decision.id)
    assert logged is not None
    assert logged.fields["metadata"] == {"office": "Oslo"}
    assert task.decision(decision.id) == decision


def test_a_task_that_nobody_defined_abstains(fleet: Fleet) -> None:
    decision = fleet.task("nobody", "team").decide("hello")
    assert (decision.label, decision.candidates, decision.confidence) == (None, (), 0.0)


def test_below_the_threshold_it_abstains_and_still_shows_candidates(task: Task) -> None:
    decision = task.decide("purple monkey dishwasher")
    assert decision.confidence < decision.threshold
    assert decision.label is None
    assert {one.label for one in decision.candidates} == {"it", "facilities"}


def test_candidates_are_active_labels_only_the_most_probable_first(task: Task) -> None:
    for number in range(8):
        task.define_label(f"label-{number}")
    task.remove_label("label-3")
    decision = task.decide("label 3")
    assert len(decision.candidates) == 5
    assert "label-3" not in [one.label for one in decision.candidates]
    chances = [one.probability for one in decision.candidates]
    assert chances == sorted(chances, reverse=True)


def test_a_request_sent_again_gets_the_same_answer_and_is_logged_once(
    fleet: Fleet, task: Task
) -> None:
    first = task.decide("no wifi", metadata={"n": 1}, id="r1")
    task.assign(first.id, "facilities")
    assert task.decide("no wifi", metadata={"n": 1}, id="r1") == first
    assert decisions(fleet) == ["r1"]


@pytest.mark.parametrize(("text", "metadata"), [("no wifi!", {"n": 1}), ("no wifi", {"n": 2})])
def test_an_id_used_for_another_request_is_refused(
    fleet: Fleet, task: Task, text: str, metadata: dict[str, Any]
) -> None:
    task.decide("no wifi", metadata={"n": 1}, id="r1")
    with pytest.raises(Conflict, match="r1"):
        task.decide(text, metadata=metadata, id="r1")
    with pytest.raises(Conflict, match="r1"):
        fleet.task("acme", "type").decide("no wifi", metadata={"n": 1}, id="r1")
    assert decisions(fleet) == ["r1"]


def test_the_same_request_from_many_callers_at_once_is_one_decision(
    fleet: Fleet, task: Task
) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: task.decide("no wifi", id="r1"), range(24)))
    assert all(answer == answers[0] for answer in answers)
    assert decisions(fleet) == ["r1"]


def test_a_batch_is_answered_in_its_order_and_logged_together(fleet: Fleet, task: Task) -> None:
    before = task.decide("no wifi", id="r1")
    texts = ["the lift is stuck", "no wifi", "no heating", "my printer"]
    answers = task.decide_many(
        [
            Request(texts[0]),
            Request(texts[1], id="r1"),
            Request(texts[2], id="r2"),
            Request(texts[2], id="r2"),
            Request(texts[3]),
        ]
    )
    assert answers[1] == before
    assert answers[2] == answers[3]
    assert [one.candidates[0].label for one in answers] == [
        "facilities",
        "it",
        "facilities",
        "facilities",
        "it",
    ]
    assert len(decisions(fleet)) == 4
    assert task.decide_many([]) == []


def test_a_batch_with_one_bad_request_changes_nothing(fleet: Fleet, task: Task) -> None:
    with pytest.raises(InvalidInput, match="text"):
        task.decide_many([Request("no wifi"), Request("")])
    task.decide("no wifi", id="r1")
    with pytest.raises(Conflict):
        task.decide_many([Request("the lift"), Request("other", id="r1")])
    assert decisions(fleet) == ["r1"]


def test_a_batch_decides_as_single_requests_do(task: Task) -> None:
    texts = ["the lift is stuck", "no wifi", "打印机坏了", "🙂", "x" * 50_000]
    together = task.decide_many([Request(text) for text in texts])
    alone = [task.decide(text) for text in texts]
    assert [one.candidates for one in together] == [one.candidates for one in alone]


FEEDBACK: dict[str, tuple[Feedback, Outcome | None]] = {
    "accepted": (
        Feedback("accepted", by="ann"),
        Outcome("accepted", "it", "ann"),
    ),
    "reassigned": (
        Feedback("reassigned", "facilities"),
        Outcome("reassigned", "facilities", None),
    ),
    "no label fits": (
        Feedback("no_label_fits"),
        Outcome("no_label_fits", None, None),
    ),
    "irrelevant": (Feedback("irrelevant"), Outcome("irrelevant", None, None)),
    "helpful": (Feedback("helpful"), None),
    "unhelpful": (Feedback("unhelpful"), None),
}


@pytest.mark.parametrize("said", FEEDBACK)
def test_what_people_say_becomes_the_outcome_of_a_decision(
    fleet: Fleet, task: Task, said: str
) -> None:
    task.give_examples([Example("no wifi", "it")])
    decision = task.decide("no wifi")
    assert decision.label == "it"
    feedback, outcome = FEEDBACK[said]
    receipt = task.feedback(decision.id, feedback)
    assert not receipt.duplicate
    assert task.record(decision.id).outcome == outcome
    awaiting = [event.id for event in fleet.catalog.awaiting("acme", "team")]
    assert awaiting == ([decision.id] if outcome is None else [])


def test_the_counts_of_a_task_follow_the_last_word(fleet: Fleet, task: Task) -> None:
    task.give_examples([Example("no wifi", "it")])
    decision, abstained = task.decide("no wifi"), task.decide("purple monkey dishwasher")

    def counts() -> tuple[int, ...]:
        state = task.status()
        return (state.decided, state.abstained, state.answered, state.confirmed, state.corrected)

    assert counts() == (2, 1, 0, 0, 0)
    task.accept(decision.id)
    assert counts() == (2, 1, 1, 1, 0)
    task.assign(decision.id, "facilities")
    assert counts() == (2, 1, 1, 0, 1)
    task.assign(decision.id, "it")
    assert counts() == (2, 1, 1, 1, 0)
    task.assign(abstained.id, "it")
    assert counts() == (2, 1, 2, 1, 0)
    task.helpful(decision.id, helpful=False)
    assert counts() == (2, 1, 2, 1, 0)
    sums = fleet.status()
    assert (sums.decided, sums.answered, sums.confirmed, sums.corrected) == (2, 2, 1, 0)


BAD_FEEDBACK: dict[str, tuple[Feedback, type[Exception], str]] = {
    "an unknown label": (Feedback("reassigned", "legal"), InvalidInput, "label"),
    "no label": (Feedback("reassigned"), InvalidInput, "label"),
    "a label that is a number": (Feedback("reassigned", 5), InvalidInput, "label"),  # type: ignore[arg-type]
    "a label where none belongs": (Feedback("accepted", "it"), InvalidInput, "label"),
    "an unknown verdict": (Feedback("liked"), InvalidInput, "verdict"),  # type: ignore[arg-type]
    "nothing to accept": (Feedback("accepted"), Conflict, "abstained"),
    "a name with a control character": (Feedback("helpful", by="a\x00"), InvalidInput, "by"),
    "a name that is a number": (Feedback("helpful", by=5), InvalidInput, "by"),  # type: ignore[arg-type]
    "an empty id": (Feedback("helpful", id=""), InvalidInput, "id"),
    "a time that is a text": (Feedback("helpful", time="now"), InvalidInput, "time"),  # type: ignore[arg-type]
    "a time before 1970": (Feedback("helpful", time=-1), InvalidInput, "time"),
}


@pytest.mark.parametrize("bad", BAD_FEEDBACK)
def test_bad_feedback_is_refused_and_changes_nothing(fleet: Fleet, task: Task, bad: str) -> None:
    decision = task.decide("purple monkey dishwasher")
    head = fleet.log.head()
    feedback, error, field = BAD_FEEDBACK[bad]
    with pytest.raises(error, match=field):
        task.feedback(decision.id, feedback)
    assert fleet.log.head() == head


def test_feedback_on_what_was_never_decided_here_is_refused(fleet: Fleet, task: Task) -> None:
    decision = task.decide("no wifi")
    given = task.give_examples([Example("no wifi", "it")])[0]
    charlie = fleet.task("globex", "team")
    charlie.define_label("it")
    head = fleet.log.head()
    for where, id_ in (
        (task, "nothing"),
        (task, given.id),
        (charlie, decision.id),
        (fleet.task("acme", "type"), decision.id),
    ):
        with pytest.raises(NotFound, match="decision"):
            where.feedback(id_, Feedback("irrelevant"))
    assert fleet.log.head() == head


def test_feedback_sent_again_is_taken_down_once(task: Task) -> None:
    decision = task.decide("no wifi")
    said = Feedback("reassigned", "facilities", by="ann", id="f1")
    first = task.feedback(decision.id, said)
    again = task.feedback(decision.id, said)
    assert (again.seq, again.duplicate) == (first.seq, True)
    with pytest.raises(Conflict, match="f1"):
        task.feedback(decision.id, Feedback("reassigned", "it", by="ann", id="f1"))
    assert task.status().answered == 1


BAD_EXAMPLES: dict[str, tuple[Example, str]] = {
    "an unknown label": (Example("no wifi", "legal"), "label"),
    "a label with a slash": (Example("no wifi", "../it"), "label"),
    "an empty text": (Example("", "it"), "text"),
    "nested metadata": (Example("no wifi", "it", {"a": {"b": 1}}), "metadata.a"),
    "an empty key": (Example("no wifi", "it", key=""), "key"),
    "an empty id": (Example("no wifi", "it", id=""), "id"),
    "a time before 1970": (Example("no wifi", "it", time=-5), "time"),
}


@pytest.mark.parametrize("bad", BAD_EXAMPLES)
def test_a_bad_example_is_refused_with_all_that_came_with_it(
    fleet: Fleet, task: Task, bad: str
) -> None:
    head = fleet.log.head()
    example, field = BAD_EXAMPLES[bad]
    with pytest.raises(InvalidInput) as refused:
        task.give_examples([Example("no wifi", "it"), example])
    assert refused.value.faults[0].field == field
    assert fleet.log.head() == head


def test_examples_sent_again_are_taken_down_once(task: Task) -> None:
    sent = [Example(f"no wifi {n}", "it", {"n": n}, id=f"x{n}") for n in range(5)]
    first = task.give_examples(sent)
    again = task.give_examples(sent)
    assert [one.seq for one in again] == [one.seq for one in first]
    assert all(one.duplicate for one in again)
    assert task.status().evidence == 5


BAD_LABELS: dict[str, tuple[dict[str, Any], str]] = {
    "a label with a slash": ({"label": "a/b"}, "label"),
    "a label that climbs": ({"label": ".."}, "label"),
    "an empty label": ({"label": ""}, "label"),
    "a name too long": ({"label": "it", "name": "x" * 501}, "name"),
    "a name that is a number": ({"label": "it", "name": 5}, "name"),
    "a description that is no text": ({"label": "it", "description": None}, "description"),
    "a keyword with a control character": ({"label": "it", "keywords": ["\x00"]}, "keywords[0]"),
    "a keyword that is a number": ({"label": "it", "keywords": [5]}, "keywords[0]"),
    "keywords in one text": ({"label": "it", "keywords": "wifi"}, "keywords"),
    "keywords that are a number": ({"label": "it", "keywords": 5}, "keywords"),
    "too many keywords": ({"label": "it", "keywords": ["a"] * 201}, "keywords"),
}


@pytest.mark.parametrize("bad", BAD_LABELS)
def test_a_bad_label_is_refused_and_changes_nothing(small_fleet: Fleet, bad: str) -> None:
    told, field = BAD_LABELS[bad]
    with pytest.raises(InvalidInput) as refused:
        small_fleet.task("acme", "team").define_label(**told)
    assert refused.value.faults[0].field == field
    assert small_fleet.log.head() == 0


def test_a_label_that_is_not_there_can_not_be_removed(fleet: Fleet, task: Task) -> None:
    with pytest.raises(NotFound, match="legal"):
        task.remove_label("legal")
    task.remove_label("it")
    with pytest.raises(NotFound, match="it"):
        task.remove_label("it")
    first = fleet.desk.remove_label("acme", "team", "facilities", id="mine")
    again = fleet.desk.remove_label("acme", "team", "facilities", id="mine")
    assert (again.seq, again.duplicate) == (first.seq, True)


def test_versions_that_are_not_there_can_not_be_chosen(task: Task) -> None:
    with pytest.raises(NotFound, match="version"):
        task.promote("v1")
    with pytest.raises(NotFound, match="version"):
        task.pin("v1")
    with pytest.raises(InvalidInput, match="version"):
        task.pin("../v1")
    with pytest.raises(Conflict, match="version"):
        task.roll_back()


def test_names_are_checked_before_anything_else(fleet: Fleet) -> None:
    for tenant, name in (("a/b", "team"), ("acme", "../x"), ("", "team"), ("acme", "")):
        with pytest.raises(InvalidInput):
            fleet.task(tenant, name)


def test_a_request_of_another_time_keeps_it(fleet: Fleet, task: Task, clock: HandClock) -> None:
    decision = task.decide("no wifi", time=5)
    assert decision.time == 5
    logged = fleet.log.get("acme", decision.id)
    assert logged is not None
    assert logged.logged == clock()


def test_a_closed_fleet_decides_nothing(small_fleet: Fleet) -> None:
    task = small_fleet.task("acme", "team")
    task.define_label("it")
    small_fleet.log.close()
    with pytest.raises(LogUnavailable, match="closed"):
        task.decide("no wifi")
    with pytest.raises(LogUnavailable, match="closed"):
        task.define_label("facilities")
