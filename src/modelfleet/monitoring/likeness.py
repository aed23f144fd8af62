"""How alike requests are: by meaning, and by words."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from modelfleet.text import Features


def by_meaning(features: Sequence[Features]) -> NDArray[np.float64]:
    """Cosines of sentence embeddings: ``(n, n)``."""
    dense = np.stack([one.dense for one in features]).astype(np.float64)
    return dense @ dense.T


def by_words(features: Sequence[Features]) -> NDArray[np.float64]:
    """Cosines of the sparse blocks, rare features weighing more: ``(n, n)``."""
    words = _weighted(features)
    return np.asarray((words @ words.T).toarray())


def _weighted(features: Sequence[Features]) -> csr_matrix:
    """The sparse blocks, each feature weighed by how few requests have it; rows of length one."""
    keys = np.concatenate([one.keys for one in features])
    _, column = np.unique(keys, return_inverse=True)
    frequency = np.bincount(column)
    values = np.concatenate([one.values for one in features]).astype(np.float64)
    values *= np.log((1 + len(features)) / frequency)[column]
    lengths = [len(one.keys) for one in features]
    row = np.repeat(np.arange(len(features)), lengths)
    norm = np.sqrt(np.bincount(row, values**2, len(features)))
    values /= np.maximum(norm, np.finfo(float).tiny)[row]
    return csr_matrix((values, (row, column)), shape=(len(features), len(frequency)))
