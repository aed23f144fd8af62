"""The arithmetic of what may be spent on false alerts."""

import pytest

from modelfleet.monitoring.budget import (
    SEARCH,
    SLICES,
    WEIGHTS,
    Account,
    Budget,
    most_likely_at_least,
    most_likely_at_most,
    parts,
    promise,
    search_error,
)
from modelfleet.monitoring.streams import Stream


def test_the_parts_are_the_whole() -> None:
    assert set(WEIGHTS) == set(Stream)
    assert sum(WEIGHTS.values()) + SLICES + SEARCH == pytest.approx(1)


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
    assert "at most 1 false alert a week" in promise(Budget(1.0))
    assert parts(Budget(2.0)).sum() == pytest.approx(2 * (1 - SLICES - SEARCH))
    assert search_error(Budget(2.0)) == pytest.approx(2 * SEARCH)
    assert search_error(Budget(1_000.0)) == 1
