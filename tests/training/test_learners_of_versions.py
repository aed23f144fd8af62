"""A recipe names the learner, and each version says which one made it."""

from importlib.resources import files
from pathlib import Path

import pytest
from tests.conftest import HandClock
from tests.training.test_encoders_of_versions import published, taught

from modelfleet.errors import InvalidInput
from modelfleet.fleet import Fleet
from modelfleet.learners import cnn
from modelfleet.settings import Settings


def with_learner(learner: str, folder: Path) -> Settings:
    text = (files("modelfleet") / "recipes" / "default.toml").read_text(encoding="utf-8")
    recipe = folder / "recipe.toml"
    recipe.write_text(text.replace('learner = "logistic"', f'learner = "{learner}"'))
    return Settings(recipe=str(recipe))


@pytest.mark.usefixtures("_quick_to_close")
def test_a_network_is_trained_published_served_and_corrected(
    folder: Path, tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("optax", reason="the extra modelfleet[cnn] isn't installed")
    monkeypatch.setattr(cnn, "CNN_FEWEST_EXAMPLES", 40)
    settings = with_learner("cnn", tmp_path)
    with Fleet(folder, settings=settings, train=False, durable=False, clock=clock) as fleet:
        task = taught(fleet, clock)
        version = published(fleet)
        decision = task.decide("the wifi is down")
        assert decision.version == version
        assert decision.candidates[0].label == "it"
        task.assign(decision.id, "facilities")
        assert task.decide("the wifi is down").candidates[0].label == "facilities"


def test_a_recipe_whose_learner_is_not_known_stops_a_process_that_trains(
    folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput, match=r"learning\.learner: must be one of logistic, "):
        Fleet(folder, settings=with_learner("forest", tmp_path))
