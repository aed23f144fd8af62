"""When it began: near the truth, and the set that has it has it as often as it says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from modelfleet.monitoring.inception import Inception, inception

BEFORE = 200


def sequence(seed: int, after: int, worse: float) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Errors of 15%, and of a share of what was right after `BEFORE` outcomes."""
    rng = np.random.default_rng(seed)
    expected = np.full(BEFORE + after, 0.15)
    chance = np.where(np.arange(BEFORE + after) < BEFORE, expected, worse)
    return rng.random(BEFORE + after) < chance, expected


def test_a_change_is_dated_and_the_set_covers_it_as_often_as_it_says() -> None:
    found = [inception(*sequence(seed, 100, 0.35)) for seed in range(300)]
    assert np.median([abs(one.place - BEFORE) for one in found]) <= 10
    covered = np.mean([one.earliest <= BEFORE <= one.latest for one in found])
    assert covered >= 0.88


def test_a_larger_change_is_dated_more_exactly() -> None:
    def width(worse: float) -> float:
        found = [inception(*sequence(seed, 60, worse)) for seed in range(100)]
        return float(np.median([one.latest - one.earliest for one in found]))

    assert width(0.7) < width(0.35) / 2


def test_what_it_says_of_the_fall_is_near_the_truth() -> None:
    found = inception(*sequence(1, 400, 0.4))
    assert found.expected == pytest.approx(0.15)
    assert found.believed == pytest.approx(0.4, abs=0.06)
    assert found.observed == pytest.approx(0.4, abs=0.06)
    assert found.outcomes == BEFORE + 400 - found.place


def test_few_outcomes_are_believed_less_than_they_show() -> None:
    found = inception(np.array([False] * 20 + [True] * 4), np.full(24, 0.1))
    assert found.observed == 1.0
    assert found.believed < 0.9


def test_a_hard_week_is_not_taken_for_the_beginning() -> None:
    rng = np.random.default_rng(4)
    expected = np.concatenate([np.full(100, 0.1), np.full(60, 0.5), np.full(100, 0.1)])
    worse = np.where(np.arange(260) < 160, expected, 0.5)
    found = inception(rng.random(260) < worse, expected)
    assert abs(found.place - 160) < 15


def test_no_outcome_has_no_beginning() -> None:
    with pytest.raises(ValueError, match="at least one outcome"):
        inception(np.zeros(0, bool), np.zeros(0))


@given(
    st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=60),
    st.floats(0.01, 0.99),
)
def test_any_sequence_has_an_answer_in_range(
    outcomes: list[tuple[bool, float]], certainty: float
) -> None:
    happened, expected = (np.array(part) for part in zip(*outcomes, strict=True))
    found: Inception = inception(happened, expected, certainty)
    assert 0 <= found.earliest <= found.latest < len(outcomes)
    assert found.moments <= found.latest - found.earliest + 1
    assert found.earliest <= found.place <= found.latest
    assert 0 <= found.believed <= 1
