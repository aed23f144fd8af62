"""A person corrects a decision: the next one is right, and nothing else is forgotten."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelfleet.learners import LinearModel, Overlay, logistic
from modelfleet.learners.examples import Examples
from modelfleet.learners.late import LateLabels
from modelfleet.learners.mira import Step, correct
from modelfleet.text import Features, default_encoder


def encoded(text: str) -> Features:
    return default_encoder().encode([text], [{}])[0]


@pytest.fixture(scope="module")
def model(examples: Examples) -> LinearModel:
    return logistic.fit(examples.features, examples.targets, examples.labels, examples.weights)


def decided(overlay: Overlay, model: LinearModel, text: str) -> str:
    features = [encoded(text)]
    (scores,) = overlay.total(features, model.scores(features))
    return overlay.labels[int(scores.argmax())]


def corrected(overlay: Overlay, model: LinearModel, text: str, label: str) -> Overlay:
    features = encoded(text)
    return overlay.corrected(features, label, model.scores([features])[0])


def accuracy(overlay: Overlay, model: LinearModel, examples: Examples) -> list[float]:
    right = np.array(
        [
            overlay.total([features], model.scores([features]))[0].argmax() == target
            for features, target in zip(examples.features, examples.targets, strict=True)
        ]
    )
    return [float(right[examples.targets == column].mean()) for column in range(4)]


def test_an_overlay_without_corrections_changes_nothing(model: LinearModel) -> None:
    features = encoded("where is my parcel")
    overlay = Overlay.over(model.labels)
    scores = model.scores([features])[0]
    assert (overlay.total([features], scores[None])[0] == scores).all()
    assert not overlay.scores([features]).any()
    assert overlay.weights.nbytes == 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=30), st.sampled_from("abcxyz")), min_size=1, max_size=8))
def test_the_last_word_about_a_text_decides_it(told: list[tuple[str, str]]) -> None:
    base = LinearModel.empty(("a", "b", "c"))
    overlay = Overlay.over(base.labels)
    for text, label in told:
        overlay = corrected(overlay, base, text, label)
        assert decided(overlay, base, text) == label


def test_a_correction_reaches_texts_like_the_corrected_one(model: LinearModel) -> None:
    overlay = Overlay.over(model.labels)
    for text in ("drone pilot job", "job as a drone pilot", "is the drone job still open"):
        overlay = corrected(overlay, model, text, "account")
    assert decided(overlay, model, "drone pilot jobs") == "account"


def test_a_label_that_the_model_lacks_is_learned(model: LinearModel) -> None:
    overlay = corrected(Overlay.over(model.labels), model, "wholesale prices for shops", "trade")
    assert overlay.labels == (*model.labels, "trade")
    assert decided(overlay, model, "wholesale prices for shops") == "trade"
    assert decided(overlay, model, "wholesale price for a shop") == "trade"
    assert decided(overlay, model, "where is my parcel") == "delivery"


THINGS = ("invoice", "parcel", "password", "printer", "holiday", "salary", "laptop", "badge")
ABOUT = ("where is my {}", "i need a new {}", "the {} is wrong", "who can help with a {}")


@pytest.fixture(scope="module")
def many() -> tuple[LinearModel, LateLabels]:
    """A model of eight labels, and what later ones are known by."""
    texts = [about.format(thing) for thing in THINGS for about in ABOUT]
    features = default_encoder().encode(texts, [{}] * len(texts))
    targets = np.repeat(np.arange(len(THINGS)), len(ABOUT))
    made = logistic.fit(features, targets, THINGS, np.ones(len(targets)))
    means = np.array([one.dense for one in features]).reshape(len(THINGS), len(ABOUT), -1)
    leads = np.ptp(made.scores(features), axis=1)
    return made, LateLabels.beside(means.mean(axis=1), float(leads.mean()))


def test_the_first_correction_of_a_late_label_reaches_its_other_texts(
    many: tuple[LinearModel, LateLabels],
) -> None:
    made, late = many
    overlay = corrected(Overlay.over(made.labels, late), made, "the coffee machine leaks", "coffee")
    assert decided(overlay, made, "no milk in the coffee machine") == "coffee"
    assert decided(overlay, made, "coffee tastes bad today") == "coffee"


def test_a_late_label_leaves_the_others_their_texts(many: tuple[LinearModel, LateLabels]) -> None:
    made, late = many
    overlay = Overlay.over(made.labels, late)
    for text in ("where is my coffee", "i need a new coffee cup", "the coffee is wrong"):
        overlay = corrected(overlay, made, text, "coffee")
    for thing in THINGS:
        assert decided(overlay, made, f"where is my {thing}") == thing


def test_a_late_label_of_which_nothing_is_known_stands_at_the_mean(
    many: tuple[LinearModel, LateLabels],
) -> None:
    made, late = many
    features = [encoded("where is my parcel")]
    overlay = Overlay.over(made.labels, late).with_label("coffee").with_label("tea")
    (scores,) = overlay.total(features, made.scores(features))
    assert scores[-2:] == pytest.approx(scores[:-2].mean(), abs=1e-5)


def test_a_text_has_the_same_score_of_a_late_label_alone_as_among_others(
    many: tuple[LinearModel, LateLabels],
) -> None:
    made, late = many
    overlay = corrected(Overlay.over(made.labels, late), made, "the coffee is cold", "coffee")
    features = [encoded(about.format(thing)) for thing in THINGS for about in ABOUT]
    together = overlay.total(features, made.scores(features))
    for row, one in zip(together, features, strict=True):
        assert (overlay.total([one], made.scores([one]))[0] == row).all()


def test_a_confident_model_is_overruled(model: LinearModel) -> None:
    features = encoded("where is my parcel")
    sure = np.array([0, 30, 0, 0], np.float32)
    overlay = Overlay.over(model.labels).corrected(features, "billing", sure)
    assert overlay.total([features], sure[None])[0].argmax() == 0
    assert overlay.verdict(features) == "billing"
    assert overlay.verdict(encoded("where is my order")) is None


def test_fifty_corrections_to_one_label_leave_the_others_alone(
    model: LinearModel, examples: Examples
) -> None:
    before = accuracy(Overlay.over(model.labels), model, examples)
    overlay = Overlay.over(model.labels)
    for number in range(50):
        overlay = corrected(overlay, model, f"question {number} about the loyalty club", "account")
    after = accuracy(overlay, model, examples)
    assert min(after) > min(before) - 0.1
    assert decided(overlay, model, "the loyalty club?") == "account"


def test_after_fifty_corrections_to_one_label_another_is_still_learned(model: LinearModel) -> None:
    overlay = Overlay.over(model.labels)
    for number in range(50):
        overlay = corrected(overlay, model, f"question {number} about the loyalty club", "account")
    for text in ("loyalty club bill", "bill of the loyalty club", "my loyalty club bill"):
        overlay = corrected(overlay, model, text, "billing")
    assert decided(overlay, model, "the bill for the loyalty club") == "billing"


def test_the_same_corrections_in_the_same_order_give_the_same_bytes(model: LinearModel) -> None:
    def taught() -> bytes:
        overlay = Overlay.over(model.labels)
        for number in range(20):
            label = ("billing", "new", "returns")[number % 3]
            overlay = corrected(overlay, model, f"text {number} of {number % 7}", label)
        return overlay.weights.tobytes() + overlay.touched.tobytes()

    assert taught() == taught()


def test_an_overlay_is_a_value(model: LinearModel) -> None:
    first = corrected(Overlay.over(model.labels), model, "some text", "billing")
    weights = first.weights.copy()
    second = corrected(first, model, "some other text", "returns")
    assert (first.weights == weights).all()
    assert (first.corrections, second.corrections) == (1, 2)


scores = st.lists(st.floats(-20, 20, width=32), min_size=1, max_size=12)


@given(scores, st.integers(0, 11), st.floats(0.1, 3))
def test_a_step_is_the_smallest_that_reaches_the_margin(
    found: list[float], place: int, square_norm: float
) -> None:
    target = place % len(found)
    before = np.array(found, np.float32)
    moves = correct(before, target, square_norm, Step(1.0, np.inf, 12))
    after = before + moves * square_norm
    assert moves.sum() == pytest.approx(0, abs=1e-4)
    others = np.delete(after, target)
    assert (others <= after[target] - 1 + 1e-3).all()
    moved = np.delete(moves, target) < -1e-5
    # Whoever was moved stands exactly at the margin: any less would not have been enough.
    assert others[moved] == pytest.approx(after[target] - 1, abs=1e-3)


@given(scores, st.integers(0, 11), st.integers(1, 5))
def test_a_step_is_clipped_and_touches_few_rivals(
    found: list[float], place: int, rivals: int
) -> None:
    target = place % len(found)
    moves = correct(np.array(found, np.float32), target, 2.0, Step(1.0, 0.5, rivals))
    assert 0 <= moves[target] <= 0.5 + 1e-6
    assert (moves < 0).sum() <= rivals
