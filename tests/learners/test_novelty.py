"""Requests that belong to no label are told apart, without an example of them."""

import numpy as np
import pytest

from modelfleet.learners import (
    LinearModel,
    calibration,
    logistic,
    near_copies,
    novelty_learning,
    prototypes,
)
from modelfleet.learners.examples import Examples
from modelfleet.learners.novelty import Novelty
from modelfleet.learners.novelty_learning import Seen
from modelfleet.text import Features, default_encoder

WORDS = {
    "billing": ("invoice", "refund", "credit card", "monthly bill", "overcharged", "receipt"),
    "password": ("password reset", "login", "locked out", "sign in", "passcode", "authenticator"),
    "delivery": ("parcel", "courier", "shipping", "package late", "tracking number", "delivered"),
}
SHAPES = ("my {}", "question about the {}", "please help with {}", "{} problem", "where is the {}")
STRANGE = (
    "who won the football match last night",
    "how do I bake sourdough bread",
    "the capital of mongolia",
    "play some jazz music",
    "will it rain tomorrow in the mountains",
    "solve this quadratic equation",
)


def encoded(*texts: str) -> list[Features]:
    return default_encoder().encode(texts, [{}] * len(texts))


def requests() -> Examples:
    pairs = [(shape.format(w), label) for label in WORDS for w in WORDS[label] for shape in SHAPES]
    targets = np.array([list(WORDS).index(label) for _, label in pairs])
    features = encoded(*(text for text, _ in pairs))
    return Examples(features, targets, np.ones(len(pairs)), tuple(WORDS))


def seen_by(model: LinearModel, known: Examples, refused: list[Features]) -> Seen:
    features = [*known.features, *refused]
    scores = model.scores(features)
    targets = np.concatenate([known.targets, np.full(len(refused), -1)])
    return Seen(features, targets, calibration.energy(scores, 1.0))


def learned(
    known: Examples, refused: list[Features], share: float = 0.05
) -> tuple[Novelty, LinearModel, "np.ndarray"]:
    model = logistic.fit(known.features, known.targets, known.labels, known.weights)
    novelty, fits = novelty_learning.learn(known, seen_by(model, known, refused), share)
    return novelty, model, fits


def fit(novelty: Novelty, model: LinearModel, text: str) -> float:
    features = encoded(text)
    (found,) = novelty.fit(features, calibration.energy(model.scores(features), 1.0).tolist())
    return found


def test_what_is_unlike_all_examples_fits_no_label_and_its_price_is_known() -> None:
    novelty, model, fits = learned(requests(), [], 0.1)
    assert [text for text in STRANGE if fit(novelty, model, text) >= 0] == []
    assert fit(novelty, model, "I was overcharged on the invoice") > 0
    assert (fits < 0).mean() == pytest.approx(0.1, abs=0.05)


def test_what_people_refused_is_refused_again_and_so_is_what_is_like_it() -> None:
    text, like = "refund policy of my gym", "the refund policy at my gym"
    before, model, _ = learned(requests(), [])
    after, _, fits = learned(requests(), encoded(text))
    assert fit(after, model, like) < fit(before, model, like) - 0.5
    assert fit(before.refusing(encoded(text)[0]), model, like) < fit(before, model, like) - 0.5
    assert len(fits) == len(requests().targets) + 1


def test_what_people_gave_a_label_is_not_new_any_more() -> None:
    novelty = prototypes.with_novelty({"it": ["IT support"]}, default_encoder())[1]
    (odd,) = encoded("my zorbifier is broken again")
    assert novelty.taught(odd).fit([odd], [0.0])[0] > max(0, novelty.fit([odd], [0.0])[0])


def test_a_single_labels_text_tells_what_is_unlike_it() -> None:
    model, novelty = prototypes.with_novelty(
        {"billing": ["Billing", "Invoices, refunds and payments"]}, default_encoder()
    )
    assert fit(novelty, model, "I need a refund for this invoice") > 0
    assert [text for text in STRANGE if fit(novelty, model, text) >= 0] == []


@pytest.mark.parametrize("count", [0, 1, 2])
def test_hardly_any_examples_leave_what_is_usual(count: int) -> None:
    all_ = requests()
    few = Examples(all_.features[:count], all_.targets[:count], all_.weights[:count], all_.labels)
    texts = prototypes.with_novelty({label: [label] for label in WORDS}, default_encoder())[0]
    novelty, fits = novelty_learning.learn(few, seen_by(texts, few, []), 0.05)
    assert np.isfinite(fits).all()
    assert novelty.scale.least == pytest.approx(-1.6, abs=0.5)


def test_it_survives_being_stored_and_grows_no_further_than_its_bounds() -> None:
    novelty, model, _ = learned(requests(), encoded("nobody wants this"))
    again = Novelty.from_arrays(novelty.to_arrays())
    assert again is not None
    text = "where is my parcel"
    assert fit(again, model, text) == pytest.approx(fit(novelty, model, text), abs=0.02)
    for number in range(250):
        (one,) = encoded(f"request number {number}")
        again = again.taught(one).refusing(one)
    assert again.nbytes < 210 * 256 * 4
    assert Novelty.from_arrays({}) is None


SINGLES, COPIES = 300, 240


def repetitive() -> Examples:
    """Requests of one label that are all unlike each other, then as many ways to say one thing."""
    generator = np.random.default_rng(3)
    letters = generator.choice(list("abcdefghijklmnopqrstuvwxyz"), (SINGLES, 3, 7))
    singles = [" ".join("".join(word) for word in words) for words in letters]
    copies = [f"when will my parcel from the shop arrive {number}" for number in range(COPIES)]
    targets = np.array([0] * SINGLES + [1] * COPIES)
    features = encoded(*singles, *copies)
    return Examples(features, targets, np.ones(len(targets)), ("many things", "one thing"))


def test_near_copies_are_counted_among_examples_of_their_label() -> None:
    known = repetitive()
    counts = near_copies.counted(known.features, known.targets, known)
    assert (counts[:SINGLES] == 1).all()
    assert (counts[SINGLES:] > 0.9 * COPIES).all()
    elsewhere = near_copies.counted(known.features, 1 - known.targets, known)
    assert (elsewhere == 1).all()


def test_what_is_said_over_and_over_does_not_make_the_rest_pay_for_refusals() -> None:
    known = repetitive()
    energy = np.concatenate([np.linspace(0, 1, SINGLES), np.full(COPIES, 1.2)])
    _, fits = novelty_learning.learn(known, Seen(known.features, known.targets, energy), 0.1)
    assert (fits[:SINGLES] < 0).mean() == pytest.approx(0.1, abs=0.02)
    assert (fits[SINGLES:] >= 0).all()


def test_a_task_without_labels_can_be_told_things_too() -> None:
    nothing = prototypes.with_novelty({}, default_encoder())[1]
    (one,) = encoded("where is my parcel")
    assert nothing.fit([one], [0.0])[0] < 0
    assert nothing.taught(one).fit([one], [0.0])[0] > 0
    assert nothing.refusing(one).fit([one], [0.0])[0] < nothing.fit([one], [0.0])[0]
