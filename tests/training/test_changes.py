"""When labels are divided anew, what was said before is left out; in no other case."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from numpy.typing import NDArray

from modelfleet.catalog import Label
from modelfleet.clock import DAY, HOUR, MINUTE
from modelfleet.recipe import load_recipe
from modelfleet.text import default_encoder
from modelfleet.training import Example, TrainingSet
from modelfleet.training.changes import jump, since_change
from modelfleet.training.fitting import encoded
from modelfleet.training.train import train

THINGS = ("parcel", "invoice", "password", "printer", "holiday")
PLACES = ("berlin", "paris", "madrid")
ENDS = ("please", "today", "again", "now", "thanks", "hello", "urgent")


def asked(count: int, first: int = 0) -> list[tuple[str, str, str]]:
    """Requests about things in places: the text, the thing and the place."""
    return [
        (f"about the {thing} in {place} {ENDS[at % 7]} {ENDS[at // 7 % 7]}", thing, place)
        for at in range(first, first + count)
        for thing, place in [(THINGS[at % 5], PLACES[at // 5 % 3])]
    ]


def training_set(told: Sequence[tuple[str, str]], apart: int = 6 * HOUR) -> TrainingSet:
    """Texts with labels, some time apart."""
    return TrainingSet(
        labels=tuple(Label(name, name, "", (), 0) for name in sorted({name for _, name in told})),
        examples=tuple(
            Example(f"{at}", at + 1, at * apart, text, {}, label)
            for at, (text, label) in enumerate(told)
        ),
        pinned=(),
        watermark=len(told),
        logged=0,
        evidence=len(told),
    )


def remembered(known: TrainingSet) -> int:
    """Of how many examples a model is made."""
    return len(since_change(encoded(known, load_recipe(), default_encoder())).labelled)


def daily_jump(targets: NDArray[np.intp]) -> tuple[int, float]:
    """Where a jump is among labels of one example a day."""
    return jump(targets, np.arange(len(targets)) * DAY)


BY_THING = [(text, f"team {thing}") for text, thing, _ in asked(300)]
BY_PLACE = [(text, f"office {place}") for text, _, place in asked(120, first=300)]


def test_once_labels_are_divided_anew_only_what_was_said_since_is_learned() -> None:
    assert remembered(training_set(BY_THING + BY_PLACE)) == len(BY_PLACE)


def test_labels_of_before_the_change_are_not_decided_any_more() -> None:
    known = training_set(BY_THING + BY_PLACE)
    model = train(known, load_recipe(), default_encoder()).model
    features = default_encoder().encode([text for text, _, _ in asked(30)], [{}] * 30)
    best = [model.labels[column] for column in model.scores(features).argmax(axis=1).tolist()]
    assert best == [f"office {place}" for _, _, place in asked(30)]


def test_what_was_known_is_kept_while_all_ask_about_one_thing() -> None:
    outage = [(f"the printer is down {ENDS[at % 7]}", "team printer") for at in range(120)]
    outage[::6] = BY_THING[:20]
    known = training_set(BY_THING + outage)
    targets = encoded(known, load_recipe(), default_encoder()).targets
    place, gain = jump(targets, np.array([example.time for example in known.examples]))
    assert place > 250, "the shares of labels did jump"
    assert gain > 0.4
    assert remembered(known) == len(known.examples)


def test_what_is_loaded_at_once_may_be_sorted_by_label() -> None:
    by_label = sorted(BY_THING, key=lambda pair: pair[1])
    assert remembered(training_set(by_label, apart=MINUTE)) == len(by_label)


def test_what_is_loaded_with_times_of_its_own_may_be_sorted_by_label() -> None:
    known = training_set(BY_THING)
    by_label = sorted(known.examples, key=lambda example: (example.label, example.time))
    assert remembered(replace(known, examples=tuple(by_label))) == len(by_label)


def test_few_examples_say_nothing_about_a_change() -> None:
    assert daily_jump(np.repeat([0, 1], 59)) == (0, 0.0)


@pytest.mark.parametrize("labels", [2, 5, 30, 150])
def test_labels_in_any_order_do_not_look_like_a_change(labels: int) -> None:
    for seed in range(20):
        targets = np.random.default_rng(seed).permutation(np.arange(600) % labels)
        assert daily_jump(targets)[1] < 0.4


@settings(deadline=None)
@given(st.lists(st.integers(0, 3), min_size=120, max_size=160))
def test_the_place_is_that_of_the_highest_likelihood(targets: list[int]) -> None:
    def likelihood(some: list[int]) -> float:
        counts = np.bincount(some)
        shares = counts[counts > 0] / len(some)
        return float(len(some) * (shares * np.log(shares)).sum())

    gains = [
        likelihood(targets[:place]) + likelihood(targets[place:])
        for place in range(60, len(targets) - 59)
    ]
    found, _ = daily_jump(np.array(targets))
    assert gains[found - 60] == pytest.approx(max(gains))


def test_less_than_a_day_is_no_change() -> None:
    known = training_set(BY_THING + BY_PLACE, apart=DAY // 500)
    assert remembered(known) == len(known.examples)
