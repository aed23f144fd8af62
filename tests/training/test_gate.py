"""The gate keeps what is worse, lets through what is as good, and says when it can't tell."""

from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from modelfleet.recipe import Gate, load_recipe
from modelfleet.training.gate import Compared, Verdict, judge

GATE = load_recipe().gate
TRIALS = 150
LABELS = 5

Bools = NDArray[np.bool_]


def verdict(challenger: Bools, champion: Bools, *, routine: bool = True) -> Verdict:
    """What is found of requests that are all of one label."""
    return judge(Compared(challenger, champion, ["it"] * len(champion)), GATE, routine=routine)


def outcomes(worse: float, disagree: float, count: int, seed: int) -> list[Verdict]:
    """What is found of challengers that are ``worse`` by that share, in many worlds."""
    random = np.random.default_rng(seed)
    found = []
    for _ in range(TRIALS):
        draw = random.random(count)
        lost = draw < (disagree + worse) / 2
        won = (draw >= (disagree + worse) / 2) & (draw < disagree)
        both = draw > 0.15 + disagree
        labels = [f"label-{number}" for number in random.integers(0, LABELS, count)]
        found.append(judge(Compared(won | both, lost | both, labels), GATE, routine=False))
    return found


def at_most(stated: float) -> float:
    """The share that a rate of ``stated`` shows in so many trials, but for one world in 1,000."""
    return stated + 3.1 * float(np.sqrt(stated * (1 - stated) / TRIALS))


WORLDS = {
    "disagree": st.floats(0.06, 0.5),
    "count": st.integers(5, 600),
    "seed": st.integers(0, 2**32),
}


@settings(max_examples=25, deadline=None)
@given(**WORLDS)
def test_one_that_is_worse_by_the_tolerance_rarely_passes(
    disagree: float, count: int, seed: int
) -> None:
    found = outcomes(GATE.tolerance, disagree, count, seed)
    published = np.mean([one.publish for one in found])
    assert published <= at_most(GATE.significance)


@settings(max_examples=25, deadline=None)
@given(**WORLDS)
def test_one_that_is_equal_is_rarely_called_worse(disagree: float, count: int, seed: int) -> None:
    found = outcomes(0.0, disagree, count, seed)
    failed = np.mean([one.found == "failed" for one in found])
    assert failed <= at_most(GATE.significance)


def test_as_evidence_comes_a_changed_recipe_that_is_as_good_is_published() -> None:
    shares = [
        np.mean([one.publish for one in outcomes(0.0, 0.1, count, 0)]) for count in (20, 200, 1000)
    ]
    assert shares == sorted(shares)
    assert shares[0] < 0.2
    assert shares[-1] > 0.85


def test_over_all_its_attempts_one_that_is_worse_rarely_gets_through() -> None:
    random = np.random.default_rng(0)
    counts = [round(5 * 1.1**attempt) for attempt in range(58)]
    through = 0
    for _ in range(TRIALS):
        draw = random.random(counts[-1])
        lost, won = draw < 0.1, (draw >= 0.1) & (draw < 0.15)
        both = draw > 0.3
        through += any(
            verdict((won | both)[:count], (lost | both)[:count], routine=False).publish
            for count in counts
        )
    assert through / TRIALS <= at_most(GATE.significance)


def test_what_is_worse_is_kept_and_the_words_and_figures_say_why() -> None:
    right = np.ones(40, bool)
    worse = right.copy()
    worse[:10] = False
    found = verdict(worse, right)
    assert (found.found, found.publish) == ("failed", False)
    assert "worse than the live version" in found.why
    assert "75.0%" in found.why
    assert "100.0%" in found.why
    assert found.metrics == {
        "compared": 40,
        "compared_accuracy": 0.75,
        "champion_accuracy": 1.0,
        "won": 0,
        "lost": 10,
    }


def test_a_label_that_falls_is_enough_to_be_kept_though_the_others_rise() -> None:
    labels = ["it"] * 60 + ["hr"] * 20
    challenger = np.array([True] * 60 + [False] * 12 + [True] * 8)
    champion = np.array([False] * 12 + [True] * 48 + [True] * 20)
    found = judge(Compared(challenger, champion, labels), GATE, routine=True)
    assert (found.found, found.publish) == ("failed", False)
    assert "'hr' (8 of 20 right against 20)" in found.why


@pytest.mark.parametrize("count", [0, 1, 3, 20])
def test_without_enough_evidence_a_refit_goes_live_watched_and_a_changed_recipe_waits(
    count: int,
) -> None:
    same = np.ones(count, bool)
    refit, changed = verdict(same, same), verdict(same, same, routine=False)
    assert refit.found == changed.found == "not enough evidence"
    assert (refit.publish, refit.watched) == (True, True)
    assert (changed.publish, changed.watched) == (False, False)
    assert "watched" in refit.why
    assert "more evidence" in changed.why


@pytest.mark.parametrize(
    ("unproven", "published"),
    [("refits", [True, False]), ("anything", [True, True]), ("nothing", [False, False])],
)
def test_the_recipe_says_what_goes_live_without_enough_evidence(
    unproven: Literal["refits", "anything", "nothing"], published: list[bool]
) -> None:
    gate = Gate(0.1, 0.05, 0.1, 0.0, unproven)
    one = Compared(np.ones(1, bool), np.ones(1, bool), ["it"])
    assert [judge(one, gate, routine=routine).publish for routine in (True, False)] == published
