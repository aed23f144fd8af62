"""Scores are the numbers that a decision has, and leave no word in the log."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import HandClock

from modelfleet.decisions import Example, Request, Scorer
from modelfleet.errors import InvalidInput, NotFound
from modelfleet.events import Query
from modelfleet.fleet import Fleet
from modelfleet.task import Task

TEXTS = ("I can't get on the wifi", "the door is stuck", "purple monkey dishwasher", "heating")
LABELS = ("it", "facilities")


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


WORDS = st.lists(
    st.sampled_from([*TEXTS, "lift", "printer", "laptop", "stuck again", "é", "zebra", "no wifi"]),
    min_size=1,
    max_size=6,
).map(" ".join)
METADATA = st.dictionaries(
    st.sampled_from(["office", "floor"]), st.integers(0, 2) | st.just("Oslo")
)
ASKED = st.lists(st.builds(Request, WORDS, METADATA), min_size=1, max_size=70)


@pytest.mark.parametrize("learner", ["texts", "logistic"])
def test_a_request_gets_the_same_numbers_alone_as_in_any_batch(
    fleet: Fleet, task: Task, clock: HandClock, learner: str
) -> None:
    if learner == "logistic":
        texts = [(f"{TEXTS[number % 2]} {number}", number % 2) for number in range(30)]
        task.give_examples([Example(text, LABELS[which]) for text, which in texts])
        clock.advance(5)
        assert fleet.train_due()
    task.define_label("garden", keywords=["tree", "hedge"])
    for text, said in (("no wifi", "facilities"), ("zebra", None), ("hedge", "garden")):
        decision = task.decide(text)
        task.no_label_fits(decision.id) if said is None else task.assign(decision.id, said)
    task.pin_example("lift", "it")
    scorer = Scorer(fleet.cache)

    @settings(max_examples=25, deadline=None)
    @given(ASKED)
    def same(requests: list[Request]) -> None:
        alone = [scorer.score("acme", "team", [one], most=100)[0] for one in requests]
        assert scorer.score("acme", "team", requests, most=100) == alone

    same()
    model = scorer.model("acme", "team")
    features = model.encoder.encode(["no wifi", "zebra", "lift"] * 30, [{}] * 90)
    assert model.overlay.touched.size
    assert (
        model.base.scores(features) == np.vstack([model.base.scores([f]) for f in features])
    ).all()
