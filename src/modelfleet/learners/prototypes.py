"""A model from what labels are called, before there is one example."""

from collections.abc import Mapping, Sequence

import numpy as np

from modelfleet.learners import logistic
from modelfleet.learners.examples import Examples, with_label_texts
from modelfleet.learners.linear import LinearModel
from modelfleet.learners.recommended import PROTOTYPE_REGULARISATION
from modelfleet.text import StaticEncoder


def fit(label_texts: Mapping[str, Sequence[str]], encoder: StaticEncoder) -> LinearModel:
    """The model that knows each label's own texts only; a label without any goes by its name.

    Args:
        label_texts: name, description and keywords of each label; the labels' order is kept.
        encoder: makes features of the texts.
    """
    labels = tuple(label_texts)
    if not labels:
        return LinearModel.empty()
    none = Examples([], np.zeros(0, np.intp), np.zeros(0), labels)
    known = with_label_texts(none, label_texts, encoder)
    return logistic.fit(
        known.features, known.targets, labels, known.weights, PROTOTYPE_REGULARISATION
    )
