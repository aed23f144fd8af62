"""Probabilities that can be believed, and thresholds that keep what they promise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from modelfleet.learners.calibration import probabilities, temperature, threshold
from modelfleet.learners.recommended import PRIOR_TEMPERATURE


def sampled(count: int, true_temperature: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    scores = rng.normal(scale=3, size=(count, 5))
    chances = probabilities(scores, true_temperature)
    return scores, (chances.cumsum(axis=1) < rng.random((count, 1))).sum(axis=1)


@given(arrays(np.float32, (3, 4), elements=st.floats(-1e4, 1e4, width=32)), st.floats(0.05, 20))
def test_probabilities_add_up_to_one(scores: np.ndarray, warmth: float) -> None:
    found = probabilities(scores, warmth)
    assert found.sum(axis=1) == pytest.approx(1)
    assert (found >= 0).all()


def test_no_labels_have_no_probabilities() -> None:
    assert probabilities(np.zeros(0), 1.0).shape == (0,)


@pytest.mark.parametrize("true_temperature", [0.4, 1.0, 3.0])
def test_the_temperature_is_found_from_many_examples(true_temperature: float) -> None:
    assert temperature(*sampled(5_000, true_temperature)) == pytest.approx(
        true_temperature, rel=0.1
    )


def test_few_examples_leave_the_prior_nearly_where_it_was() -> None:
    assert temperature(np.zeros((0, 3)), np.zeros(0, int)) == PRIOR_TEMPERATURE
    assert temperature(np.zeros((5, 1)), np.zeros(5, int)) == PRIOR_TEMPERATURE
    scores, targets = sampled(3, 3.0)
    assert temperature(scores, targets) == pytest.approx(PRIOR_TEMPERATURE, rel=0.5)


def test_a_model_that_is_always_right_is_not_made_infinitely_sure() -> None:
    assert temperature(np.eye(3)[np.arange(60) % 3] * 4, np.arange(60) % 3) > 0.05


def test_decisions_above_the_threshold_are_right_often_enough() -> None:
    rng = np.random.default_rng(2)
    kept = 0
    for _ in range(100):
        confidence = rng.random(400)
        limit = threshold(confidence, rng.random(400) < confidence, 0.9)
        # Of decisions above a limit, the mean confidence are right.
        kept += (1 + limit) / 2 >= 0.9
    assert kept >= 85


def test_the_threshold_is_one_of_the_confidences_and_certified() -> None:
    confidence = np.concatenate([np.full(100, 0.9), np.full(100, 0.5)])
    correct = np.concatenate([np.ones(100, bool), np.zeros(100, bool)])
    assert threshold(confidence, correct, 0.95) == 0.9
    assert threshold(confidence, correct, 0.4) == 0.5
    assert threshold(confidence, correct, 0.0) == 0.0


def test_equal_confidences_stand_or_fall_together() -> None:
    confidence = np.full(60, 0.8)
    correct = np.arange(60) < 50
    assert threshold(confidence, correct, 0.95) == pytest.approx(0.95)


def test_without_proof_probabilities_are_trusted() -> None:
    assert threshold(np.zeros(0), np.zeros(0, bool), 0.9) == 0.9
    assert threshold(np.full(3, 0.99), np.ones(3, bool), 0.9) == 0.9


def test_without_proof_and_with_errors_more_confidence_is_asked_for() -> None:
    limit = threshold(np.array([0.99, 0.97, 0.96]), np.array([True, False, False]), 0.9)
    assert 0.97 < limit <= 0.99
