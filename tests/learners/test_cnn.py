"""A network for tenants with many examples: served without a framework, and sure of its bytes."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelfleet.errors import InvalidInput
from modelfleet.learners import Overlay, cnn, logistic, opened, study
from modelfleet.learners.cnn import CnnModel
from modelfleet.learners.examples import Examples
from modelfleet.learners.linear import LinearModel
from modelfleet.learners.network import PADDING, WIDTHS, Network
from modelfleet.text import Features, default_encoder

LABELS = ("a", "b", "c")
LENGTH, FILTERS = 4, 5


def encoded(text: str) -> Features:
    return default_encoder().encode([text], [{}])[0]


def network(seed: int = 0) -> Network:
    generator = np.random.default_rng(seed)

    def normal(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return generator.standard_normal(shape).astype(np.float32)

    return Network(
        tokens=np.arange(0, 100, 2).astype(np.uint16),
        vectors=normal(50, LENGTH).astype(np.float16),
        filters=normal(sum(WIDTHS) * LENGTH, FILTERS),
        levels=normal(len(WIDTHS) * FILTERS),
        weights=normal(len(WIDTHS) * FILTERS, len(LABELS)),
        bias=normal(len(LABELS)),
    )


@pytest.fixture
def without_framework(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jax", None)


@pytest.mark.usefixtures("without_framework")
def test_a_recipe_that_asks_for_it_without_the_extra_hears_what_to_install(
    examples: Examples,
) -> None:
    with pytest.raises(InvalidInput, match=r"learning\.learner: .*pip install 'modelfleet\[cnn\]'"):
        study("cnn", examples)


@pytest.mark.usefixtures("without_framework")
def test_it_is_served_without_the_framework() -> None:
    model = CnnModel(LinearModel.empty(LABELS), network())
    again = opened("cnn", LABELS, model.to_arrays())
    scores = again.scores([encoded("any words will do")])[0]
    assert scores.shape == (3,)
    assert (scores == model.scores([encoded("any words will do")])[0]).all()
    assert again.nbytes == sum(array.nbytes for array in model.to_arrays().values())


@given(st.lists(st.integers(0, 120), max_size=70), st.integers(0, 3))
def test_each_filter_counts_where_it_fits_best(tokens: list[int], seed: int) -> None:
    """Kim's network, computed place by place; tokens that it doesn't know are as if left out."""
    known = network(seed)
    empty = np.zeros(LENGTH)
    vectors = [known.vectors[t // 2].astype(float) if t in known.tokens else empty for t in tokens]
    placed = [empty] * PADDING + vectors + [empty] * PADDING
    filters = np.split(known.filters, np.cumsum(WIDTHS)[:-1] * LENGTH)
    pooled = [
        np.max(
            [np.concatenate(placed[i : i + width]) @ own for i in range(len(placed) - width + 1)], 0
        )
        for width, own in zip(WIDTHS, filters, strict=True)
    ]
    found = np.maximum(np.maximum(np.concatenate(pooled), 0) + known.levels, 0)
    scores = known.scores(np.array(tokens, np.uint16))
    assert np.allclose(scores, found @ known.weights + known.bias, atol=1e-3)


@pytest.mark.parametrize("text", ["", "\N{GRINNING FACE}", "\u5e2e\u5fd9", "word " * 20_000])
def test_any_text_gets_scores(text: str) -> None:
    assert np.isfinite(network().scores(encoded(text).tokens)).all()


def test_features_keep_the_words_in_their_order() -> None:
    forth, back = encoded("paid twice"), encoded("twice paid")
    assert sorted(forth.tokens) == sorted(back.tokens)
    assert forth.tokens.tolist() != back.tokens.tolist()
    together = default_encoder().encode(["paid twice", "", "twice paid"], [{}] * 3)
    assert [f.tokens.tolist() for f in together] == [
        forth.tokens.tolist(),
        [],
        back.tokens.tolist(),
    ]


@pytest.mark.parametrize("name", ["network.tokens", "network.vectors", "network.filters", "bias"])
def test_arrays_that_are_no_such_model_are_refused_by_name(name: str) -> None:
    arrays = CnnModel(LinearModel.empty(LABELS), network()).to_arrays()
    with pytest.raises(ValueError, match=name.rpartition(".")[2]):
        opened("cnn", LABELS, {other: array for other, array in arrays.items() if other != name})
    with pytest.raises(ValueError, match=name.rpartition(".")[2]):
        opened("cnn", LABELS, arrays | {name: arrays[name].astype(np.float64)})


def test_a_correction_on_top_of_it_is_known_at_once() -> None:
    model = CnnModel(LinearModel.empty(LABELS), network())
    request = encoded("the invoice is wrong")
    worst = LABELS[int(model.scores([request])[0].argmin())]
    overlay = Overlay.over(model.labels).corrected(request, worst, model.scores([request])[0])
    assert LABELS[int(overlay.total([request], model.scores([request]))[0].argmax())] == worst


def test_few_examples_make_a_linear_model(examples: Examples) -> None:
    linear = logistic.fit(examples.features, examples.targets, examples.labels, examples.weights)
    model = cnn.fit(examples.features, examples.targets, examples.labels, examples.weights)
    assert model.network is None
    assert model.to_arrays().keys() == linear.to_arrays().keys()
