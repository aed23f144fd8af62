"""The text CNN for tenants with many examples: a network whose scores are added to linear ones.

The linear model knows words, parts of words and metadata; the network (`network.py`) knows which
words stand next to each other and what words it hasn't seen together have in common. They err
differently, so both together are right more often than either (`docs/learning.md`). What share the
network has is found on examples that neither was trained on, and may be none.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from zlib import crc32

import msgspec
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load, save

from modelfleet.errors import InvalidInput, ModelfleetError
from modelfleet.learners import calibration, logistic
from modelfleet.learners.arrays import Array
from modelfleet.learners.linear import LinearModel
from modelfleet.learners.network import Network
from modelfleet.learners.recommended import CNN_FEWEST_EXAMPLES
from modelfleet.text import Features

_SHARES = (0.0, 0.35, 0.5, 0.65)
_HELD_OUT = 10
_PREFIX = "network."
_FRAMEWORK = ("jax", "optax")


class CnnModel(msgspec.Struct, frozen=True, eq=False):
    """One score per label: the linear model's and the network's, which add up.

    ``network`` is None where there are too few examples for one, or where it made nothing better.
    """

    linear: LinearModel
    network: Network | None

    @classmethod
    def from_arrays(cls, labels: tuple[str, ...], arrays: Mapping[str, Array]) -> "CnnModel":
        """The model of which `to_arrays` gave ``arrays``, without copying them.

        Raises:
            ValueError: if an array is missing, or its shape or type isn't that of such a model.
        """
        own = {
            name.removeprefix(_PREFIX): array
            for name, array in arrays.items()
            if name.startswith(_PREFIX)
        }
        linear = LinearModel.from_arrays(labels, arrays)
        return cls(linear, Network.from_arrays(len(labels), own) if own else None)

    def to_arrays(self) -> dict[str, Array]:
        """All but the labels, as plain named arrays."""
        own = self.network.to_arrays() if self.network else {}
        return self.linear.to_arrays() | {_PREFIX + name: array for name, array in own.items()}

    @property
    def labels(self) -> tuple[str, ...]:
        """L names, in the order of the scores."""
        return self.linear.labels

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(array.nbytes for array in self.to_arrays().values())

    def scores(self, features: Sequence[Features]) -> NDArray[np.float32]:
        """One score per request and label, float32 ``(n, L)``."""
        scores = self.linear.scores(features)
        if self.network is not None:
            for row, one in enumerate(features):
                scores[row] += self.network.scores(one.tokens)
        return scores


def fit(
    features: Sequence[Features],
    targets: NDArray[np.integer],
    labels: tuple[str, ...],
    weights: NDArray[np.floating],
) -> CnnModel:
    """The model that explains the examples best; of few examples, it is a linear one.

    A tenth of the examples is held out from the network, to find its share.

    Args:
        features: n examples; none gives the model that scores zero.
        targets: ``(n,)``, each example's column of ``labels``; a label may have no example.
        labels: L names.
        weights: ``(n,)``, how much each example counts, positive.

    Raises:
        ModelfleetError: the process that trains it failed.
    """
    linear = logistic.fit(features, targets, labels, weights)
    if len(features) < CNN_FEWEST_EXAMPLES or len(labels) <= 1:
        return CnnModel(linear, None)
    seed = _seed(features, targets)
    generator = np.random.Generator(np.random.PCG64(seed))
    held_out = generator.permutation(len(features)) % _HELD_OUT == 0
    seen = _chosen(features, ~held_out)
    counts = {"labels": np.array([len(labels)]), "seed": np.array([seed])}
    network = _trained(counts | _plain(seen, targets[~held_out], weights[~held_out]))
    rival = logistic.fit(seen, targets[~held_out], labels, weights[~held_out])
    unseen = _chosen(features, held_out)
    share = _share(
        rival.scores(unseen),
        np.array([network.scores(example.tokens) for example in unseen]),
        targets[held_out],
    )
    if share == 0:
        return CnnModel(linear, None)
    return CnnModel(linear.scaled(1 - share), network.scaled(share))


def check_framework() -> None:
    """Whether networks can be trained here.

    Raises:
        InvalidInput: what trains them isn't installed.
    """
    missing = [name for name in _FRAMEWORK if find_spec(name) is None]
    if missing:
        raise InvalidInput.at(
            "learning.learner",
            f"'cnn' needs {', '.join(missing)}, not installed here: pip install 'modelfleet[cnn]'",
        )


def _trained(given: Mapping[str, NDArray[np.generic]]) -> Network:
    """The network that a process of its own trains, from and to plain named arrays.

    JAX's sums depend on how many threads it has, which only a process's environment tells it
    (``NPROC``), and it keeps memory and threads for as long as its process lives.
    """
    done = subprocess.run(
        [sys.executable, "-m", "modelfleet.learners.cnn_training"],
        input=save(dict(given)),
        env={**os.environ, "NPROC": "1", "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        check=False,
    )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise ModelfleetError(f"the training of the network ended with {done.returncode}: {said}")
    return Network.from_arrays(int(given["labels"][0]), load(done.stdout))


def _plain(
    features: Sequence[Features], targets: NDArray[np.integer], weights: NDArray[np.floating]
) -> dict[str, NDArray[np.generic]]:
    """Examples as arrays: all tokens one after the other, and where each text ends."""
    tokens = [example.tokens for example in features]
    return {
        "tokens": np.concatenate(tokens),
        "ends": np.cumsum([len(text) for text in tokens]),
        "targets": np.asarray(targets, np.int64),
        "weights": np.asarray(weights, np.float64),
    }


def _seed(features: Sequence[Features], targets: NDArray[np.integer]) -> int:
    """A number that follows from the examples and their order alone."""
    seed = crc32(np.asarray(targets, np.int64).tobytes())
    for example in features:
        seed = crc32(example.tokens.tobytes(), seed)
    return seed


def _chosen(features: Sequence[Features], chosen: NDArray[np.bool_]) -> list[Features]:
    return [features[row] for row in np.flatnonzero(chosen).tolist()]


def _share(
    linear: NDArray[np.float32], network: NDArray[np.float32], targets: NDArray[np.integer]
) -> float:
    """The network's share at which the log loss, calibrated, is lowest."""

    def loss(share: float) -> float:
        scores = (1 - share) * linear + share * network
        likely = calibration.probabilities(scores, calibration.temperature(scores, targets))
        return -float(np.log(likely[np.arange(len(targets)), targets] + 1e-30).sum())

    return min(_SHARES, key=loss)
