"""The order within a batch: what concerns one row stays in order, different rows go together."""

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.intp]


def turns(rows: NDArray[np.integer]) -> list[Places]:
    """Places of a batch, in turns: in the first the first of each row, then each second, and so on.

    Taken turn after turn, a batch does what its members would do one by one, while a turn, in which
    no row comes twice, is one vectorised step. A batch in which every row comes once is one turn.

    Args:
        rows: ``(n,)``, which row each member of the batch concerns, in the order of events.
    """
    order = np.argsort(rows, kind="stable")
    grouped = rows[order]
    starts = np.flatnonzero(np.append(True, grouped[1:] != grouped[:-1]))[: len(rows)]
    sizes = np.diff(np.append(starts, len(rows)))
    number = np.arange(len(rows)) - np.repeat(starts, sizes)
    by_turn = order[np.argsort(number, kind="stable")]
    return np.split(by_turn, np.cumsum(np.bincount(number))[:-1]) if len(rows) else []
