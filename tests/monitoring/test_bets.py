"""A bet never wins on average while nothing is wrong: what the promise of alerts rests on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelfleet.monitoring.detectors import Elements, advance, bets, silent
from modelfleet.monitoring.odds import alternatives, shifted
from modelfleet.monitoring.slices import TOLERATED_ODDS, slice_bets
from modelfleet.monitoring.streams import CALIBRATION, FROM_CONFIDENCE, WORSE, Stream, Tolerance

BOTH = np.array([True, False])
PROBABILITIES = st.floats(1e-4, 1 - 1e-4)
TOLERANCES = st.builds(
    Tolerance, drop=st.floats(0, 0.3), odds=st.floats(1, 3), rates=st.floats(1, 3)
)


def on_average(factors: np.ndarray, true: float) -> np.ndarray:
    """The mean of bets: the first factors with this probability, else the second."""
    return np.asarray(np.array([true, 1 - true]) @ factors.astype(float))


def tolerated(stream: Stream, expected: float, tolerance: Tolerance, at: float) -> float:
    """A true probability that is no fault: the least at 0, the most at 1."""
    if stream in CALIBRATION:
        return float(shifted(np.array([expected]), tolerance.odds ** (2 * at - 1))[0])
    if stream in FROM_CONFIDENCE:
        return at * (tolerance.drop + (1 - tolerance.drop) * expected)
    return at * float(shifted(np.array([expected]), tolerance.rates)[0])


@given(st.sampled_from(list(Stream)), PROBABILITIES, TOLERANCES, st.floats(0, 1))
def test_no_bet_wins_on_average_while_all_is_as_it_may_be(
    stream: Stream, expected: float, tolerance: Tolerance, at: float
) -> None:
    factors = bets(np.full(2, stream), BOTH, np.full(2, expected), tolerance)
    assert (factors > 0).all()
    assert (on_average(factors, tolerated(stream, expected, tolerance, at)) < 1 + 1e-5).all()


@given(PROBABILITIES, st.floats(0, 1))
def test_no_bet_on_a_slice_wins_on_average_while_it_is_as_it_may_be(
    expected: float, at: float
) -> None:
    true = at * shifted(np.array([expected]), TOLERATED_ODDS)[0]
    assert (on_average(slice_bets(BOTH, np.full(2, expected)), true) < 1 + 1e-5).all()


@pytest.mark.parametrize("stream", list(Stream))
def test_some_bet_wins_when_it_is_twice_as_bad_as_tolerated(stream: Stream) -> None:
    expected = np.full(2, 0.15)
    true = shifted(expected, 2 * Tolerance().odds)[0]
    factors = bets(np.full(2, stream), BOTH, expected, Tolerance()).astype(float)
    growth = true * np.log(factors[0]) + (1 - true) * np.log(factors[1])
    assert growth.max() > 0.02


def test_the_level_is_the_shiryaev_roberts_mixture_of_the_papers() -> None:
    rng = np.random.default_rng(3)
    share, expected = 1e-6, rng.uniform(0.05, 0.4, 60)
    wrong = rng.random(60) < expected
    tolerance = Tolerance(drop=0.0)
    levels, spent = silent(1)
    factors = bets(np.zeros(60, np.intp), wrong, expected, tolerance)
    advance(levels, spent, Elements(np.zeros(60, np.intp), factors, np.full(60, share)))
    worse = alternatives(WORSE, expected)
    likelihood = np.where(
        wrong[:, None], worse / expected[:, None], (1 - worse) / (1 - expected[:, None])
    )
    # The sum over all moments of change of the likelihood ratio of what followed.
    by_definition = share * sum(likelihood[moment:].prod(axis=0) for moment in range(60))
    assert levels[0] == pytest.approx(by_definition, rel=1e-4)
    assert spent[0] == pytest.approx(60 * share)
