"""Training of the network: a program of its own, the only one that imports JAX (the extra `cnn`).

`cnn.py` runs it on one thread, arrays in and arrays out. The same examples give the same bytes:
batches, masks and first weights all come from one seeded generator.
"""

import sys
from collections.abc import Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import msgspec
import numpy as np
import optax
from numpy.random import Generator
from numpy.typing import NDArray
from safetensors.numpy import load, save

from modelfleet.learners.network import PADDING, WIDTHS, Network
from modelfleet.learners.products import product
from modelfleet.learners.recommended import (
    CNN_DROPPED_TOKENS,
    CNN_DROPPED_UNITS,
    CNN_FILTERS,
    CNN_LEARNING_RATE,
    CNN_VECTOR,
)
from modelfleet.text import default_encoder

Tokens = Sequence[NDArray[np.uint16]]
Weights = dict[str, Any]

_BATCH = 64
_LENGTHS = (16, 32, 64, 128, 256)
"""Lengths that texts are filled up to: each is compiled once (a second or two)."""

_LOOKED_AT = 3_000_000
"""How many places of texts are looked at in all epochs together, within the bounds on epochs: what
bounds the time, to about a minute of one slow core."""
_FEWEST_EPOCHS, _MOST_EPOCHS = 4, 20


class _Batch(msgspec.Struct, frozen=True, eq=False):
    """Some examples of about one length, and what of them is dropped this time.

    ``rows`` is int32 ``(B, t)``: which row of the static vectors each token has, 0 for none.
    ``kept`` is float32 ``(B, units)``. Examples that only fill the batch up have no weight.
    """

    rows: NDArray[np.int32]
    kept: NDArray[np.float32]
    targets: NDArray[np.int32]
    weights: NDArray[np.float32]


class _Examples(msgspec.Struct, frozen=True, eq=False):
    rows: Sequence[NDArray[np.intp]]
    targets: NDArray[np.integer]
    weights: NDArray[np.floating]


def fit(
    tokens: Tokens,
    targets: NDArray[np.integer],
    count: int,
    weights: NDArray[np.floating],
    generator: Generator,
) -> Network:
    """A network trained on n texts, by Adam (Kingma & Ba 2015) with a rate that falls to zero.

    Each token starts from its static vector, to which a change is learned (Kim's "non-static").

    Args:
        tokens: of each text, at most `modelfleet.text.features.MOST_TOKENS`.
        targets: ``(n,)``, each one's label.
        count: of labels.
        weights: ``(n,)``, how much each example counts.
        generator: where all that is random comes from.
    """
    known = np.unique(np.concatenate(tokens))
    static = _static_vectors(known)
    rows = [known.searchsorted(text) + 1 for text in tokens]
    examples = _Examples(rows, targets, weights)
    places = sum(len(text) + 2 * PADDING for text in tokens)
    epochs = int(np.clip(_LOOKED_AT // places, _FEWEST_EPOCHS, _MOST_EPOCHS))
    steps = epochs * len(_grouped(rows, np.arange(len(rows))))
    optimiser = optax.adam(optax.cosine_decay_schedule(CNN_LEARNING_RATE, steps))
    learned = _start(static.shape, count, generator)
    state = optimiser.init(learned)
    step = _step(optimiser, jnp.asarray(static))
    for _ in range(epochs):
        for batch in _batches(examples, generator):
            learned, state = step(
                learned, state, batch.rows, batch.kept, batch.targets, batch.weights
            )
    return _network(known, static, {name: np.asarray(array) for name, array in learned.items()})


def _static_vectors(known: NDArray[np.uint16]) -> NDArray[np.float32]:
    """A row of zeros for no token, and the static vectors of the known ones: ``(1 + V, 256)``."""
    static = default_encoder().vectors(known)
    static = static / np.float32(np.sqrt((static.astype(np.float64) ** 2).mean()))
    return np.concatenate([np.zeros_like(static[:1]), static])


def _start(shape: tuple[int, ...], count: int, generator: Generator) -> Weights:
    """The weights to begin with (He et al. 2015)."""

    def normal(scale: float, *shape: int) -> NDArray[np.float32]:
        return (generator.standard_normal(shape) * scale).astype(np.float32)

    filters = {
        f"filters_{width}": normal(
            (2 / (width * CNN_VECTOR)) ** 0.5, width * CNN_VECTOR, CNN_FILTERS
        )
        for width in WIDTHS
    }
    return filters | {
        "change": np.zeros(shape, np.float32),
        "projection": normal(shape[1] ** -0.5, shape[1], CNN_VECTOR),
        "levels": np.zeros(len(WIDTHS) * CNN_FILTERS, np.float32),
        "weights": normal(0.01, len(WIDTHS) * CNN_FILTERS, count),
        "bias": np.zeros(count, np.float32),
    }


def _batches(examples: _Examples, generator: Generator) -> Iterator[_Batch]:
    """All examples once, in a new order."""
    groups = _grouped(examples.rows, generator.permutation(len(examples.rows)))
    for number in generator.permutation(len(groups)):
        yield _batch(examples, groups[number], generator)


def _grouped(rows: Sequence[NDArray[np.intp]], order: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """The examples by their lengths, in groups of at most a batch, else in their order."""
    lengths = np.array([len(rows[number]) for number in order.tolist()])
    bounds = np.searchsorted(_LENGTHS, lengths)
    by_length = [order[bounds == bound] for bound in range(len(_LENGTHS))]
    return [
        chosen[start : start + _BATCH]
        for chosen in by_length
        for start in range(0, len(chosen), _BATCH)
    ]


def _batch(examples: _Examples, chosen: NDArray[np.intp], generator: Generator) -> _Batch:
    longest = max(len(examples.rows[number]) for number in chosen.tolist())
    length = _LENGTHS[int(np.searchsorted(_LENGTHS, longest))]
    rows = np.zeros((_BATCH, length + 2 * PADDING), np.int32)
    for place, number in enumerate(chosen.tolist()):
        text = examples.rows[number]
        rows[place, PADDING : PADDING + len(text)] = text
    rows *= generator.random(rows.shape, np.float32) >= CNN_DROPPED_TOKENS
    kept = generator.random((_BATCH, len(WIDTHS) * CNN_FILTERS), np.float32) >= CNN_DROPPED_UNITS
    missing = _BATCH - len(chosen)
    return _Batch(
        rows,
        kept.astype(np.float32) / np.float32(1 - CNN_DROPPED_UNITS),
        np.pad(examples.targets[chosen], (0, missing)).astype(np.int32),
        np.pad(examples.weights[chosen], (0, missing)).astype(np.float32),
    )


def _step(optimiser: optax.GradientTransformation, static: jax.Array) -> Any:  # noqa: ANN401 - JAX's own
    """One step of the search as a function of weights, the optimiser's state and a batch."""

    @jax.jit
    def step(learned: Weights, state: optax.OptState, *batch: jax.Array) -> tuple[Weights, Any]:
        gradient = jax.grad(_loss)(learned, static, *batch)
        changes, state = optimiser.update(gradient, state)
        return optax.apply_updates(learned, changes), state

    return step


def _loss(
    learned: Weights,
    static: jax.Array,
    rows: jax.Array,
    kept: jax.Array,
    targets: jax.Array,
    weights: jax.Array,
) -> jax.Array:
    """The mean log loss of a batch; what `Network.scores` computes, with parts dropped."""
    vectors = static[rows] + learned["change"][rows] * (rows > 0)[..., None]
    placed = vectors @ learned["projection"]
    found = jax.nn.relu(_pooled(learned, placed) + learned["levels"]) * kept
    scores = found @ learned["weights"] + learned["bias"]
    losses = optax.softmax_cross_entropy_with_integer_labels(scores, targets)
    return jnp.sum(losses * weights) / _BATCH


def _pooled(learned: Weights, placed: jax.Array) -> jax.Array:
    best = []
    for width in WIDTHS:
        windows = placed.shape[1] - width + 1
        seen = jnp.concatenate([placed[:, i : i + windows] for i in range(width)], axis=-1)
        best.append((seen @ learned[f"filters_{width}"]).max(axis=1))
    return jnp.maximum(jnp.concatenate(best, axis=1), 0)


def _network(
    known: NDArray[np.uint16], static: NDArray[np.float32], learned: dict[str, NDArray[np.float32]]
) -> Network:
    changed = (static + learned["change"])[1:].astype(np.float64)
    vectors = product(changed, learned["projection"].astype(np.float64))
    return Network(
        tokens=known,
        vectors=vectors.astype(np.float16),
        filters=np.concatenate([learned[f"filters_{width}"] for width in WIDTHS]),
        levels=learned["levels"],
        weights=learned["weights"],
        bias=learned["bias"],
    )


def main() -> None:
    """Train on the arrays that come in (safetensors), and give the network's out."""
    given = load(sys.stdin.buffer.read())
    trained = fit(
        np.split(given["tokens"], given["ends"][:-1]),
        given["targets"],
        int(given["labels"][0]),
        given["weights"],
        np.random.Generator(np.random.PCG64(int(given["seed"][0]))),
    )
    sys.stdout.buffer.write(save(trained.to_arrays()))


if __name__ == "__main__":
    main()
