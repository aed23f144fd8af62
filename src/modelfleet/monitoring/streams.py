"""What is watched of every task: eight yes-no streams, each with what was to be expected of it.

A stream has an element for every outcome that it is about, and counts what should stay rare: a
wrong decision, an abstention, silence. An element comes with the probability that it happens if
nothing is wrong. So one kind of detector serves them all.
"""

from enum import IntEnum

import msgspec
import numpy as np
from numpy.typing import NDArray

ALTERNATIVES = 5
"""Ways of being worse that each stream bets on."""


class Stream(IntEnum):
    """The eight; the value is its place in a task's state, and never changes its meaning."""

    PRECISION = 0
    """A decided request with an outcome was wrong; expected: one less its confidence."""
    MISSES = 1
    """A request's final label wasn't among the candidates; expected: what they leave over."""
    OVERCONFIDENCE = 2
    """The best candidate was wrong, decided or not; expected: one less its confidence."""
    UNDERCONFIDENCE = 3
    """The best candidate was right, decided or not; expected: its confidence."""
    COVERAGE = 4
    """A request wasn't decided; expected: by the task's own past and the recipe's other tasks."""
    NEW_DOMAIN = 5
    """A request fitted no label; expected: by the past."""
    RESPONSE = 6
    """A decision stayed without any feedback until it was mature; expected: by the past."""
    HELPFULNESS = 7
    """A rated decision didn't help; expected: by the past."""


STREAMS = len(Stream)
FROM_CONFIDENCE = (Stream.PRECISION, Stream.MISSES, Stream.OVERCONFIDENCE, Stream.UNDERCONFIDENCE)
"""Streams whose expectation is each decision's own; the others' is a rate."""

CALIBRATION = (Stream.OVERCONFIDENCE, Stream.UNDERCONFIDENCE)
"""Streams that ask whether confidences are true: theirs aren't corrected beforehand."""

OVER_MANY = (Stream.PRECISION, Stream.COVERAGE, Stream.NEW_DOMAIN, Stream.RESPONSE)
"""Streams that are watched over the fleet and over each recipe too."""


class Tolerance(msgspec.Struct, frozen=True):
    """What is still no fault.

    Attributes:
        drop: k of the usual rule as a share: the precision that is to be expected may fall by this
            much of itself before it counts.
        odds: how far the odds of being right may be from what confidences say, either way, before
            the confidences count as wrong.
        rates: how much the odds of what has no confidence (abstentions, silence) may rise above
            what is usual; wider, since people's weeks differ.
    """

    drop: float = 0.02
    odds: float = 1.5
    rates: float = 1.25


class Alternatives(msgspec.Struct, frozen=True, eq=False):
    """Five ways in which something happens more often than it should, from the probability ``p``.

    ``spoiled + (1 - spoiled) * sigmoid(slope * logit(p) + shift)``: a share of what was good is
    spoiled whatever its confidence; the odds shift; the confidences are too sharp or too flat.
    """

    shift: NDArray[np.float64]
    slope: NDArray[np.float64]
    spoiled: NDArray[np.float64]


WORSE = Alternatives(
    shift=np.log([1.5, 2.5, 5.0, 1.0, 1.0]),
    slope=np.ones(5),
    spoiled=np.array([0.0, 0.0, 0.0, 0.15, 0.35]),
)
"""Both kinds: swapped labels spoil the surest decisions, a change of meaning rather doubtful ones.
Each is found much later by the other's bets, and hardly later by both."""

OVERSTATED = Alternatives(
    shift=np.log([2.0, 3.0, 5.0, 1.0, 1.0]),
    slope=np.array([1.0, 1.0, 1.0, 0.67, 0.5]),
    spoiled=np.zeros(5),
)
UNDERSTATED = Alternatives(
    shift=np.log([2.0, 3.0, 5.0, 1.0, 1.0]),
    slope=np.array([1.0, 1.0, 1.0, 1.5, 2.0]),
    spoiled=np.zeros(5),
)
