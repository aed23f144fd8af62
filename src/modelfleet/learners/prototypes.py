"""A model from what labels are called, before there is one example."""

from collections.abc import Mapping, Sequence

import numpy as np

from modelfleet.learners import logistic, novelty_learning
from modelfleet.learners.examples import Examples, with_label_texts
from modelfleet.learners.linear import LinearModel
from modelfleet.learners.novelty import Novelty
from modelfleet.learners.recommended import PROTOTYPE_REGULARISATION
from modelfleet.text import Encoder


def fit(label_texts: Mapping[str, Sequence[str]], encoder: Encoder) -> LinearModel:
    """The model that knows each label's own texts only; see `with_novelty`."""
    return with_novelty(label_texts, encoder)[0]


def with_novelty(
    label_texts: Mapping[str, Sequence[str]], encoder: Encoder
) -> tuple[LinearModel, Novelty]:
    """The model that knows each label's own texts only, and what is unlike all of these.

    Args:
        label_texts: name, description and keywords of each label; a label without any goes by its
            name. The labels' order is kept.
        encoder: makes features of the texts.
    """
    labels = tuple(label_texts)
    none = Examples([], np.zeros(0, np.intp), np.zeros(0), labels)
    known = with_label_texts(none, label_texts, encoder) if labels else none
    model = logistic.fit(
        known.features, known.targets, labels, known.weights, PROTOTYPE_REGULARISATION
    )
    return model, novelty_learning.of_texts(known)
