"""What people ask lately moves a label's odds, where that has told what they ask next."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from modelfleet.learners.lately import History, Lately

LABELS = 4


def history(columns: list[int] | NDArray[np.integer]) -> History:
    told = np.array(columns, np.intp)
    return History.of(told, np.ones(len(told)), LABELS)


def learned(columns: list[int] | NDArray[np.integer]) -> Lately:
    """What follows from labels in this order, where texts say nothing about them."""
    rows = np.arange(len(columns))
    return history(columns).learned(np.zeros((len(rows), LABELS), np.float32), rows, 1.0)[0]


RUNS = [number // 25 % LABELS for number in range(300)]
STEADY = np.random.default_rng(1).integers(0, LABELS, 300)


def test_labels_that_come_in_runs_are_expected_to_go_on() -> None:
    found = learned(RUNS)
    assert found.strength > 0
    assert int(found.shift.argmax()) == RUNS[-1]
    for _ in range(25):
        found = found.after(2)
    assert int(found.shift.argmax()) == 2


def test_labels_that_come_in_no_order_tell_nothing() -> None:
    assert learned(STEADY).strength == 0
    assert learned(STEADY).to_arrays() == {}


def test_few_labels_tell_nothing() -> None:
    assert learned(RUNS[:40]).strength == 0
    assert learned([]).strength == 0


def test_scores_move_as_they_would_have_by_the_labels_before_each() -> None:
    scores = np.zeros((300, LABELS), np.float32)
    found, moved = history(RUNS).learned(scores, np.arange(300), 2.0)
    served = Lately(found.usual, np.zeros(LABELS), found.strength)
    for row, column in enumerate(RUNS):
        assert moved[row] == pytest.approx(served.shift, abs=1e-5)
        served = served.after(column)
    assert found.counts == pytest.approx(served.counts)


def test_a_label_that_came_later_has_no_usual_share() -> None:
    found = learned(RUNS)
    assert found.after(LABELS) is found


@given(st.lists(st.integers(0, LABELS - 1), min_size=1, max_size=200))
def test_shares_stay_finite_whatever_people_say(columns: list[int]) -> None:
    counts = history(columns)
    found = Lately(counts.usual, np.zeros(LABELS), 1.0)
    for column in columns:
        found = found.after(column)
    assert np.isfinite(found.shift).all()
    assert found.counts == pytest.approx(counts.counts[-1])


def test_it_is_stored_as_plain_arrays() -> None:
    found = learned(RUNS)
    again = Lately.from_arrays(found.to_arrays(), LABELS)
    assert again.shift.tobytes() == found.shift.tobytes()
    assert Lately.from_arrays({}, LABELS).strength == 0


def test_a_damaged_array_is_refused() -> None:
    arrays = learned(RUNS).to_arrays()
    arrays["lately_counts"] = arrays["lately_counts"][:2]
    with pytest.raises(ValueError, match="lately_counts"):
        Lately.from_arrays(arrays, LABELS)
