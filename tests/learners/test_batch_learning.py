"""A model learned from examples: right, the same every time, and small."""

import os
import subprocess
import sys

import msgspec
import numpy as np
import pytest

from modelfleet.errors import InvalidInput
from modelfleet.learners import LinearModel, Model, calibration, logistic, prototypes, study
from modelfleet.learners.design import Design, Kernel, Scales, design
from modelfleet.learners.dual import Part, Prepared
from modelfleet.learners.examples import Examples, with_label_texts
from modelfleet.learners.products import Matrix
from modelfleet.learners.recommended import LABEL_TEXT_WEIGHT
from modelfleet.text import Features, default_encoder
from modelfleet.text.features import CHARACTERS, KIND_MASK, TOKEN

LABELS = ("a", "b", "c")


def fitted(examples: Examples) -> LinearModel:
    return logistic.fit(examples.features, examples.targets, examples.labels, examples.weights)


def encoded(text: str) -> Features:
    return default_encoder().encode([text], [{}])[0]


def model_bytes(model: Model) -> bytes:
    return b"".join(array.tobytes() for array in model.to_arrays().values())


def test_a_model_decides_its_own_examples_and_ones_like_them(examples: Examples) -> None:
    model = fitted(examples)
    right = [
        model.scores([f])[0].argmax() == t
        for f, t in zip(examples.features, examples.targets, strict=True)
    ]
    assert np.mean(right) > 0.98
    assert examples.labels[model.scores([encoded("my invoice is wrong")])[0].argmax()] == "billing"


def test_the_same_examples_give_the_same_bytes(examples: Examples) -> None:
    assert model_bytes(fitted(examples)) == model_bytes(fitted(examples))


def test_neither_the_process_nor_its_threads_change_a_bit() -> None:
    assert _trained_elsewhere("2", "7") == _trained_elsewhere("1", "0")


def _trained_elsewhere(threads: str, hash_seed: str) -> str:
    script = (
        "import hashlib, numpy as np\n"
        "from modelfleet.text import default_encoder\n"
        "from modelfleet.learners import logistic\n"
        "texts = [f'{a} {b} {n}' for n in range(24) for a in ('lost', 'new', 'my', 'old')\n"
        "         for b in ('card', 'bill', 'trip', 'home', 'phone')]\n"
        "features = default_encoder().encode(texts, [{}] * len(texts))\n"
        "targets = np.arange(len(texts)) % 5\n"
        "model = logistic.fit(features, targets, tuple('abcde'), np.ones(len(texts)))\n"
        "arrays = model.to_arrays().values()\n"
        "print(hashlib.sha256(b''.join(a.tobytes() for a in arrays)).hexdigest())"
    )
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "PYTHONHASHSEED": hash_seed,
        "OPENBLAS_NUM_THREADS": threads,
    }
    return subprocess.run(  # noqa: S603 - our own interpreter and script
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    ).stdout


def alone(wanted: Matrix, weights: Matrix, strength: float, kernel: Kernel) -> logistic.Problem:
    """The problem of one model."""
    return logistic.Problem(wanted, weights[None], np.array([strength]), kernel)


def explicit_kernel(known: Design) -> Kernel:
    gram = known.gram()
    return lambda left: left @ gram


def test_both_ways_to_the_minimum_meet(examples: Examples) -> None:
    known = design(examples.features, Scales(sparse=1.3))
    wanted = np.eye(4)[:, examples.targets]
    found = [
        logistic.minimise(alone(wanted, examples.weights, 0.1, kernel), 1e-8)
        for kernel in (explicit_kernel(known), known.implicit_kernel())
    ]
    assert np.abs(found[0] - found[1]).max() < 1e-6


def test_at_the_minimum_every_coefficient_is_its_examples_error(examples: Examples) -> None:
    """The optimality condition of the objective, checked from outside."""
    known = design(examples.features, Scales())
    wanted = np.eye(4)[:, examples.targets]
    weights = np.linspace(0.5, 2, len(examples.features))
    kernel = explicit_kernel(known)
    (found,) = logistic.minimise(alone(wanted, weights, 0.3, kernel), 1e-9)
    errors = wanted - calibration.probabilities(kernel(found).T, 1.0).T
    assert np.abs(found - errors * weights / 0.3).max() < 1e-5


def test_with_a_margin_every_example_leads_its_rivals_by_more(examples: Examples) -> None:
    known = design(examples.features, Scales())
    wanted = np.eye(len(examples.labels), dtype=np.float32)[examples.targets].T
    usual = alone(wanted, examples.weights, 0.3, known.implicit_kernel())

    def led_by(margin: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        problem = msgspec.structs.replace(usual, margin=margin)
        (scores,) = problem.mapped(logistic.minimise(problem))
        rivals = np.where(wanted == 1, -np.inf, scores).max(axis=0)
        return np.asarray((scores * wanted).sum(axis=0) - rivals)

    assert np.all(led_by(8.0) > led_by(0.0))


def test_an_examples_weight_is_as_many_copies_of_it(examples: Examples) -> None:
    known = design(examples.features, Scales())
    twice = Examples(
        [*examples.features, examples.features[0]],
        np.append(examples.targets, examples.targets[0]),
        np.ones(len(examples.features) + 1),
        examples.labels,
    )
    weights = examples.weights.copy()
    weights[0] = 2
    heavy = alone(np.eye(4)[:, examples.targets], weights, 0.1, explicit_kernel(known))
    (scores,) = heavy.mapped(logistic.minimise(heavy, 1e-8))
    same_scales = design(twice.features, Scales())
    # The repeated example changes document frequencies a little, so scores agree nearly.
    copied = alone(np.eye(4)[:, twice.targets], twice.weights, 0.1, explicit_kernel(same_scales))
    others = copied.mapped(logistic.minimise(copied, 1e-8))[0, :, :-1]
    assert np.abs(scores - others).max() < 0.1


def test_ngrams_of_characters_count_the_more_the_longer_texts_are(examples: Examples) -> None:
    def say_of_characters(filler: str) -> float:
        """How much larger their weights are than those of tokens."""
        words = [name for name in examples.labels for _ in range(6)]
        texts = [f"{word} {number} {filler}" for number, word in enumerate(words)]
        features = default_encoder().encode(texts, [{}] * len(texts))
        targets = np.arange(len(texts)) // 6
        model = logistic.fit(features, targets, examples.labels, np.ones(len(texts)))
        kinds = model.keys & np.uint32(KIND_MASK)
        size = np.abs(model.sparse * model.scale).mean(axis=1)
        return float(size[kinds == CHARACTERS].mean() / size[kinds == TOKEN].mean())

    filler = "what i wrote to you before is still so and nobody has said a word about it since then"
    assert say_of_characters(f"{filler} {filler[::-1]}") > 1.5 * say_of_characters("")


def test_a_model_of_nothing_scores_nothing() -> None:
    none = np.zeros(0, np.intp)
    assert logistic.fit([], none, LABELS, np.zeros(0)).scores([encoded("hi")])[0].tolist() == [
        0,
        0,
        0,
    ]
    assert prototypes.fit({}, default_encoder()).labels == ()


def test_one_label_is_enough() -> None:
    model = prototypes.fit({"all": ["everything"]}, default_encoder())
    assert calibration.probabilities(model.scores([encoded("hi")])[0], 1.0).tolist() == [1.0]


def test_contradictions_do_not_break_training() -> None:
    features = [encoded("the same text")] * 30
    model = logistic.fit(features, np.arange(30) % 3, LABELS, np.ones(30))
    found = calibration.probabilities(model.scores([features[0]])[0], 1.0)
    assert found == pytest.approx([1 / 3] * 3, abs=0.01)


def test_a_model_comes_back_from_its_arrays_without_a_copy(examples: Examples) -> None:
    model = fitted(examples)
    arrays = {
        name: np.frombuffer(a.tobytes(), a.dtype).reshape(a.shape)
        for name, a in model.to_arrays().items()
    }
    again = LinearModel.from_arrays(model.labels, arrays)
    text = encoded("where is my parcel")
    assert (again.scores([text])[0] == model.scores([text])[0]).all()
    assert np.shares_memory(again.dense, arrays["dense"])
    assert model.nbytes == sum(array.nbytes for array in arrays.values())


def test_a_model_of_the_first_format_scores_as_it_did(examples: Examples) -> None:
    model = fitted(examples)
    rng = np.random.default_rng(3)
    exact = model.dense + rng.normal(0, 1e-5, model.dense.shape).astype(np.float32)
    old = LinearModel.from_arrays(model.labels, model.to_arrays() | {"dense": exact})
    text = encoded("where is my parcel")
    rest = LinearModel.from_arrays(
        model.labels, model.to_arrays() | {"dense": np.zeros_like(exact)}
    )
    expected = rest.scores([text])[0] + text.dense @ exact
    assert old.scores([text])[0] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("bias", lambda array: array[:-1]),
        ("dense", lambda array: array.astype(np.float64)),
        ("sparse", lambda array: array[:-1]),
        ("keys", lambda _: None),
    ],
)
def test_arrays_that_are_no_models_are_refused(
    examples: Examples, name: str, change: object
) -> None:
    assert callable(change)
    arrays = fitted(examples).to_arrays()
    changed = change(arrays.pop(name))
    arrays |= {} if changed is None else {name: changed}
    with pytest.raises(ValueError, match="array"):
        LinearModel.from_arrays(examples.labels, arrays)


def test_a_model_of_300_examples_and_5_labels_fits_into_100_kilobytes() -> None:
    rng = np.random.default_rng(5)
    words = [f"word{number}" for number in range(2_000)]
    texts = [" ".join(rng.choice(words, 60)) for _ in range(300)]
    features = default_encoder().encode(texts, [{}] * 300)
    model = logistic.fit(features, np.arange(300) % 5, tuple("abcde"), np.ones(300))
    assert model.nbytes < 100_000


def test_a_label_is_found_by_what_it_is_called() -> None:
    texts = {
        "card": ["lost card", "Cards that were lost or stolen"],
        "rate": ["exchange rate", "Questions about currencies"],
        "empty": ["", " "],
    }
    model = prototypes.fit(texts, default_encoder())
    assert model.labels == tuple(texts)
    found = model.scores([encoded("somebody stole my credit card")])[0]
    assert model.labels[found.argmax()] == "card"
    assert 0.4 < calibration.probabilities(found, 1.0).max() < 0.99


def test_label_texts_fade_as_examples_arrive(examples: Examples) -> None:
    texts = {label: [label, f"all about {label}"] for label in examples.labels}
    few = Examples(examples.features[:1], examples.targets[:1], np.ones(1), examples.labels)
    known_few = with_label_texts(few, texts, default_encoder())
    known_many = with_label_texts(examples, texts, default_encoder())
    assert len(known_few.features) == 1 + 8
    assert known_many.weights[-8:].max() < known_few.weights[-8:].min()
    assert known_few.weights[-1] == pytest.approx(LABEL_TEXT_WEIGHT / 2)


def test_what_was_learned_of_some_says_the_same_as_their_model(examples: Examples) -> None:
    for learner in ("logistic", "mira"):
        learn = study(learner, examples).learn
        weights = np.where(np.arange(len(examples.features)) % 3, examples.weights, 0)
        learned = learn(weights)
        rows = np.flatnonzero(weights == 0)
        model = learned.model()
        scores = np.array([model.scores([examples.features[row]])[0] for row in rows.tolist()])
        assert np.abs(learned.scores(rows) - scores).max() < 0.05  # weights are rounded to bytes
        assert (scores.argmax(axis=1) == examples.targets[rows]).mean() > 0.8


@pytest.mark.parametrize("learner", ["logistic", "mira"])
def test_models_learned_together_are_those_that_are_learned_alone(
    examples: Examples, learner: str
) -> None:
    studied = study(learner, examples)
    place = np.arange(len(examples.features))
    left_out = [place % 3 == 0, place % 3 == 1, place < 5, place < 0]
    weightings = np.array([np.where(out, 0, examples.weights * 2) for out in left_out])
    together = studied.learn_each(weightings)
    alone = [studied.learn(weights) for weights in weightings]
    for one, other in zip(together, alone, strict=True):
        assert np.abs(one.scores(place) - other.scores(place)).max() < 1e-3
    again = studied.learn_each(weightings)
    assert [model_bytes(one.model()) for one in again] == [
        model_bytes(one.model()) for one in together
    ]


def test_a_search_that_begins_nearby_ends_at_the_same_minimum(examples: Examples) -> None:
    learn = study("logistic", examples).learn
    weights = np.where(np.arange(len(examples.features)) % 3, examples.weights, 0)
    rows = np.arange(len(examples.features))
    anew = learn(examples.weights).scores(rows)
    after = learn(weights).again(examples.weights).scores(rows)
    assert (
        np.abs(calibration.probabilities(anew, 1) - calibration.probabilities(after, 1)).max() < 0.1
    )


def test_mira_learns_in_batch_and_the_same_every_time(examples: Examples) -> None:
    models = [study("mira", examples).learn(examples.weights).model() for _ in range(2)]
    assert model_bytes(models[0]) == model_bytes(models[1])
    right = [
        models[0].scores([f])[0].argmax() == t
        for f, t in zip(examples.features, examples.targets, strict=True)
    ]
    assert np.mean(right) > 0.98


def test_a_learner_that_is_not_known_is_named_with_those_that_are(examples: Examples) -> None:
    with pytest.raises(InvalidInput, match="logistic"):
        study("forest", examples)


def test_examples_that_contradict_each_other_are_followed_less(examples: Examples) -> None:
    def followed(targets: np.ndarray[tuple[int], np.dtype[np.intp]]) -> float:
        """How large the scores are, next to those of a model that follows examples as usual."""
        told = Examples(examples.features, targets, examples.weights, examples.labels)
        studied = study("logistic", told)
        unseen = np.arange(len(targets)) % 3 == 0
        weights = np.where(unseen, 0, told.weights)
        rows = np.flatnonzero(unseen)
        suited, usual = studied.learn_suited(weights, rows), studied.learn(weights)
        again = suited.again(told.weights).scores(rows), usual.again(told.weights).scores(rows)
        assert np.abs(suited.scores(rows)).max() > 0
        return float(np.abs(again[0]).mean() / np.abs(again[1]).mean())

    mixed_up = np.random.default_rng(3).permutation(examples.targets)
    assert followed(examples.targets) > 0.8
    assert followed(mixed_up) < 0.6


def test_a_wide_margin_is_kept_if_more_of_what_was_held_out_is_right(examples: Examples) -> None:
    studied = study("logistic", examples)
    assert isinstance(studied, Prepared)
    held_out = np.arange(len(examples.targets)) % 3 == 0
    weights, rows = np.where(held_out, 0, examples.weights), np.flatnonzero(held_out)

    def wrong(part: Part) -> Matrix:
        """Coefficients that say the opposite of what was learned."""
        assert part.start is not None
        return -part.start

    def in_vain(_: Part) -> Matrix:
        pytest.fail("labels that contradict each other are parted by a margin")

    usual = msgspec.structs.replace(studied, wider=None).learn_suited(weights, rows)
    misled = msgspec.structs.replace(studied, wider=wrong).learn_suited(weights, rows)
    assert np.array_equal(misled.scores(rows), usual.scores(rows))
    assert np.mean(usual.scores(rows).argmax(axis=1) == examples.targets[rows]) > 0.5
    mixed_up = np.random.default_rng(3).permutation(examples.targets)
    contradicting = study("logistic", msgspec.structs.replace(examples, targets=mixed_up))
    assert isinstance(contradicting, Prepared)
    msgspec.structs.replace(contradicting, wider=in_vain).learn_suited(weights, rows)
