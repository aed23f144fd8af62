"""The arithmetic of what may be spent on false alerts."""

import numpy as np
import pytest

from modelfleet.monitoring.budget import (
    SLICES,
    WEIGHTS,
    Account,
    Budget,
    affordable,
    most_likely_at_least,
    most_likely_at_most,
    parts,
    promise,
    shares,
)
from modelfleet.monitoring.streams import STREAMS, Stream


def test_the_parts_are_the_whole() -> None:
    assert set(WEIGHTS) == set(Stream)
    assert sum(WEIGHTS.values()) + SLICES == pytest.approx(1)


@pytest.mark.parametrize("fair", [False, True])
def test_a_week_spends_what_is_allowed(fair: bool) -> None:  # noqa: FBT001 - both ways of sharing
    rng = np.random.default_rng(1)
    own = rng.uniform(1, 200, (500, STREAMS))
    each = shares(Budget(3.0, fair), own.sum(axis=0), len(own), own)
    assert (each * own).sum() == pytest.approx(3 * (1 - SLICES))
    by_task = (each * own).sum(axis=1)
    assert (np.ptp(by_task) < 1e-9) == fair


def test_ten_times_the_tasks_have_a_tenth_of_the_share_each() -> None:
    own = np.full((1, STREAMS), 20.0)
    few = shares(Budget(), np.full(STREAMS, 2e4), 1000, own)
    many = shares(Budget(), np.full(STREAMS, 2e5), 10_000, own)
    assert np.allclose(few, 10 * many)


def test_no_traffic_is_no_division_by_zero() -> None:
    none = np.zeros((1, STREAMS))
    for fair in (False, True):
        assert np.isfinite(shares(Budget(1, fair), none[0], 0, none)).all()


def test_a_busy_week_stops_spending_at_the_promise() -> None:
    spent = affordable(np.full(100, 1 / 64), 1.0)
    assert spent.sum() == 1.0
    assert spent[:64].all()
    assert not spent[64:].any()
    assert not affordable(np.full(3, 0.1), 0.0).any()


def test_poisson_bounds_are_those_of_the_tables() -> None:
    assert most_likely_at_most(0) == pytest.approx(2.996, abs=1e-3)
    assert most_likely_at_most(10) == pytest.approx(16.96, abs=1e-2)
    assert most_likely_at_least(10) == pytest.approx(5.425, abs=1e-3)
    assert most_likely_at_least(0) == 0


def test_a_promise_is_broken_when_chance_does_not_explain_it() -> None:
    assert not Account(promised=4.0, realised=6).broken
    assert Account(promised=4.0, realised=12).broken


def test_the_promise_is_said_in_words() -> None:
    assert "at most 2.5 false alerts a week" in promise(Budget(2.5))
    assert parts(Budget(2.0)).sum() == pytest.approx(2 * (1 - SLICES))
