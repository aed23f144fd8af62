"""Sequential detectors that keep to a budget of false alarms, many at once.

A detector bets, at each element of its stream, that things are worse than they should be. A bet is
fair or worse while they aren't: its factor is a likelihood ratio against the least favourable
probability that is still tolerated, so that its mean is at most one. Capital comes from the budget:
each element brings its share ``w``. The capital of the Shiryaev-Roberts form (Shin, Ramdas,
Rinaldo: E-detectors, 2024; a mixture over alternatives)

    level = mean over k of level_k,    level_k <- factor_k * (level_k + w)

raises an alarm at 1 and starts anew from 0. While nothing is wrong, alarms so far plus level grow
on average by at most ``w`` an element, so after any number of elements, in any dependence,

    E[false alarms] <= sum of all w.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.monitoring.odds import Numbers, alternatives, inside, ratios, shifted
from modelfleet.monitoring.streams import (
    ALTERNATIVES,
    FROM_CONFIDENCE,
    OVERSTATED,
    UNDERSTATED,
    WORSE,
    Alternatives,
    Stream,
    Tolerance,
)
from modelfleet.monitoring.turns import turns

Levels = NDArray[np.float32]


class Elements(msgspec.Struct, frozen=True, eq=False):
    """What a batch brings to detectors, in the order of events.

    Attributes:
        rows: ``(n,)``, the detector that each is for.
        factors: float32 ``(n, 5)``, of the bets (see `bets`).
        shares: float64 ``(n,)``, of the budget in false alarms; known before the element.
    """

    rows: NDArray[np.intp]
    factors: Levels
    shares: Numbers


class Alarms(msgspec.Struct, frozen=True, eq=False):
    """Where detectors rang, in the order of events.

    Attributes:
        places: ``(a,)``, the elements of the batch at which they did.
        evidence: float64 ``(a,)``, the e-values that were reached, ``level / spent``.
        bars: float64 ``(a,)``, the e-values that had to be, ``1 / spent``.
    """

    places: NDArray[np.intp]
    evidence: Numbers
    bars: Numbers


def silent(rows: int) -> tuple[Levels, Numbers]:
    """New detectors: levels ``(rows, 5)`` and what they spent ``(rows,)``."""
    return np.zeros((rows, ALTERNATIVES), np.float32), np.zeros(rows)


def advance(levels: Levels, spent: Numbers, elements: Elements) -> Alarms:
    """Bring detectors forward, in place; the result is the same bits however events are batched.

    Args:
        levels: float32 ``(rows, 5)``; changed.
        spent: float64 ``(rows,)``, the sum of shares so far; changed. ``level / spent`` is an
            e-value at any moment that doesn't depend on the outcomes.
        elements: in the order of events.
    """
    shares = elements.shares.astype(np.float32)[:, None]
    rang: list[Alarms] = []
    for places in turns(elements.rows):
        rows = elements.rows[places]
        spent[rows] += elements.shares[places]
        capital = elements.factors[places] * (levels[rows] + shares[places])
        level = mean_level(capital)
        alarms = level >= 1
        if alarms.any():
            capital[alarms] = 0
            bars = 1 / spent[rows[alarms]]
            rang.append(Alarms(places[alarms], level[alarms] * bars, bars))
        levels[rows] = capital
    return _in_order(rang)


def mean_level(levels: Levels) -> Levels:
    """The level of each detector, ``(rows,)`` of ``(rows, 5)``; an alarm is raised at 1."""
    return np.asarray(levels.sum(axis=1) / np.float32(ALTERNATIVES))


def bets(
    streams: NDArray[np.integer],
    happened: NDArray[np.bool_],
    expected: Numbers,
    tolerance: Tolerance,
) -> Levels:
    """The factors of bets, float32 ``(n, 5)``; all that `advance` needs besides shares.

    Args:
        streams: ``(n,)``, of `Stream`.
        happened: ``(n,)``, whether what the stream counts happened.
        expected: ``(n,)``, the probability with which it should; for the calibration streams the
            confidence as it was stated, for others corrected for what is usual of the task.
        tolerance: what is still no fault.
    """
    factors = np.empty((len(streams), ALTERNATIVES), np.float32)
    over, under = streams == Stream.OVERCONFIDENCE, streams == Stream.UNDERCONFIDENCE
    for chosen, ways in ((over, OVERSTATED), (under, UNDERSTATED)):
        factors[chosen] = misstated(happened[chosen], expected[chosen], tolerance.odds, ways)
    others = ~(over | under)
    most = _most_tolerated(streams[others], inside(expected[others]), tolerance)
    factors[others] = ratios(happened[others], alternatives(WORSE, most), most[:, None])
    return factors


def _most_tolerated(
    streams: NDArray[np.integer], expected: Numbers, tolerance: Tolerance
) -> Numbers:
    """The highest probability that is no fault.

    Precision may fall as if a share of the right decisions had gone wrong; rates by their odds.
    """
    spoiled = tolerance.drop + (1 - tolerance.drop) * expected
    by_confidence = np.isin(streams, FROM_CONFIDENCE)
    return np.where(by_confidence, inside(spoiled), shifted(expected, tolerance.rates))


def misstated(
    happened: NDArray[np.bool_], expected: Numbers, odds: float, ways: Alternatives
) -> Numbers:
    """Bets that probabilities are wrong, by their odds or in their slope, ``(n, 5)``.

    Tolerated are odds within a factor ``odds`` of what was said, either way.
    """
    stated = inside(expected)
    wrong = alternatives(ways, stated)
    least, most = shifted(stated, 1 / odds)[:, None], shifted(stated, odds)[:, None]
    return ratios(happened, wrong, np.clip(wrong, least, most))


def _in_order(rang: list[Alarms]) -> Alarms:
    if not rang:
        return Alarms(np.zeros(0, np.intp), np.zeros(0), np.zeros(0))
    places = np.concatenate([one.places for one in rang])
    order = np.argsort(places)
    evidence = np.concatenate([one.evidence for one in rang])
    bars = np.concatenate([one.bars for one in rang])
    return Alarms(places[order], evidence[order], bars[order])
