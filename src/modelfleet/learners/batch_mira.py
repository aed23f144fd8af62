"""MIRA in batch: k-best margin-infused learning over all examples, several times, averaged.

The same step that a correction makes (`mira.correct`; Crammer & Singer 2003; McDonald, Crammer &
Pereira 2005) is made for each example in turn. The weights are the mean of those after each step
(Freund & Schapire 1999), which generalise better than the last. Each pass has an order of its own
that follows from its number alone, so the same examples give the same bits.
"""

import numpy as np
from numpy.typing import NDArray

from modelfleet.learners.dual import Part, Prepared
from modelfleet.learners.examples import Examples
from modelfleet.learners.mira import Step, correct
from modelfleet.learners.products import Matrix
from modelfleet.learners.recommended import BATCH_MIRA_CLIP, BATCH_MIRA_MARGIN, MIRA_RIVALS

_PASSES = 6
_MOST_STEPS = 60_000
"""Large sets are gone through less often."""


def study(examples: Examples) -> Prepared:
    """Examples made ready once, to learn of them with several weightings."""
    return Prepared.of(examples, coefficients)


def coefficients(part: Part) -> Matrix:
    """How much of each example each label's averaged weights hold: float32 ``(1, L, n)``."""
    count = part.targets.size
    (counted,) = part.weights.tolist()
    weights = _Weights(part)
    passes = max(1, min(_PASSES, _MOST_STEPS // count))
    found = np.zeros((count, part.labels), np.float32)
    left = total = passes * count
    for number in range(passes):
        for row in np.random.Generator(np.random.PCG64(number)).permutation(count).tolist():
            step = Step(BATCH_MIRA_MARGIN, BATCH_MIRA_CLIP * counted[row], MIRA_RIVALS)
            target = int(part.targets[row])
            moves = correct(weights.scores(row), target, weights.squares[row], step)
            if moves[target]:
                weights.move(row, moves)
                found[row] += moves * np.float32(left / total)
            left -= 1
    return np.ascontiguousarray(found.T)[None]


class _Weights:
    """The weights of all labels as they are now, changed step by step."""

    def __init__(self, part: Part) -> None:
        known = part.known.of(part.rows)
        self._known = known
        self._bias = np.zeros(part.labels, np.float32)
        self._dense = np.zeros((known.dense.shape[1], part.labels), np.float32)
        self._sparse = np.zeros((known.keys.size, part.labels), np.float32)
        squares = (known.dense**2).sum(axis=1) + (known.sparse**2).sum(axis=1) + known.bias**2
        self.squares: list[float] = squares.tolist()

    def scores(self, row: int) -> Matrix:
        """Of the example at ``row``: ``(L,)``."""
        columns, values = self._words(row)
        found: Matrix = self._known.dense[row] @ self._dense
        found += values @ self._sparse[columns]
        found += self._bias * np.float32(self._known.bias)
        return found

    def move(self, row: int, moves: Matrix) -> None:
        """Add so much of the example at ``row`` to each label."""
        columns, values = self._words(row)
        moved = np.flatnonzero(moves)
        self._dense[:, moved] += self._known.dense[row][:, None] * moves[moved]
        self._sparse[np.ix_(columns, moved)] += values[:, None] * moves[moved]
        self._bias += moves * np.float32(self._known.bias)

    def _words(self, row: int) -> tuple[NDArray[np.intp], Matrix]:
        sparse = self._known.sparse
        place = slice(sparse.indptr[row], sparse.indptr[row + 1])
        return sparse.indices[place], sparse.data[place]
