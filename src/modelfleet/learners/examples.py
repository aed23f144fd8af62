"""Label texts as examples: what a label is called is the first thing known about it."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.learners.recommended import LABEL_TEXT_HALF, LABEL_TEXT_WEIGHT
from modelfleet.text import Encoder, Features


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

    def since(self, first: int) -> "Examples":
        """Those from the one at ``first`` on."""
        features, targets = self.features[first:], self.targets[first:]
        return Examples(features, targets, self.weights[first:], self.labels)


def joined(examples: Examples, more: Examples) -> Examples:
    """The one, and then the other."""
    return Examples(
        [*examples.features, *more.features],
        np.concatenate([examples.targets, more.targets]),
        np.concatenate([examples.weights, more.weights]),
        examples.labels,
    )


def text_weights(
    targets: NDArray[np.integer], seen: NDArray[np.number], trust: float
) -> NDArray[np.float64]:
    """The weights of label texts, which fade as the label gets examples of its own.

    Args:
        targets: each text's column.
        seen: ``(L,)``, the weight of each label's examples.
        trust: weight, in examples, that a label's texts share while it has none; half of it at
            `recommended.LABEL_TEXT_HALF` examples.
    """
    shared = np.maximum(1, np.bincount(targets, None, len(seen)))
    weights: NDArray[np.float64] = (trust / (1 + seen / LABEL_TEXT_HALF) / shared)[targets]
    return weights


def with_label_texts(
    examples: Examples,
    label_texts: Mapping[str, Sequence[str]],
    encoder: Encoder,
    weight: float = LABEL_TEXT_WEIGHT,
) -> Examples:
    """The examples, and each label's texts (name, description, keywords) as further ones.

    A label's texts share a weight that fades as the label gets examples; see `text_weights`.
    """
    columns, texts = [], []
    for column, label in enumerate(examples.labels):
        own = [text for text in label_texts.get(label, ()) if text.strip()] or [label]
        texts += own
        columns += [column] * len(own)
    targets = np.array(columns, np.intp)
    seen = np.bincount(examples.targets, examples.weights, len(examples.labels))
    return Examples(
        [*examples.features, *encoder.encode(texts, [{}] * len(texts))],
        np.concatenate([examples.targets, targets]),
        np.concatenate([examples.weights, text_weights(targets, seen, weight)]),
        examples.labels,
    )
