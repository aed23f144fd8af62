"""How often a request was said, word for word or almost so."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from modelfleet.learners.examples import Examples
from modelfleet.learners.recommended import NEAR_COPY
from modelfleet.text import Features
from modelfleet.text.features import CHARACTERS, KIND_MASK

_MOST = 20_000
"""The newest examples among which copies are looked for."""

_FEWEST = 500
"""With fewer examples copies hardly mislead, and counting them would cost a tenth of a training."""

_TOGETHER = 512
"""Requests that are looked at together, so that memory stays small where labels are few."""

_SPREAD = np.uint32(0x9E3779B1)
_FEWEST_BITS = 10


def counted(
    features: Sequence[Features], targets: NDArray[np.integer], known: Examples
) -> NDArray[np.intp]:
    """How many examples of its label each request is a near copy of: ``(n,)``, at least 1.

    A text is a set of n-grams of characters here. Near copies have a cosine (Ochiai 1957) of
    `recommended.NEAR_COPY` or more; an example is one of itself. Of few examples none is counted.

    Args:
        features: n requests.
        targets: ``(n,)``, the column of each.
        known: examples, the newest last.
    """
    if not len(features) or len(known.features) < _FEWEST:
        return np.ones(len(features), np.intp)
    examples = known.features[-_MOST:]
    size = sum(one.keys.size for one in examples)
    bits = max(_FEWEST_BITS, size.bit_length() + 1)
    texts = _grams(examples, known.targets[-_MOST:], bits).T.tocsr()
    counts = []
    for first in range(0, len(features), _TOGETHER):
        some = slice(first, first + _TOGETHER)
        cosines = _grams(features[some], targets[some], bits) @ texts
        near = np.concatenate([[0], np.cumsum(cosines.data >= NEAR_COPY)])
        counts.append(np.diff(near[cosines.indptr]))
    return np.asarray(np.maximum(1, np.concatenate(counts)), np.intp)


def _grams(features: Sequence[Features], targets: NDArray[np.integer], bits: int) -> csr_array:
    """The n-grams of each text as a row of length one: ``(n, 2 ** bits)``.

    Labels have n-grams of their own, so that texts of two have none in common but by chance.
    """
    keys = np.concatenate([one.keys for one in features])
    ends = np.cumsum([0, *(one.keys.size for one in features)])
    grams = np.flatnonzero(keys & np.uint32(KIND_MASK) == CHARACTERS)
    bounds = np.searchsorted(grams, ends).astype(np.int32)
    sizes = np.diff(bounds)
    own = np.repeat(targets.astype(np.uint32) * _SPREAD, sizes)
    columns = (keys[grams] ^ own) >> np.uint32(2) & np.uint32((1 << bits) - 1)
    values = np.repeat(1 / np.sqrt(np.maximum(1, sizes, dtype=np.float32)), sizes)
    return csr_array((values, columns.view(np.int32), bounds), (len(features), 1 << bits))
