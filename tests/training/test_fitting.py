"""What a model trusts and what its bytes follow from."""

import numpy as np
import pytest
from msgspec.structs import replace

from modelfleet.catalog import Label
from modelfleet.learners import calibration
from modelfleet.recipe import load_recipe
from modelfleet.text import default_encoder
from modelfleet.training import Example, TrainingSet
from modelfleet.training.evaluation import HeldOutScores
from modelfleet.training.fitting import cross_fitted, encoded
from modelfleet.training.train import train

ASKED = {
    "parcel": ["where is my parcel", "my parcel is late", "track the parcel", "parcel lost"],
    "invoice": ["wrong invoice", "send the invoice again", "invoice not paid", "pay my invoice"],
    "password": ["reset my password", "password forgotten", "new password", "password expired"],
}


def known(names: dict[str, str]) -> TrainingSet:
    """Four requests of each label, which is called as told."""
    told = [
        (text, label)
        for texts in zip(*ASKED.values(), strict=True)
        for text, label in zip(texts, ASKED, strict=True)
    ]
    return TrainingSet(
        labels=tuple(Label(label, names[label], "", (), 0) for label in ASKED),
        examples=tuple(
            Example(f"{at}", at + 1, at * 1_000_000, text, {}, label)
            for at, (text, label) in enumerate(told)
        ),
        pinned=(),
        watermark=len(told),
        logged=0,
        evidence=len(told),
    )


HONEST = {label: label for label in ASKED}
MISLEADING = {"parcel": "invoice", "invoice": "password", "password": "parcel"}


def test_names_that_say_what_labels_mean_are_trusted_more_than_names_that_mislead() -> None:
    recipe, encoder = load_recipe(), default_encoder()
    trust = {
        name: cross_fitted(encoded(known(names), recipe, encoder)).trust
        for name, names in (("honest", HONEST), ("misleading", MISLEADING))
    }
    assert trust["honest"] > trust["misleading"]


@pytest.mark.parametrize("learner", ["logistic", "mira"])
def test_a_models_bytes_do_not_depend_on_the_live_version(learner: str) -> None:
    recipe, encoder = load_recipe(), default_encoder()
    recipe = replace(recipe, learning=replace(recipe.learning, learner=learner))
    first, later = (train(known(HONEST), recipe, encoder, seen_until=seq) for seq in (0, 4))
    assert len(first.held_out.examples) != len(later.held_out.examples)
    for name, array in first.to_arrays().items():
        assert np.array_equal(array, later.to_arrays()[name]), name


def test_held_out_requests_are_taken_as_the_final_model_would_see_them() -> None:
    scores = np.array([[2.0, 0.5], [1.0, 3.0]], np.float32)
    targets, features = np.array([0, 1]), default_encoder().encode(["a", "b"], [{}, {}])
    whole, half = (HeldOutScores(features, scores, targets, share) for share in (1.0, 0.5))
    assert (whole.energy(0.5) == calibration.energy(scores, 0.5)).all()
    assert (half.energy(0.5) > whole.energy(0.5)).all()
