"""What an alarm promises: few false ones in all, real faults found, whatever comes together."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.monitoring.worlds import EXACT, in_batches, outcomes

from modelfleet.monitoring.budget import most_likely_at_most
from modelfleet.monitoring.state import State
from modelfleet.monitoring.streams import STREAMS, Stream, Tolerance
from modelfleet.monitoring.turns import turns
from modelfleet.monitoring.watching import Outcomes, observe

RATES = (0.05, 0.15, 0.3)


def rings(whole: Outcomes, tasks: int, tolerance: Tolerance = EXACT) -> int:
    return len(observe(State.new(tasks), whole, tolerance).alarms)


@pytest.mark.parametrize("stream", [Stream.PRECISION, Stream.OVERCONFIDENCE, Stream.COVERAGE])
@pytest.mark.parametrize("rate", RATES)
def test_false_alarms_stay_below_the_shares_that_were_spent(stream: Stream, rate: float) -> None:
    rng = np.random.default_rng(int(100 * rate) + stream)
    tasks = np.tile(np.arange(1000), 600)
    stated = np.full(len(tasks), rate)
    whole = outcomes(tasks, rng.random(len(tasks)) < stated, stated, stream=stream)
    allowed = len(tasks) * 1e-3
    raised = rings(whole, 1000)
    assert 0.2 * allowed < raised
    assert most_likely_at_most(raised) < allowed


def test_the_bound_needs_no_independence_between_tasks() -> None:
    # All tasks see the same outcomes, so they ring together or not at all.
    raised = 0
    for seed in range(25):
        rng = np.random.default_rng(seed)
        stated = np.repeat(rng.beta(1, 5, 1000), 50)
        happened = np.repeat(rng.random(1000), 50) < stated
        raised += rings(outcomes(np.tile(np.arange(50), 1000), happened, stated, share=1e-2), 50)
    assert raised <= 25 * 50_000 * 1e-2


def test_hard_weeks_are_no_fault() -> None:
    rng = np.random.default_rng(5)
    tasks = np.tile(np.arange(200), 400)
    stated = np.where(np.arange(len(tasks)) > len(tasks) // 2, 0.5, 0.05)
    assert rings(outcomes(tasks, rng.random(len(tasks)) < stated, stated, share=1e-6), 200) == 0


def test_a_broken_model_is_found_within_a_hundred_outcomes() -> None:
    rng = np.random.default_rng(6)
    tasks = np.tile(np.arange(200), 150)
    stated = rng.beta(0.6, 3.4, len(tasks))
    wrong = rng.random(len(tasks)) < stated + 0.4 * (1 - stated)
    observed = observe(State.new(200), outcomes(tasks, wrong, stated, share=1e-7), Tolerance())
    first = {alarm.task: alarm.place // 200 for alarm in reversed(observed.alarms)}
    assert len(first) == 200
    assert np.median(list(first.values())) < 60


def test_a_tolerated_fall_raises_as_few_alarms_as_none() -> None:
    rng = np.random.default_rng(7)
    tasks = np.tile(np.arange(500), 400)
    stated = np.full(len(tasks), 0.2)
    fell = rng.random(len(tasks)) < 0.2 + 0.1 * 0.8
    whole = outcomes(tasks, fell, stated)
    allowed = len(tasks) * 1e-3
    assert most_likely_at_most(rings(whole, 500, Tolerance(drop=0.1))) < allowed
    assert rings(whole, 500, Tolerance(drop=0.0)) > 2 * allowed


def test_weeks_in_which_people_answer_less_are_tolerated_and_droughts_found() -> None:
    rng = np.random.default_rng(17)
    tasks, usual = np.tile(np.arange(200), 300), np.full(60_000, 0.5)
    late = np.arange(60_000) >= 30_000

    def rang(silent_lately: float) -> int:
        silent = rng.random(60_000) < np.where(late, silent_lately, usual)
        whole = outcomes(tasks, silent, usual, stream=Stream.RESPONSE, share=1e-6, variance=0.01)
        return len({alarm.task for alarm in observe(State.new(200), whole, Tolerance()).alarms})

    assert rang(0.55) == 0
    assert rang(0.9) == 200


def test_underconfidence_is_found_and_is_not_overconfidence() -> None:
    rng = np.random.default_rng(8)
    tasks = np.repeat(np.arange(100), 400)
    confidence = rng.beta(4, 2, len(tasks))
    odds = 4 * confidence / (1 - confidence)
    right = rng.random(len(tasks)) < odds / (1 + odds)
    under = outcomes(tasks, right, confidence, stream=Stream.UNDERCONFIDENCE, share=1e-6)
    over = outcomes(tasks, ~right, 1 - confidence, stream=Stream.OVERCONFIDENCE, share=1e-6)
    found = observe(State.new(100), under, Tolerance()).alarms
    assert len({alarm.task for alarm in found}) == 100
    assert rings(over, 100, Tolerance()) == 0


def test_an_alarm_says_what_was_reached_and_starts_anew() -> None:
    state = State.new(1)
    always = outcomes(np.zeros(12, np.intp), np.ones(12, bool), np.full(12, 0.1), share=1e-4)
    first, *_ = observe(state, always, EXACT).alarms
    assert (first.task, first.stream) == (0, Stream.PRECISION)
    assert first.evidence >= first.bar == pytest.approx(1 / ((first.place + 1) * 1e-4))
    again = State.new(1)
    observe(
        again,
        outcomes(
            np.zeros(first.place + 1, np.intp),
            np.ones(first.place + 1, bool),
            np.full(first.place + 1, 0.1),
            share=1e-4,
        ),
        EXACT,
    )
    assert not again.levels.any()


def test_a_detector_without_a_share_still_rings_with_the_capital_it_has() -> None:
    state = State.new(1)
    one = np.zeros(1, np.intp)
    observe(state, outcomes(one, np.ones(1, bool), np.full(1, 0.1), share=1e-3), EXACT)
    many = outcomes(np.zeros(30, np.intp), np.ones(30, bool), np.full(30, 0.1), share=0.0)
    assert len(observe(state, many, EXACT).alarms) == 1


@given(st.lists(st.integers(0, 5), max_size=40))
def test_turns_keep_each_rows_order_and_never_repeat_a_row(rows: list[int]) -> None:
    taken = turns(np.array(rows, np.intp))
    assert sorted(place for turn in taken for place in turn.tolist()) == list(range(len(rows)))
    for turn in taken:
        assert len({rows[place] for place in turn}) == len(turn)
    for row in set(rows):
        places = [place for turn in taken for place in turn.tolist() if rows[place] == row]
        assert places == sorted(places)


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 200),
    ends=st.lists(st.integers(0, 200), max_size=8),
)
def test_batches_change_nothing(seed: int, count: int, ends: list[int]) -> None:
    rng = np.random.default_rng(seed)
    whole = outcomes(
        rng.integers(0, 4, count),
        rng.random(count) < 0.5,
        rng.beta(0.5, 2, count),
        stream=rng.integers(0, STREAMS, count),
        share=1e-2,
        variance=0.1,
    )
    together, apart, alone = State.new(4), State.new(4), State.new(4)
    at_once = observe(together, whole, Tolerance())
    cut = in_batches(apart, whole, [min(end, count) for end in ends], Tolerance())
    single = in_batches(alone, whole, list(range(1, count)), Tolerance())
    for state in (apart, alone):
        assert state.to_bytes() == together.to_bytes()
    for batches in (cut, single):
        raised = [(one.task, one.stream, one.evidence) for each in batches for one in each.alarms]
        assert raised == [(one.task, one.stream, one.evidence) for one in at_once.alarms]
