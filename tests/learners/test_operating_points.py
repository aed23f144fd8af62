"""Thresholds that keep the precision that was asked for, or say that they can't vouch for it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from modelfleet.learners.operating import NO_PRIOR, WHOLE_TASK, Curve, Point, Prior, point, solve

TWENTIETHS = 20


def curve(confidence: ArrayLike, correct: ArrayLike, columns: ArrayLike = 0) -> Curve:
    sure = np.asarray(confidence, np.float32)
    return Curve(sure, np.asarray(correct, bool), np.broadcast_to(columns, sure.shape).astype("i4"))


def solved(confidence: ArrayLike, correct: ArrayLike, target: float) -> Point:
    return point(curve(confidence, correct), target, NO_PRIOR)


def test_decisions_above_the_threshold_are_right_often_enough() -> None:
    rng = np.random.default_rng(2)
    kept = 0
    for _ in range(100):
        confidence = rng.random(400)
        limit = solved(confidence, rng.random(400) < confidence, 0.9).threshold
        # Of decisions above a limit, the mean confidence are right.
        kept += (1 + limit) / 2 >= 0.9
    assert kept >= 90


def test_the_threshold_is_certified_and_its_price_is_shown() -> None:
    confidence = np.concatenate([np.full(100, 0.875), np.full(100, 0.5)])
    correct = np.concatenate([np.ones(100, bool), np.zeros(100, bool)])
    assert solved(confidence, correct, 0.95) == Point(0.95, 0.875, True, 0.5, 1.0)
    assert solved(confidence, correct, 0.4) == Point(0.4, 0.4, True, 1.0, 0.5)


def test_where_every_held_out_request_is_surer_than_asked_probabilities_are_trusted_below() -> None:
    assert solved([0.99] * 100, [True] * 100, 0.9) == Point(0.9, 0.9, True, 1.0, 1.0)
    sure, unsure = [0.99] * 100, [0.92] * 50
    found = solved(sure + unsure, [True] * 100 + [False] * 50, 0.9)
    assert found.threshold == pytest.approx(0.99)


def test_equal_confidences_stand_or_fall_together() -> None:
    found = solved(np.full(60, 0.8), np.arange(60) < 50, 0.95)
    assert not found.certified
    assert found.threshold == pytest.approx(0.95)


def test_without_proof_probabilities_are_trusted_and_it_is_said() -> None:
    assert solved([], [], 0.9) == Point(0.9, 0.9, False, None, None)
    assert solved([0.99] * 3, [True] * 3, 0.9) == Point(0.9, 0.9, False, 1.0, 1.0)


def test_without_proof_and_with_errors_more_confidence_is_asked_for() -> None:
    found = solved([0.99, 0.97, 0.96], [True, False, False], 0.9)
    assert not found.certified
    assert 0.97 < found.threshold <= 0.99


def test_what_cannot_be_certified_alone_is_borrowed_from_other_tasks() -> None:
    sure = tuple((500, 499) if place >= 16 else (20, 5) for place in range(TWENTIETHS))
    others = Prior(requests=2_320, bins=sure)
    few = curve([0.85, 0.9], [True, True])
    assert point(few, 0.95, NO_PRIOR).threshold == 0.95
    borrowed = point(few, 0.95, others)
    assert borrowed.threshold == pytest.approx(0.8)
    assert not borrowed.certified
    contradicted = point(curve([0.85, 0.9], [False, True]), 0.95, others)
    assert contradicted.threshold > 0.85


def test_a_label_with_a_target_of_its_own_has_a_threshold_of_its_own() -> None:
    confidence = np.tile([0.9, 0.6], 100)
    columns = np.repeat([0, 1], 100)
    correct = (columns == 0) | (confidence > 0.8)
    points = solve(
        curve(confidence, correct, columns), ("it", "hr"), {WHOLE_TASK: 0.9, "hr": 0.93}, NO_PRIOR
    )
    assert points[WHOLE_TASK].threshold == pytest.approx(0.6)
    assert points["hr"].threshold == pytest.approx(0.9)
    assert points["hr"].coverage == 0.5


def test_what_is_refused_anyway_is_never_counted_as_decided() -> None:
    found = solved(np.concatenate([np.full(80, 0.5), np.zeros(20)]), np.ones(100, bool), 0.5)
    assert found.coverage == 0.8


@given(
    st.lists(st.tuples(st.floats(0, 1, width=32), st.booleans()), max_size=60),
    st.floats(0.05, 0.99),
    st.floats(0, 0.5),
)
def test_more_precision_never_costs_less(
    seen: list[tuple[float, bool]], target: float, less: float
) -> None:
    one = curve([sure for sure, _ in seen], [right for _, right in seen])
    strict, mild = point(one, target, NO_PRIOR), point(one, target * (1 - less), NO_PRIOR)
    if strict.certified:
        assert mild.certified
        assert (mild.coverage or 0) >= (strict.coverage or 0)


def test_a_curve_survives_being_stored() -> None:
    before = curve([0.5, 0.25], [True, False], 3)
    after = Curve.from_arrays(before.to_arrays())
    assert after.reliability() == before.reliability()
    assert len(Curve.from_arrays({})) == 0


@pytest.mark.parametrize("labels", [2, 256, 300])
def test_a_curve_takes_little_room_and_one_of_the_first_format_solves_the_same(labels: int) -> None:
    rng = np.random.default_rng(4)
    columns = np.append(rng.integers(0, labels, 200), labels - 1)
    known = curve(rng.random(201), rng.random(201) < 0.8, columns)
    stored = known.to_arrays()
    first = stored | {"curve_columns": columns.astype(np.int32)}
    assert stored["curve_columns"].itemsize == (1 if labels <= 256 else 2)
    names = [f"label {number}" for number in range(labels)]
    targets = {WHOLE_TASK: 0.8, names[0]: 0.6, names[-1]: 0.7, "removed since": 0.9}
    now, then = (Curve.from_arrays(arrays) for arrays in (stored, first))
    assert solve(now, names, targets, NO_PRIOR) == solve(then, names, targets, NO_PRIOR)
