"""A served model is a checkpoint and the tail of the log: every server answers the same."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.conftest import HandClock

from modelfleet.decisions import Example
from modelfleet.fleet import Fleet
from modelfleet.serving import ModelCache, probable
from modelfleet.settings import Settings
from modelfleet.task import Task
from modelfleet.text import default_encoder

LABELS = ("it", "facilities", "payroll", "legal", "travel", "kitchen", "garden", "press")
TEXTS = ("no wifi", "the lift is stuck", "no salary", "a contract", "my flight", "no milk")

STEPS = st.one_of(
    st.tuples(st.just("define"), st.sampled_from(LABELS), st.sampled_from(["", "a text"])),
    st.tuples(st.just("remove"), st.sampled_from(LABELS), st.just("")),
    st.tuples(st.just("teach"), st.sampled_from(LABELS), st.sampled_from(TEXTS)),
    st.tuples(st.just("teach"), st.sampled_from(LABELS), st.sampled_from(TEXTS)),
    st.tuples(st.just("train"), st.just(""), st.just("")),
)


def fresh(fleet: Fleet) -> ModelCache:
    """What another server that starts now would have."""
    return ModelCache(fleet.cache._loader, 2**30, clock=fleet.clock)


def answers(
    cache: ModelCache, tenant: str, version: str | None = None
) -> list[list[tuple[str, float]]]:
    """What a server says of some texts, to five digits; by a version, or by what is live."""
    model = cache.get(tenant, "team", version)
    return [
        [(one.label, round(one.probability, 5)) for one in probable(model, features)]
        for features in default_encoder().encode(TEXTS, [{}] * len(TEXTS))
    ]


def do(fleet: Fleet, clock: HandClock, task: Task, step: tuple[str, str, str]) -> None:
    """One thing that people do; what makes no sense isn't done."""
    verb, label, text = step
    known = [one.label for one in task.labels()]
    if verb == "define":
        task.define_label(label, description=text)
    elif verb == "remove" and label in known:
        task.remove_label(label)
    elif verb == "teach" and label in known:
        task.give_examples([Example(text, label)])
    elif verb == "train":
        task.retry_training()
        clock.advance(5)
        fleet.train_due()


NEW_LABELS = [
    *[("define", label, "") for label in ("it", "facilities")],
    *[("teach", "it", "no wifi"), ("teach", "facilities", "the lift is stuck")],
    ("train", "", ""),
    ("define", "travel", "a text"),
    ("teach", "it", "my flight"),
    ("define", "kitchen", "a text"),
    ("teach", "travel", "my flight"),
    ("teach", "kitchen", "no milk"),
]


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEPS, min_size=4, max_size=14))
@example(steps=NEW_LABELS)
@example(steps=[("define", label, "") for label in LABELS] + [("teach", "press", "no milk")])
def test_servers_that_followed_and_servers_that_start_now_answer_the_same(
    small_fleet: Fleet, clock: HandClock, steps: list[tuple[str, str, str]]
) -> None:
    tenant = f"tenant{small_fleet.log.head()}"
    task = small_fleet.task(tenant, "team")
    for step in [("define", "it", ""), ("define", "facilities", ""), *steps]:
        do(small_fleet, clock, task, step)
        task.decide("hello")  # this server follows each step, with every version
        for version in task.versions():
            small_fleet.cache.get(tenant, "team", version.version)
    for name in (None, *(version.version for version in task.versions())):
        assert answers(small_fleet.cache, tenant, name) == answers(fresh(small_fleet), tenant, name)


@pytest.fixture
def other(place: str, tmp_path: Path, fleet: Fleet) -> Iterator[Fleet]:
    """Another server of the same fleet."""
    settings_ = Settings(store=fleet.settings.models)
    with Fleet(place, settings=settings_, train=False, durable=False) as opened:
        yield opened
    assert tmp_path.exists()


def test_two_servers_on_one_log_know_the_same(fleet: Fleet, other: Fleet, clock: HandClock) -> None:
    here, there = fleet.task("acme", "team"), other.task("acme", "team")
    for label in ("it", "facilities"):
        here.define_label(label)
    there.decide("no wifi")
    decision = here.decide("the coffee machine is broken")
    here.assign(decision.id, "facilities")
    here.give_examples([Example("no wifi", "it"), Example("the lift is stuck", "facilities")] * 4)
    clock.advance(5)
    assert len(fleet.train_due()) == 1
    here.give_examples([Example("my flight", "it")])
    other._follower.step()
    assert answers(other.cache, "acme") == answers(fleet.cache, "acme")
    assert there.decide("the coffee machine is broken").label == "facilities"


def test_a_correction_on_one_server_is_known_on_the_other_within_a_second(
    fleet: Fleet, other: Fleet
) -> None:
    import time  # noqa: PLC0415

    here, there = fleet.task("acme", "team"), other.task("acme", "team")
    for label in ("it", "facilities"):
        here.define_label(label)
    there.decide("the coffee machine is broken")
    decision = here.decide("the coffee machine is broken")
    here.assign(decision.id, "facilities")
    end = time.monotonic() + 1
    while there.decide("the coffee machine is broken").label != "facilities":
        assert time.monotonic() < end
