"""Scores are the numbers that a decision has, and leave no word in the log."""

import pytest

from modelfleet.decisions import Request, Scorer
from modelfleet.errors import InvalidInput, NotFound
from modelfleet.events import Query
from modelfleet.fleet import Fleet
from modelfleet.task import Task

TEXTS = ("I can't get on the wifi", "the door is stuck", "purple monkey dishwasher", "heating")


@pytest.fixture
def task(fleet: Fleet) -> Task:
    task = fleet.task("acme", "team")
    task.define_label("it", keywords=["wifi", "printer", "laptop"])
    task.define_label("facilities", keywords=["door", "heating", "lift"])
    return task


def test_scores_are_those_of_decisions_and_are_not_logged(fleet: Fleet, task: Task) -> None:
    task.decide("a printer", id="asked-before")
    before = fleet.log.head()
    requests = [Request(text, {"office": "Oslo"}) for text in TEXTS]
    predicted = Scorer(fleet.cache).score("acme", "team", requests)
    assert fleet.log.head() == before
    for text, prediction in zip(TEXTS, predicted, strict=True):
        decision = task.decide(text, metadata={"office": "Oslo"})
        for field in prediction.__struct_fields__:
            assert getattr(prediction, field) == getattr(decision, field), (text, field)


def test_as_many_candidates_as_are_wanted(fleet: Fleet, task: Task) -> None:
    for number in range(8):
        task.define_label(f"label-{number}")
    for most, shown in ((1, 1), (3, 3), (100, 10)):
        (prediction,) = Scorer(fleet.cache).score("acme", "team", [Request("wifi")], most=most)
        assert len(prediction.candidates) == shown


def test_of_a_task_that_nobody_named_there_is_nothing(fleet: Fleet, task: Task) -> None:
    assert task.status().live is None
    for tenant, name, version in (
        ("globex", "team", None),
        ("acme", "other", None),
        ("acme", "team", "previous"),
        ("acme", "team", "20200101T000000.000000Z-00000000"),
    ):
        with pytest.raises(NotFound):
            Scorer(fleet.cache).score(tenant, name, [Request("wifi")], version=version)


def test_what_can_not_be_a_version_s_name_is_refused(fleet: Fleet, task: Task) -> None:
    for version in ("", "\x00", "a/b", "v" * 200):
        with pytest.raises(InvalidInput, match="version"):
            Scorer(fleet.cache).model(task.tenant, task.task, version)


def test_a_request_that_can_not_be_decided_can_not_be_scored(fleet: Fleet, task: Task) -> None:
    for text, metadata in (("", {}), ("  ", {}), ("wifi", {"a": [1]}), ("\x00", {})):
        with pytest.raises(InvalidInput):
            Scorer(fleet.cache).score(task.tenant, task.task, [Request(text, metadata)])
    assert list(fleet.events(Query(kinds=("request.decided",)))) == []
