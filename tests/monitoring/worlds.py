"""Outcomes as tasks would have them, made by chance with a seed."""

import itertools

import numpy as np
from numpy.typing import NDArray

from modelfleet.monitoring.state import State
from modelfleet.monitoring.streams import Stream, Tolerance
from modelfleet.monitoring.watching import Observed, Outcomes, observe

EXACT = Tolerance(drop=0.0, odds=1.0, rates=1.0)
"""Nothing is tolerated: for tests of the bound at its edge."""


def outcomes(
    tasks: NDArray[np.intp],
    happened: NDArray[np.bool_],
    stated: NDArray[np.float64],
    *,
    stream: Stream | NDArray[np.integer] = Stream.PRECISION,
    share: float = 1e-3,
    variance: float = 1e-9,
) -> Outcomes:
    """Of tasks whose offsets are as good as known, unless a variance is given."""
    count = len(tasks)
    return Outcomes(
        tasks,
        np.broadcast_to(np.asarray(stream), (count,)),
        happened,
        stated,
        np.full(count, share),
        np.zeros(count),
        np.full(count, variance),
    )


def part(whole: Outcomes, begin: int, end: int) -> Outcomes:
    """Some of them."""
    fields = (getattr(whole, name)[begin:end] for name in Outcomes.__struct_fields__)
    return Outcomes(*fields)


def in_batches(
    state: State, whole: Outcomes, ends: list[int], tolerance: Tolerance
) -> list[Observed]:
    """The same outcomes, cut at some places."""
    cuts = [0, *sorted(ends), len(whole.tasks)]
    pairs = itertools.pairwise(cuts)
    return [observe(state, part(whole, begin, end), tolerance) for begin, end in pairs]
