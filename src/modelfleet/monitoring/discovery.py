"""Slices that nobody named: searched in one half of the requests, confirmed in the other.

All values of low-cardinality fields, and all pairs of values of two fields, are candidates. The
strongest is taken, its requests are set aside, and the search goes on with the rest, so that what
only overlaps with a bad slice isn't named too. What was found is then tested on requests that the
search hasn't seen, each at a share of the certainty, so a search names any slice falsely at most as
often as `Search.error` says.
"""

from collections.abc import Iterator
from itertools import combinations

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.monitoring.odds import Numbers, alternatives, inside, ratios, shifted
from modelfleet.monitoring.slices import SUBTLE, TOLERATED_ODDS

Chosen = NDArray[np.bool_]


class Search(msgspec.Struct, frozen=True):
    """How to search.

    Attributes:
        candidates: how many are tested on the other half, at most.
        support: requests that a slice must have in the half that is searched.
        odds: how much worse the odds must be there, and more than this in truth.
        deviations: standard deviations of the excess that make a candidate.
        error: the probability that a search names any slice falsely, at most.
    """

    candidates: int = 8
    support: int = 100
    odds: float = TOLERATED_ODDS
    deviations: float = 3.0
    error: float = 0.01

    @property
    def bar(self) -> float:
        """The e-value that confirms a candidate: each has its share of the error."""
        return self.candidates / self.error


class Requests(msgspec.Struct, frozen=True, eq=False):
    """Decided requests with outcomes, of one fleet or recipe.

    Attributes:
        fields: int ``(n, f)``, codes from 0 of the values of each low-cardinality field.
        happened: ``(n,)``, whether the decision was wrong.
        expected: ``(n,)``, what it was held against.
        searched: ``(n,)``, which half: drawn by chance, whatever the outcome.
    """

    fields: NDArray[np.integer]
    happened: NDArray[np.bool_]
    expected: Numbers
    searched: Chosen


class Found(msgspec.Struct, frozen=True):
    """A slice that was confirmed.

    Attributes:
        where: field and value, one or two.
        requests: of both halves.
        odds: how many times the expected odds of being wrong it has, by the half that confirmed it.
        evidence: the e-value by which it was.
    """

    where: tuple[tuple[int, int], ...]
    requests: int
    odds: float
    evidence: float


def discover(requests: Requests, search: Search) -> list[Found]:
    """The slices that are worse than the rest, confirmed, strongest first."""
    usual = _like_the_rest(requests)
    candidates = _candidates(requests, usual, search)
    tested = (_tested(requests, usual, where, search.odds) for where in candidates)
    confirmed = [found for found in tested if found.evidence >= search.bar]
    return sorted(confirmed, key=lambda found: -found.evidence)


def _like_the_rest(requests: Requests) -> Numbers:
    """Expected, if all requests are equally much worse: that isn't a slice's fault."""
    half = requests.searched
    usual = inside(requests.expected)
    excess = float((requests.happened[half] - usual[half]).sum())
    information = float((usual[half] * (1 - usual[half])).sum())
    return shifted(usual, np.exp(max(excess, 0.0) / max(information, 1.0)))


Where = tuple[tuple[int, int], ...]


def _candidates(requests: Requests, usual: Numbers, search: Search) -> list[Where]:
    """The strongest slice of the searched half, then that of what it leaves over, and so on."""
    left = np.flatnonzero(requests.searched)
    chosen: list[Where] = []
    while len(chosen) < search.candidates:
        fields = requests.fields[left]
        excess = requests.happened[left] - usual[left]
        information = usual[left] * (1 - usual[left])
        where = _strongest(fields, excess, information, search)
        if where is None:
            break
        chosen.append(where)
        left = left[~within(fields, where)]
    return chosen


def _strongest(
    fields: NDArray[np.integer], excess: Numbers, information: Numbers, search: Search
) -> Where | None:
    best, strongest = search.deviations, None
    for columns, codes, sizes in _groupings(fields):
        counts = np.bincount(codes)
        more = np.bincount(codes, excess)
        spread = np.bincount(codes, information)
        with np.errstate(invalid="ignore", divide="ignore"):
            deviations = np.where(counts >= search.support, more / np.sqrt(spread), -np.inf)
            deviations[more / spread < np.log(search.odds)] = -np.inf
        place = int(deviations.argmax()) if len(deviations) else 0
        if len(deviations) and deviations[place] > best:
            best = deviations[place]
            values = np.unravel_index(place, sizes)
            strongest = tuple(zip(columns, (int(value) for value in values), strict=True))
    return strongest


def _groupings(
    fields: NDArray[np.integer],
) -> Iterator[tuple[tuple[int, ...], NDArray[np.intp], tuple[int, ...]]]:
    """All values of each field, then all pairs of two: columns, codes, and how many values each."""
    if not len(fields):
        return
    sizes = [int(size) + 1 for size in fields.max(axis=0)]
    columns = range(fields.shape[1])
    codes = [fields[:, column].astype(np.intp) for column in columns]
    for column in columns:
        yield (column,), codes[column], (sizes[column],)
    for one, other in combinations(columns, 2):
        pairs = codes[one] * sizes[other] + codes[other]
        yield (one, other), pairs, (sizes[one], sizes[other])


def within(fields: NDArray[np.integer], where: Where) -> Chosen:
    """Which requests are in a slice, ``(n,)``."""
    columns, values = zip(*where, strict=True)
    return np.asarray((fields[:, columns] == values).all(axis=1))


def _tested(requests: Requests, usual: Numbers, where: Where, odds: float) -> Found:
    """A slice, by the half that wasn't searched: a mixture of likelihood ratios is its e-value."""
    everywhere = within(requests.fields, where)
    other = everywhere & ~requests.searched
    happened, expected = requests.happened[other], usual[other]
    most = shifted(expected, odds)
    factors = ratios(happened, alternatives(SUBTLE, most), most[:, None])
    logs = np.log(factors).sum(axis=0)
    excess, information = (happened - expected).sum(), (expected * (1 - expected)).sum()
    return Found(
        where=where,
        requests=int(everywhere.sum()),
        odds=float(np.exp(excess / max(information, 1.0))),
        evidence=float(np.exp(np.minimum(logs, _MOST_LOG)).mean()),
    )


_MOST_LOG = 700.0
