"""Learning what requests that some label fits look like, and how well held-out ones fit.

A text that was said over and over, with a word changed, is a poor guide to texts to come: the model
knows its copies, and so it fits better than a new one will. Such a request and its copies together
count as one where the least fit is looked for (`near_copies.py`).
"""

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from modelfleet.learners import near_copies
from modelfleet.learners.examples import Examples
from modelfleet.learners.novelty import MOST_REMEMBERED, Novelty, Scale
from modelfleet.learners.products import Matrix, product
from modelfleet.learners.recommended import (
    FIT_EXAMPLES,
    FIT_LEAST,
    FIT_MEAN_AND_DEVIATION,
    SIMILARITY_EXAMPLES,
)
from modelfleet.text import Features

_TINY = 1e-9


class Seen(msgspec.Struct, frozen=True, eq=False):
    """Requests that a model was asked about without having seen them.

    Attributes:
        features: n requests.
        targets: ``(n,)``, the right column of each; -1 where no label fits.
        energy: ``(n,)``, free energy of the scores that the final model gives such requests.
    """

    features: Sequence[Features]
    targets: NDArray[np.integer]
    energy: NDArray[np.float64]


def of_texts(label_texts: Examples) -> Novelty:
    """What is known from the labels' texts alone, measured by what is usual."""
    centres = _unit(_sums(label_texts))
    return Novelty(centres, np.zeros_like(centres[:0]), Scale(), len(centres))


def learn(known: Examples, seen: Seen, share: float) -> tuple[Novelty, NDArray[np.float64]]:
    """What a training set's requests look like, and how well each held-out request fits it.

    A request isn't compared with itself, though both its label's mean and the refused hold it.

    Args:
        known: examples and label texts.
        seen: held-out requests that are among the examples, or that people refused.
        share: of requests that a label fits, how many may be refused.
    """
    sums = _sums(known)
    dense = _dense(seen.features, sums.shape[1])
    is_refused = seen.targets < 0
    refused = dense[is_refused][-MOST_REMEMBERED:]
    means = _unit(sums)
    similarity = _similarity(dense, seen.targets, sums, means)
    nearest = _nearest_refused(dense, is_refused, refused)
    nearer = np.maximum(0.0, nearest - similarity)
    fitting = (seen.energy[~is_refused], similarity[~is_refused], nearer[~is_refused])
    weights = _weights(seen, np.flatnonzero(~is_refused), known)
    scale = _scale(*fitting, weights, share, len(known.targets))
    novelty = Novelty(means, refused, scale, len(sums))
    return novelty, np.asarray(scale.fit(seen.energy, similarity, nearer), np.float64)


def _scale(
    energy: NDArray[np.float64],
    similarity: NDArray[np.float64],
    nearer: NDArray[np.float64],
    weights: NDArray[np.float64],
    share: float,
    examples: int,
) -> Scale:
    """The scale by which ``share`` of these requests, which a label fits, would be refused.

    What is usual counts as much as `recommended.FIT_EXAMPLES` requests.
    """
    count = len(energy)
    trust = count / (count + FIT_EXAMPLES)
    usual_mean, usual_deviation = FIT_MEAN_AND_DEVIATION
    deviation = float(energy.std()) if count else 0.0
    raw = Scale(
        energy_mean=float(energy.mean()) if count else 0.0,
        energy_deviation=deviation if deviation > _TINY else 1.0,
        energy_weight=trust if deviation > _TINY else 0.0,
        similarity_mean=_pooled(similarity.mean() if count else 0.0, usual_mean, trust),
        similarity_deviation=_pooled(similarity.std() if count else 0.0, usual_deviation, trust),
        similarity_weight=min(1.0, SIMILARITY_EXAMPLES / max(1, examples)),
        least=0.0,
    )
    if not count:
        return msgspec.structs.replace(raw, least=FIT_LEAST)
    fits = np.asarray(raw.fit(energy, similarity, nearer))
    quantile = _quantile(fits, weights, share) if share < 1 else math.inf
    return msgspec.structs.replace(raw, least=_pooled(quantile, FIT_LEAST, trust))


def _weights(seen: Seen, rows: NDArray[np.intp], known: Examples) -> NDArray[np.float64]:
    """How much each request at ``rows`` counts: together with its near copies, one."""
    features = [seen.features[row] for row in rows.tolist()]
    return 1.0 / near_copies.counted(features, seen.targets[rows], known)


def _quantile(fits: NDArray[np.float64], weights: NDArray[np.float64], share: float) -> float:
    """The fit below which this share of the weight lies."""
    order = np.argsort(fits, kind="stable")
    below = np.cumsum(weights[order])
    place = int(np.searchsorted(below, share * below[-1], side="right"))
    return float(fits[order[min(place, len(order) - 1)]])


def _pooled(measured: float, usual: float, trust: float) -> float:
    return float(trust * measured + (1 - trust) * usual)


def _similarity(
    dense: Matrix, targets: NDArray[np.integer], sums: Matrix, means: Matrix
) -> NDArray[np.float64]:
    """Cosine of each request to the nearest label's mean; to its own label's without itself."""
    cosines = product(dense, means.T)
    rows = np.flatnonzero(targets >= 0)
    own = targets[rows]
    cosines[rows, own] = (_unit(sums[own] - dense[rows]) * dense[rows]).sum(axis=1)
    return np.asarray(cosines.max(axis=1, initial=-1.0), np.float64)


def _nearest_refused(
    dense: Matrix, is_refused: NDArray[np.bool_], refused: Matrix
) -> NDArray[np.float64]:
    """Cosine of each request to the nearest refused one that isn't itself; -1 without any."""
    cosines = product(dense, refused.T)
    own = np.flatnonzero(is_refused)[-MOST_REMEMBERED:]
    cosines[own, np.arange(len(refused))] = -1.0
    return np.asarray(cosines.max(axis=1, initial=-1.0), np.float64)


def _sums(examples: Examples) -> Matrix:
    """The sum of each label's embeddings ``(L, D)``."""
    width = len(examples.features[0].dense) if examples.features else 0
    count = len(examples.targets)
    shape = (len(examples.labels), count)
    places = (examples.targets, np.arange(count))
    chosen = csr_array((np.ones(count, np.float32), places), shape)
    return np.asarray(chosen @ _dense(examples.features, width))


def _dense(features: Sequence[Features], width: int) -> Matrix:
    if not features:
        return np.zeros((0, width), np.float32)
    return np.stack([one.dense for one in features])


def _unit(vectors: Matrix) -> Matrix:
    lengths = np.sqrt((vectors * vectors).sum(axis=1, keepdims=True))
    unit: Matrix = vectors / np.maximum(lengths, _TINY)
    return unit
