"""What is usual of a task is learned, so that a slightly miscalibrated model isn't an alarm."""

import numpy as np
import pytest
from tests.monitoring.worlds import outcomes

from modelfleet.monitoring.budget import most_likely_at_most
from modelfleet.monitoring.calibrating import Prior, offsets, pooled, prior
from modelfleet.monitoring.state import State
from modelfleet.monitoring.streams import STREAMS, Stream, Tolerance
from modelfleet.monitoring.watching import Outcomes, observe

SPREAD = 0.25


def slightly_off(tasks: int, each: int, variance: float) -> tuple[Outcomes, np.ndarray]:
    """Tasks whose log odds are off by a normal deviate."""
    rng = np.random.default_rng(9)
    true = rng.normal(0, SPREAD, tasks)
    stated = rng.beta(1, 5, tasks * each)
    log_odds = np.log(stated / (1 - stated)) + np.tile(true, each)
    wrong = rng.random(tasks * each) < 1 / (1 + np.exp(-log_odds))
    return outcomes(
        np.tile(np.arange(tasks), each), wrong, stated, share=1e-4, variance=variance
    ), true


def test_offsets_are_learned() -> None:
    whole, true = slightly_off(300, 400, SPREAD**2)
    state = State.new(300)
    observe(state, whole, Tolerance())
    mean, deviation = offsets(state.sums[::STREAMS], 0.0, SPREAD**2)
    assert np.corrcoef(mean, true)[0, 1] > 0.75
    assert (np.abs(mean - true) < 1.645 * deviation).mean() == pytest.approx(0.9, abs=0.05)


def test_slight_miscalibration_keeps_to_the_budget() -> None:
    whole, _ = slightly_off(1000, 400, SPREAD**2)
    raised = len(observe(State.new(1000), whole, Tolerance()).alarms)
    assert most_likely_at_most(raised) < whole.shares.sum()


def test_without_offsets_it_would_not() -> None:
    whole, _ = slightly_off(1000, 400, 1e-9)
    assert len(observe(State.new(1000), whole, Tolerance(drop=0.0)).alarms) > whole.shares.sum()


def test_the_prior_is_found_from_what_tasks_pool() -> None:
    whole, _ = slightly_off(2000, 100, SPREAD**2)
    state = State.new(2000)
    observe(state, whole, Tolerance())
    pool = pooled(state.sums[::STREAMS]).sum(axis=0)
    found = prior(pool, Prior())
    assert found.mean == pytest.approx(0, abs=0.05)
    assert found.variance == pytest.approx(SPREAD**2, rel=0.5)


def test_a_pool_is_kept_by_differences() -> None:
    rng = np.random.default_rng(3)
    before, after = rng.random((2, 30, 2))
    pool = pooled(before).sum(axis=0) + (pooled(after) - pooled(before)).sum(axis=0)
    assert np.allclose(pool, pooled(after).sum(axis=0))


def test_too_small_a_pool_says_nothing() -> None:
    otherwise = Prior(0.1, 0.2)
    assert prior(np.zeros(5), otherwise) == otherwise
    assert prior(pooled(np.ones((5, 2))).sum(axis=0), otherwise) == otherwise


def test_calibration_is_held_against_what_was_said() -> None:
    stated = np.full(50, 0.2)
    every = np.zeros(50, np.intp)
    for stream in (Stream.OVERCONFIDENCE, Stream.UNDERCONFIDENCE):
        whole = outcomes(every, np.ones(50, bool), stated, stream=stream, variance=0.1)
        assert observe(State.new(1), whole, Tolerance()).expected.tolist() == stated.tolist()
    usual = outcomes(every, np.ones(50, bool), stated, variance=0.1)
    assert observe(State.new(1), usual, Tolerance()).expected[-1] > 0.3
