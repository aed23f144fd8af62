"""Label texts as examples: what a label is called is the first thing known about it."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.learners.recommended import LABEL_TEXT_HALF, LABEL_TEXT_WEIGHT
from modelfleet.text import Features, StaticEncoder


class Examples(msgspec.Struct, frozen=True, eq=False):
    """What a batch learner is given: n features, their labels' columns and their weights.

    Attributes:
        features: n of them.
        targets: ``(n,)``, a column of ``labels`` each.
        weights: float64 ``(n,)``.
        labels: L names.
    """

    features: Sequence[Features]
    targets: NDArray[np.intp]
    weights: NDArray[np.float64]
    labels: tuple[str, ...]


def with_label_texts(
    examples: Examples,
    label_texts: Mapping[str, Sequence[str]],
    encoder: StaticEncoder,
    weight: float = LABEL_TEXT_WEIGHT,
) -> Examples:
    """The examples, and each label's texts (name, description, keywords) as further ones.

    A label's texts share a weight that fades as the label gets examples of its own: ``weight``
    at none, half of it at `recommended.LABEL_TEXT_HALF` examples.
    """
    columns, texts = [], []
    for column, label in enumerate(examples.labels):
        own = [text for text in label_texts.get(label, ()) if text.strip()] or [label]
        texts += own
        columns += [column] * len(own)
    targets = np.array(columns, np.intp)
    count = len(examples.labels)
    seen = np.bincount(examples.targets, examples.weights, count)
    shares = (
        weight / (1 + seen / LABEL_TEXT_HALF) / np.maximum(1, np.bincount(targets, None, count))
    )
    return Examples(
        [*examples.features, *encoder.encode(texts, [{}] * len(texts))],
        np.concatenate([examples.targets, targets]),
        np.concatenate([examples.weights, shares[targets]]),
        examples.labels,
    )
