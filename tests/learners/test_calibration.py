"""Probabilities that can be believed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from modelfleet.learners.calibration import expected_error, probabilities, temperature
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


def test_the_calibration_error_is_the_mean_gap_between_what_is_said_and_what_comes_true() -> None:
    assert expected_error(np.full(10, 0.75), np.arange(10) < 5) == pytest.approx(0.25)
    assert expected_error(np.zeros(0), np.zeros(0, bool)) == 0
    scores, targets = sampled(5_000, 1.0)
    said = probabilities(scores, 1.0)
    assert expected_error(said.max(axis=1), said.argmax(axis=1) == targets) < 0.03
