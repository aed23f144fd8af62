"""Of which kind of request most of what went wrong since a change is: an office, a length, a label.

Whoever reads a name acts on it, so none is given by chance: if a change makes all requests worse
alike, some kind is named once in a hundred alerts at most, however many kinds there are.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from modelfleet.monitoring.alarms.recurring import REACH
from modelfleet.monitoring.alarms.within import Slice
from modelfleet.monitoring.odds import Numbers, inside

_FALSELY = 0.01
_FEWEST = 4
_MOST_OF_BAD = 0.5
_OF_REQUESTS = 0.6
_BEFOREHAND = 2.0

Happened = NDArray[np.bool_]


def common_kind(
    kinds: Sequence[Mapping[str, str]],
    happened: Happened,
    expected: Numbers,
    place: int,
) -> tuple[Slice, int] | None:
    """The kind of request that most of what is bad since a change is of, and how many are.

    None if chance can explain that, or if it was so before.

    Args:
        kinds: of each element of a stream, what kind of request it is of, by field.
        happened: whether what is bad happened.
        expected: how likely that was.
        place: the first element since the change.
    """
    members = _members(kinds[place:])
    bad = happened[place:]
    usual = _Usual(kinds[:place], happened[:place].tolist(), expected[:place])
    best, least = None, _FALSELY / max(len(members), 1)
    for kind, some in sorted(members.items()):
        count = int(bad[some].sum())
        if count < max(_FEWEST, _MOST_OF_BAD * bad.sum()) or len(some) > _OF_REQUESTS * len(bad):
            continue
        own = np.isin(np.arange(len(bad)), some)
        odds = usual.odds(kind) * _odds_between(expected[place:][own], expected[place:][~own])
        by_chance = _as_many(count, own, bad, odds)
        if by_chance < least:
            best, least = (kind, count), by_chance
    return best


def _members(kinds: Sequence[Mapping[str, str]]) -> dict[Slice, list[int]]:
    """The places of each kind that comes often enough to be named."""
    members: dict[Slice, list[int]] = {}
    for place, one in enumerate(kinds):
        for field, value in one.items():
            if field not in REACH and value:
                members.setdefault((field, value), []).append(place)
    return {kind: places for kind, places in members.items() if len(places) >= _FEWEST}


def _odds_between(own: Numbers, others: Numbers) -> float:
    """How many times the odds of the others a kind was expected to have."""
    one, other = inside(np.array([own.mean(), others.mean()]))
    return float(one / (1 - one) * (1 - other) / other)


def _as_many(count: int, own: Happened, bad: Happened, odds: float) -> float:
    """The probability that so many or more of what is bad are of a kind, by chance.

    That so much is bad is given; chance is where it falls (Fisher's exact test, where a kind's odds
    are that many times those of the others).
    """
    within, others, of = int(own.sum()), int((~own).sum()), int(bad.sum())
    counts = np.arange(max(0, of - others), min(of, within) + 1)
    weights = _ways(within, counts) + _ways(others, of - counts) + counts * np.log(odds)
    chances = np.exp(weights - weights.max())
    return float(chances[counts >= count].sum() / chances.sum())


def _ways(of: int, counts: NDArray[np.intp]) -> Numbers:
    """The logarithm of how many ways there are to choose so many."""
    return np.asarray(gammaln(of + 1) - gammaln(counts + 1) - gammaln(of - counts + 1))


class _Usual:
    """How much worse than the others a kind was before, for all that was expected of it."""

    def __init__(
        self, kinds: Sequence[Mapping[str, str]], happened: Iterable[bool], expected: Numbers
    ) -> None:
        self._bad: Counter[Slice] = Counter()
        self._expected: dict[Slice, float] = {}
        for one, was, usually in zip(kinds, happened, expected.tolist(), strict=True):
            for kind in (*one.items(), ("", "")):
                self._bad[kind] += was
                self._expected[kind] = self._expected.get(kind, 0.0) + usually

    def odds(self, kind: Slice) -> float:
        """So many times the odds of the others, at least as many."""
        bad, usual = self._bad[kind], self._expected.get(kind, 0.0)
        others = self._bad["", ""] - bad, self._expected.get(("", ""), 0.0) - usual
        own = (bad + _BEFOREHAND) / (usual + _BEFOREHAND)
        return max(1.0, own * (others[1] + _BEFOREHAND) / (others[0] + _BEFOREHAND))
