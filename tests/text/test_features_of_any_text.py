"""Whatever people write, it becomes features: always some, always the same ones."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from modelfleet.text import DIMENSION, Features, default_encoder
from modelfleet.text.encoder import LONGEST_TEXT
from modelfleet.text.features import BIGRAM, CHARACTERS, KIND_MASK, METADATA, TOKEN
from modelfleet.text.tokens import Tokens

ANY_TEXT = st.text(st.characters(), max_size=60)
FIELD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    ANY_TEXT,
    st.lists(ANY_TEXT, max_size=3),
    st.dictionaries(ANY_TEXT, st.integers(), max_size=2),
)
METADATA_OF_ANY_KIND = st.dictionaries(ANY_TEXT, FIELD, max_size=4)


def features_of(text: str, **metadata: object) -> Features:
    return default_encoder().encode([text], [metadata])[0]


def as_bytes(features: Features) -> bytes:
    return features.dense.tobytes() + features.keys.tobytes() + features.values.tobytes()


def likeness(one: Features, other: Features) -> float:
    _, left, right = np.intersect1d(one.keys, other.keys, return_indices=True)
    return float(one.values[left] @ other.values[right])


@settings(max_examples=150, deadline=None)
@given(ANY_TEXT, METADATA_OF_ANY_KIND)
def test_any_text_and_metadata_become_sound_features(
    text: str, metadata: dict[str, object]
) -> None:
    features = default_encoder().encode([text], [metadata])[0]
    assert features.dense.shape == (DIMENSION,)
    assert features.dense.dtype == features.values.dtype == np.float32
    assert features.keys.dtype == np.uint32
    assert features.keys.size > 0
    assert (np.diff(features.keys.astype(np.int64)) > 0).all()
    assert np.linalg.norm(features.values) == pytest.approx(1, abs=1e-5)
    assert np.linalg.norm(features.dense) == pytest.approx(1 if text.split() else 0, abs=1e-5)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(ANY_TEXT, METADATA_OF_ANY_KIND), max_size=8))
def test_a_text_has_the_same_features_alone_as_in_a_batch(
    requests: list[tuple[str, dict[str, object]]],
) -> None:
    encoder = default_encoder()
    together = encoder.encode([text for text, _ in requests], [fields for _, fields in requests])
    alone = [encoder.encode([text], [fields])[0] for text, fields in requests]
    assert [as_bytes(features) for features in together] == [as_bytes(one) for one in alone]


AWKWARD = st.sampled_from(
    ["<s>", "a<s>b", "</s>", "<", "\u2581", "b\u2581", "hello", "\u9000", "x" * 99]
)


@cache
def installed_tokenizer() -> Tokenizer:
    folder = files("wordllama") / "tokenizers"
    return Tokenizer.from_file(str(folder / "l2_supercat_tokenizer_config.json"))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(AWKWARD | st.text(st.characters(codec="utf-8"), max_size=9), max_size=6)))
def test_a_text_has_the_tokens_that_the_tokenizer_gives_it_whatever_words_were_met_before(
    texts: list[list[str]],
) -> None:
    joined = [" ".join(" ".join(words).split()) for words in texts]
    tokenizer = installed_tokenizer()
    whole = [tokenizer.encode(text, add_special_tokens=False).ids for text in joined]
    found = Tokens(tokenizer).of(joined)
    assert [np.frombuffer(ids, np.uint16).tolist() for ids in found] == whole


def test_batches_larger_than_a_chunk_keep_their_order() -> None:
    texts = [f"request number {number}" for number in range(600)]
    together = default_encoder().encode(texts, [{}] * 600)
    assert all(
        as_bytes(together[place]) == as_bytes(features_of(texts[place]))
        for place in (0, 63, 64, 511, 599)
    )


@pytest.mark.parametrize(
    "text", ["退款什么时候到账", "أين طلبي؟", "🙁🙁", "где мой заказ", "ตอนนี้", "हाय", "", " \n"]
)
def test_every_language_has_features(text: str) -> None:
    assert features_of(text).keys.size >= 1


def test_what_reads_the_same_has_the_same_features() -> None:
    assert as_bytes(features_of("Where IS  my\ncard?")) == as_bytes(
        features_of("where is my card?")
    )
    assert as_bytes(features_of("\N{FULLWIDTH LATIN SMALL LETTER C}ard")) == as_bytes(
        features_of("card")
    )


def test_a_typo_leaves_most_features_in_common() -> None:
    typo = likeness(features_of("my payment was declined"), features_of("my paymnt was declined"))
    other = likeness(features_of("my payment was declined"), features_of("open on sundays?"))
    assert typo > 0.4
    assert other < 0.2


def test_similar_meanings_are_closer_than_different_ones() -> None:
    asked, same, other = (
        features_of(text).dense
        for text in ("my card is lost", "i can't find my debit card", "what's the weather like")
    )
    assert asked @ same > asked @ other + 0.2


def test_metadata_are_categories_and_numbers_fall_into_buckets() -> None:
    def keys(**metadata: object) -> set[int]:
        found = features_of("hi", **metadata).keys
        return set(found[(found & KIND_MASK) == METADATA].tolist())

    assert keys(plan="Gold") == keys(plan="gold") != keys(plan="silver")
    assert keys(age=33) == keys(age=60) != keys(age=70)
    assert keys(age=-33) != keys(age=33)
    assert keys(tags=["a", "b"]) == keys(tags=["b", "a"])
    assert keys(nothing=None) == keys(nested={"a": 1}) == set()


def test_metadata_leave_the_text_most_of_its_say() -> None:
    features = features_of("where is my card", **{f"field{i}": f"value{i}" for i in range(50)})
    text = features.values[(features.keys & KIND_MASK) != METADATA]
    assert text @ text == pytest.approx(0.8, abs=1e-4)


def test_each_kind_of_feature_is_there() -> None:
    kinds = set((features_of("where is it", a="b").keys & KIND_MASK).tolist())
    assert kinds == {TOKEN, BIGRAM, CHARACTERS, METADATA}


def test_what_a_text_says_again_counts_more_though_less_each_time() -> None:
    features = features_of("printer ink printer paper printer")
    is_token = features.keys & np.uint32(KIND_MASK) == TOKEN
    values = np.unique(features.values[is_token])
    assert values[-1] / values[0] == pytest.approx(1 + np.log(3))


def test_a_very_long_text_costs_bounded_time() -> None:
    default_encoder()
    start = time.perf_counter()
    long = features_of("déjà vu " * 100_000)
    assert time.perf_counter() - start < 0.5
    assert as_bytes(long) == as_bytes(features_of(("déjà vu " * 100_000)[:LONGEST_TEXT]))


def test_as_many_metadata_as_texts_are_needed() -> None:
    with pytest.raises(ValueError, match="2 texts, but 1 metadata"):
        default_encoder().encode(["a", "b"], [{}])


def test_threads_share_one_encoder() -> None:
    texts = [f"text of a request {number} 日本" for number in range(200)]
    expected = [as_bytes(features_of(text)) for text in texts]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda text: as_bytes(features_of(text)), texts)) == expected


def test_another_process_makes_the_same_features_without_importing_the_wheels_package() -> None:
    script = (
        "import sys; from modelfleet.text import default_encoder\n"
        "f = default_encoder().encode(['wo ist 我的 card 🙁'], [{'plan': 'gold', 'n': 3}])[0]\n"
        "assert 'wordllama' not in sys.modules\n"
        "print((f.dense.tobytes() + f.keys.tobytes() + f.values.tobytes()).hex())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "12345", "PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run(  # noqa: S603 - our own interpreter and script
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    here = features_of("wo ist 我的 card 🙁", plan="gold", n=3)
    assert ran.stdout.strip() == as_bytes(here).hex()


def test_hashes_are_those_of_the_first_release() -> None:
    """Models are stored with these hashes: if this fails, all of them have to be trained anew."""
    assert features_of("Card", plan="gold").keys.tolist() == GOLDEN


GOLDEN = [176982507, 942012173, 1385833146, 1732198054, 2684590744, 3616944877, 3811492034]
