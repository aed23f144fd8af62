"""Each version keeps the encoder that it was made with, whatever the recipe says by now."""

import shutil
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.conftest import HandClock
from tests.text.models import tiny

from modelfleet.decisions import Example
from modelfleet.errors import EncoderUnusable
from modelfleet.fleet import Fleet
from modelfleet.settings import Settings
from modelfleet.task import Task
from modelfleet.text.model_folder import Opened
from modelfleet.text.sentences import Embed, embedding_by
from modelfleet.training import Published

REQUESTS = {
    "it": ["no wifi", "my laptop is dead", "password lost", "vpn down", "printer jam"],
    "facilities": ["lift stuck", "no heating", "door locked", "water leak", "light broken"],
}

Opener = Callable[[str], Fleet]


@pytest.fixture
def opened(folder: Path, tmp_path: Path, clock: HandClock, _quick_to_close: None) -> Opener:
    """Opens the same fleet with a recipe that names an encoder."""

    def with_encoder(encoder: str) -> Fleet:
        text = (files("modelfleet") / "recipes" / "default.toml").read_text(encoding="utf-8")
        recipe = tmp_path / "recipe.toml"
        recipe.write_text(text.replace('encoder = "static"', f"encoder = '{encoder}'"))
        settings = Settings(recipe=str(recipe))
        return Fleet(folder, settings=settings, train=False, durable=False, clock=clock)

    return with_encoder


@pytest.fixture
def sentence_encoder(tmp_path: Path) -> str:
    return f"sentence-transformers:{tiny(tmp_path / 'tiny')}"


def taught(fleet: Fleet, clock: HandClock, turn: int = 0, count: int = 4) -> Task:
    """The task after some examples more, and after whatever training that made due."""
    task = fleet.task("acme", "team")
    for label in REQUESTS:
        task.define_label(label)
    task.give_examples(
        [
            Example(f"{text} {turn} {number}", label)
            for number in range(count)
            for label, texts in REQUESTS.items()
            for text in texts
        ]
    )
    clock.advance(3600)
    return task


def published(fleet: Fleet) -> str:
    (outcome,) = fleet.train_due()
    assert isinstance(outcome, Published), outcome
    return outcome.version


def test_a_fleet_with_a_sentence_encoder_answers_from_the_first_request_on(
    opened: Opener, clock: HandClock, sentence_encoder: str
) -> None:
    with opened(sentence_encoder) as fleet:
        assert fleet.task("acme", "team").decide("no wifi").label is None
        task = taught(fleet, clock)
        assert task.decide("no wifi").candidates[0].label in REQUESTS
        version = published(fleet)
        decision = task.decide("no wifi 0 1")
        assert (decision.candidates[0].label, decision.version) == ("it", version)
        task.assign(decision.id, "facilities")
        assert task.decide("no wifi 0 1").candidates[0].label == "facilities"


def test_versions_of_either_encoder_serve_side_by_side(
    opened: Opener, clock: HandClock, sentence_encoder: str
) -> None:
    with opened("static") as fleet:
        taught(fleet, clock)
        old = published(fleet)
    with opened(sentence_encoder) as fleet:
        task = fleet.task("acme", "team")
        decision = task.decide("no wifi 0 1")
        assert (decision.candidates[0].label, decision.version) == ("it", old)
        task = taught(fleet, clock, turn=1, count=20)
        new = published(fleet)
        decision = task.decide("no wifi 1 1")
        assert (decision.candidates[0].label, decision.version) == ("it", new)
        task.roll_back()
        decision = task.decide("no wifi 1 1")
        assert (decision.candidates[0].label, decision.version) == ("it", old)
        task.promote(new)
        assert task.decide("no wifi 1 1").version == new
    with opened("static") as fleet:
        assert fleet.task("acme", "team").decide("no wifi 1 1").version == new


def test_a_version_whose_encoder_is_gone_is_stood_in_for_and_the_log_says_why(
    opened: Opener,
    clock: HandClock,
    sentence_encoder: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with opened(sentence_encoder) as fleet:
        task = taught(fleet, clock)
        published(fleet)
    shutil.rmtree(sentence_encoder.partition(":")[2])
    with opened("static") as fleet:
        task = fleet.task("acme", "team")
        decision = task.decide("it")
        assert (decision.candidates[0].label, decision.version) == ("it", None)
        said = capsys.readouterr().out
        assert "a version can't be served" in said
        assert "there is no folder" in said
        task = taught(fleet, clock, turn=1)
        assert task.decide("no wifi 1 1").version is None
        version = published(fleet)
        assert task.decide("no wifi 1 1").version == version
        task.roll_back()
        assert task.decide("no wifi 1 1").version in {None, version}


def test_a_recipe_whose_encoder_cannot_be_opened_stops_the_start(opened: Opener) -> None:
    with pytest.raises(EncoderUnusable, match="no-such-folder"):
        opened("sentence-transformers:./no-such-folder/")


def test_a_training_pays_only_for_texts_that_are_new(
    opened: Opener, clock: HandClock, sentence_encoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def counting(model: Opened) -> Embed:
        embed = embedding_by(model)

        def counted(texts: Sequence[str]) -> NDArray[np.float32]:
            asked.extend(texts)
            return embed(texts)

        return counted

    monkeypatch.setattr("modelfleet.text.encoders.embedding_by", counting)
    with opened(sentence_encoder) as fleet:
        taught(fleet, clock)
        published(fleet)
    assert len([text for text in asked if text.endswith(" 0 1")]) == 10
    asked.clear()
    with opened(sentence_encoder) as fleet:
        taught(fleet, clock, turn=1)
        published(fleet)
    assert not [text for text in asked if " 0 " in text]
    assert len([text for text in asked if text.endswith(" 1 1")]) == 10


def test_a_fleet_with_the_default_encoder_keeps_no_embeddings(
    opened: Opener, clock: HandClock, folder: Path
) -> None:
    with opened("static") as fleet:
        taught(fleet, clock)
        published(fleet)
    assert not (folder / "embeddings.db").exists()
