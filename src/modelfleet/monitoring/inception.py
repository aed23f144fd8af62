"""When it began: the posterior of the moment of change, once a detector has rung.

Every moment is as likely as any other beforehand. From a moment on, outcomes are worse in one of
several ways, and as expected before it; the likelihood ratio of the rest of the sequence says how
well that fits (an exact single-change posterior, in one pass from the end).
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.monitoring.odds import Numbers, alternatives, inside
from modelfleet.monitoring.streams import Alternatives

_SHIFTS = (1.2, 1.5, 2.0, 3.0, 4.5, 7.0, 12.0)
_SPOILED = (0.05, 0.1, 0.2, 0.3, 0.45, 0.7)
WAYS = Alternatives(
    shift=np.log([*_SHIFTS, *np.ones(len(_SPOILED))]),
    slope=np.ones(len(_SHIFTS) + len(_SPOILED)),
    spoiled=np.array([*np.zeros(len(_SHIFTS)), *_SPOILED]),
)
"""How much worse it may have become: finer than what detectors bet on, as this is asked rarely."""


class Inception(msgspec.Struct, frozen=True):
    """When something began, by places in the sequence that was looked at.

    Attributes:
        place: the most likely first outcome of the change.
        earliest: the first moment of the set that has it with the certainty asked for.
        latest: the last moment of that set.
        moments: how many moments the set has; fewer than from the earliest to the latest if it has
            gaps.
        expected: the share that should have happened since then.
        observed: the share that did; noisy after few outcomes.
        believed: the share that happens from then on, by the posterior: less extreme than observed.
        outcomes: how many there are since then.
    """

    place: int
    earliest: int
    latest: int
    moments: int
    expected: float
    observed: float
    believed: float
    outcomes: int


def inception(happened: NDArray[np.bool_], expected: Numbers, certainty: float = 0.9) -> Inception:
    """The moment since which something happens more often than expected.

    Args:
        happened: ``(n,)``, since the detector last started anew, at least one.
        expected: ``(n,)``, what each outcome was held against (`watching.Observed`).
        certainty: of the set of moments, in (0, 1).

    Raises:
        ValueError: there is no outcome.
    """
    if not len(happened):
        raise ValueError("inception needs at least one outcome")
    posterior, by_way = _posterior(happened, expected)
    place = int(posterior.argmax())
    chosen = credible(posterior, certainty)
    since = inside(expected[place:])
    worse = alternatives(WAYS, since).mean(axis=0)
    return Inception(
        place=place,
        earliest=int(chosen[0]),
        latest=int(chosen[-1]),
        moments=len(chosen),
        expected=float(since.mean()),
        observed=float(happened[place:].mean()),
        believed=float(by_way[place] @ worse / by_way[place].sum()),
        outcomes=len(since),
    )


def credible(posterior: Numbers, certainty: float) -> NDArray[np.intp]:
    """The smallest set of places that has the certainty, in order."""
    falling = np.argsort(-posterior, kind="stable")
    needed = int(np.searchsorted(np.cumsum(posterior[falling]), certainty)) + 1
    return np.sort(falling[:needed])


def _posterior(happened: NDArray[np.bool_], expected: Numbers) -> tuple[Numbers, Numbers]:
    """Of each moment, ``(n,)``, and of each with each way of being worse, ``(n, ways)``."""
    usual = inside(expected)[:, None]
    worse = alternatives(WAYS, usual[:, 0])
    ratios = np.where(happened[:, None], np.log(worse / usual), np.log1p(-worse) - np.log1p(-usual))
    rest = np.cumsum(ratios[::-1], axis=0)[::-1]
    by_way = np.exp(rest - rest.max())
    by_way /= by_way.sum()
    return by_way.sum(axis=1), by_way
