"""What is shown of shares: bounds with silence, audits, and the usual weekly rule."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import binom

from modelfleet.monitoring.intervals import Interval, audited, exact, with_silence
from modelfleet.monitoring.weekly_rule import Week, WeeklyRule, fell


def _audited(right: NDArray[np.bool_], probability: NDArray[np.float64]) -> Interval:
    """Decisions that were drawn with a probability, and what the person said of each."""
    weights = 1 / probability
    sums = (weights[right].sum(), weights.sum(), (weights**2).sum())
    return audited(*map(float, sums))


def test_silence_widens_what_can_be_said() -> None:
    assert with_silence(6, 2, 12) == Interval(0.75, 0.3, 0.9)
    assert with_silence(6, 2, 0) == Interval(0.75, 0.75, 0.75)
    assert with_silence(0, 0, 5) == Interval(None, 0.0, 1.0)
    assert with_silence(0, 0, 0) == Interval(None, 0.0, 1.0)


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_bounds_hold_whatever_the_silent_would_have_said(
    confirmed: int, corrected: int, silent: int, right: int
) -> None:
    right = min(right, silent)
    bounds = with_silence(confirmed, corrected, silent)
    if decided := confirmed + corrected + silent:
        assert bounds.least - 1e-12 <= (confirmed + right) / decided <= bounds.most + 1e-12


def test_audits_are_unbiased_where_feedback_is_not() -> None:
    rng = np.random.default_rng(1)
    confidence = rng.beta(4, 1, 200_000)
    right = rng.random(200_000) < confidence
    # Doubtful decisions are drawn more often, so the plain share of the audited is too low.
    probability = np.where(confidence < 0.7, 0.05, 0.01)
    drawn = rng.random(200_000) < probability
    found = _audited(right[drawn], probability[drawn])
    assert found.least < right.mean() < found.most
    assert found.share is not None
    assert abs(found.share - right.mean()) < abs(right[drawn].mean() - right.mean()) / 3


def test_intervals_of_audits_cover_as_often_as_they_say() -> None:
    rng = np.random.default_rng(2)
    covered = 0
    for _ in range(400):
        probability = rng.choice([0.01, 0.05], 80)
        interval = _audited(rng.random(80) < 0.9, probability)
        covered += interval.least <= 0.9 <= interval.most
    assert covered / 400 >= 0.9


def test_no_audit_says_nothing() -> None:
    assert _audited(np.zeros(0, bool), np.zeros(0)) == Interval(None, 0.0, 1.0)


def test_exact_intervals_are_those_of_the_tables() -> None:
    assert exact(8, 10, 0.95) == pytest.approx((0.4439, 0.9748), abs=1e-4)
    assert exact(0, 10, 0.95) == pytest.approx((0, 0.3085), abs=1e-4)
    assert exact(10, 10, 0.95) == pytest.approx((0.6915, 1), abs=1e-4)


def test_the_weekly_rule_is_the_published_one() -> None:
    last = Week(np.array([90, 90, 90, 9]), np.array([100, 100, 100, 10]))
    this = Week(np.array([81, 80, 90, 1]), np.array([100, 100, 100, 10]))
    assert fell(WeeklyRule(0.1, 20), last, this).tolist() == [False, True, False, False]
    assert fell(WeeklyRule(0.1, 10), last, this).tolist() == [False, True, False, True]


def test_the_weekly_rule_promises_as_little_as_it_says() -> None:
    counts = np.arange(21)
    last, this = (part.ravel() for part in np.meshgrid(counts, counts, indexing="ij"))
    twenty = np.full(441, 20)
    rings = fell(WeeklyRule(0.1, 20), Week(last, twenty), Week(this, twenty))

    def often(precision: float) -> float:
        return float((binom.pmf(last, 20, 0.85) * binom.pmf(this, 20, precision))[rings].sum())

    assert often(0.85) == pytest.approx(0.24, abs=0.01)
    assert often(0.9 * 0.85) == pytest.approx(0.53, abs=0.01)


def test_a_week_without_outcomes_never_rings() -> None:
    none, some = Week(np.zeros(1, int), np.zeros(1, int)), Week(np.ones(1, int), np.ones(1, int))
    assert not fell(WeeklyRule(0.1, 0), some, none).any()
    assert not fell(WeeklyRule(0.1, 0), none, some).any()
