"""How good decisions were: counts that add up, and the shares that follow from them."""

from collections.abc import Iterable, Sequence

import msgspec

from modelfleet.replay.observed import Observed

BANDS = ((1, 10), (11, 50), (51, 200), (201, 1000), (1001, 5000), (5001, None))
"""The first and last request of each band, counted within a tenant; the last has no end."""


class Measures(msgspec.Struct, frozen=True):
    """How good decisions were; a share is null where there was nothing to measure.

    ``requests`` counts all; ``labelled`` those that a person found a label for, which alone
    ``accuracy`` (best label right, whether or not the platform abstained), ``top_3`` (right label
    among the best three) and ``baseline`` (most frequent label so far right) are about.
    ``coverage`` is the share of all requests that were decided without abstaining; ``precision``
    the share of those that were right, where deciding a request that no label fits is wrong.
    """

    requests: int
    labelled: int
    decided: int
    right: int
    top_3_right: int
    decided_right: int
    baseline_right: int

    accuracy: float | None
    top_3: float | None
    coverage: float | None
    precision: float | None
    baseline: float | None


class Band(msgspec.Struct, frozen=True):
    """Measures of the ``first``-th to ``last``-th request of each tenant; null: no end."""

    first: int
    last: int | None
    measures: Measures


def measure(observed: Sequence[Observed]) -> Measures:
    """How good some decisions were."""
    return _with_shares(
        (
            len(observed),
            sum(one.truth is not None for one in observed),
            sum(one.decided is not None for one in observed),
            sum(one.right for one in observed),
            sum(one.truth is not None and one.truth in one.best for one in observed),
            sum(one.decided is not None and one.decided == one.truth for one in observed),
            sum(one.baseline_right for one in observed),
        )
    )


def add(parts: Iterable[Measures]) -> Measures:
    """The measures of several parts together."""
    counts = [
        (
            part.requests,
            part.labelled,
            part.decided,
            part.right,
            part.top_3_right,
            part.decided_right,
            part.baseline_right,
        )
        for part in parts
    ]
    return _with_shares(tuple(sum(column) for column in zip(*counts, strict=True)) or (0,) * 7)


def by_band(observed: Sequence[Observed]) -> tuple[Band, ...]:
    """Measures by the n-th request of a tenant; bands that nothing falls into are left out."""
    bands = []
    for first, last in BANDS:
        within = [o for o in observed if first <= o.nth and (last is None or o.nth <= last)]
        if within:
            bands.append(Band(first, last, measure(within)))
    return tuple(bands)


def _with_shares(counts: tuple[int, ...]) -> Measures:
    requests, labelled, decided, right, top_3_right, decided_right, baseline_right = counts
    return Measures(
        requests,
        labelled,
        decided,
        right,
        top_3_right,
        decided_right,
        baseline_right,
        accuracy=_share(right, labelled),
        top_3=_share(top_3_right, labelled),
        coverage=_share(decided, requests),
        precision=_share(decided_right, decided),
        baseline=_share(baseline_right, labelled),
    )


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None
