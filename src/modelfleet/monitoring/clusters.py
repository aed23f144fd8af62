"""Requests that are alike: groups of texts, found without knowing how many there are."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.monitoring.likeness import by_meaning, by_words
from modelfleet.text import Features

_FARTHEST = 0.75
"""Mean distance between groups from which on they stay apart; see `docs/monitoring.md`."""


class Cluster(msgspec.Struct, frozen=True, eq=False):
    """Requests that are alike.

    Attributes:
        rows: which, the most typical first.
        likeness: the mean likeness of two of them, from 0 to 1.
    """

    rows: tuple[int, ...]
    likeness: float


def clusters(features: Sequence[Features], fewest: int) -> list[Cluster]:
    """Groups of at least ``fewest`` requests that are alike, the largest first.

    Average linkage (Sokal & Michener 1958) on the mean of the cosines of the dense block and of the
    sparse one, rare features weighing more. Time and memory grow with the square of the count.
    """
    if len(features) < max(2, fewest):
        return []
    # Slow to import, and no server needs them.
    from scipy.cluster.hierarchy import fcluster, linkage  # noqa: PLC0415
    from scipy.spatial.distance import squareform  # noqa: PLC0415

    alike = (np.maximum(by_meaning(features), 0) + by_words(features)) / 2
    distance = np.clip(1 - alike, 0, None)
    np.fill_diagonal(distance, 0)
    tree = linkage(squareform(distance, checks=False), "average")
    number = fcluster(tree, _FARTHEST, "distance")
    groups = [np.flatnonzero(number == one) for one in np.unique(number)]
    found = [_cluster(rows, alike) for rows in groups if len(rows) >= fewest]
    return sorted(found, key=lambda one: (-len(one.rows), one.rows))


def _cluster(rows: NDArray[np.intp], alike: NDArray[np.float64]) -> Cluster:
    within = alike[np.ix_(rows, rows)]
    typical = np.argsort(-within.sum(axis=1), kind="stable")
    pairs = len(rows) * (len(rows) - 1)
    return Cluster(tuple(rows[typical].tolist()), float((within.sum() - within.trace()) / pairs))
