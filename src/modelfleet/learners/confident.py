"""Confident learning: which labels that people gave are probably wrong, by what models say.

After Northcutt, Jiang & Chuang (2021), "Confident Learning: Estimating Uncertainty in Dataset
Labels". A label's threshold is the mean probability that it gets where people gave it, from models
that hadn't seen the example; so a label that is hard for models isn't taken for one that people get
wrong. An example that reaches the threshold of another label is counted as an error. The count says
how many there are; the odds against the given label say which.
"""

import numpy as np
from numpy.typing import NDArray

_ODDS = 50.0
"""An example is doubted only if another label is this many times as probable as the given one."""


def doubtful(probabilities: NDArray[np.float64], targets: NDArray[np.integer]) -> NDArray[np.intp]:
    """The rows of examples whose given label is probably wrong, the worst first.

    Args:
        probabilities: ``(n, L)``, by models that hadn't seen the example.
        targets: ``(n,)``, the column that people gave.
    """
    count, labels = probabilities.shape
    if not count or labels < 2:  # noqa: PLR2004 - there is no other label
        return np.zeros(0, np.intp)
    rows = np.arange(count)
    given = probabilities[rows, targets]
    rivals = probabilities.copy()
    rivals[rows, targets] = 0
    odds = rivals.max(axis=1) / np.maximum(given, np.finfo(np.float64).tiny)
    most = min(_errors(probabilities, targets), int((odds >= _ODDS).sum()))
    return np.argsort(-odds, kind="stable")[:most]


def _errors(probabilities: NDArray[np.float64], targets: NDArray[np.integer]) -> int:
    """How many examples confidently belong to another label than they were given."""
    rows, labels = np.arange(len(targets)), probabilities.shape[1]
    given = np.bincount(targets, minlength=labels)
    total = np.bincount(targets, probabilities[rows, targets], labels)
    # The threshold of a label that nobody gave can't be reached.
    thresholds = np.where(given > 0, total / np.maximum(given, 1), np.inf)
    confident = np.where(probabilities >= thresholds, probabilities, -1.0)
    likely = confident.argmax(axis=1)
    return int(((confident[rows, likely] >= 0) & (likely != targets)).sum())
