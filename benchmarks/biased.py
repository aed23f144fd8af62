"""A kind of request that models are worse at than they say, in a fleet's week."""

import msgspec
import numpy as np

from modelfleet.monitoring.budget import SLICES, Budget
from modelfleet.monitoring.detectors import Elements, advance, silent
from modelfleet.monitoring.discovery import Found, Requests, Search, discover
from modelfleet.monitoring.odds import shifted
from modelfleet.monitoring.slices import slice_bets
from outcomes import Places, confidences

FIELDS = {"language": 20, "hour": 24, "weekday": 7, "length": 3, "channel": 5, "label": 30}
"""Values of each; the first language has 5% of the requests."""
BIASED = 0
TOGETHER = 100_000


class Biased(msgspec.Struct, frozen=True):
    """What became of it.

    Attributes:
        rang: fields and values whose streams rang, with the requests of that value until then.
        found: what the search confirmed.
    """

    rang: dict[tuple[str, int], int]
    found: list[Found]


def a_week_of(requests: int, odds: float, seed: int, slices: tuple[int, ...] = (0,)) -> Requests:
    """Requests; those in the languages of ``slices`` have so many times the odds of error."""
    rng = np.random.default_rng(seed)
    fields = np.stack([rng.integers(0, size, requests) for size in FIELDS.values()], axis=1)
    expected = confidences(rng, np.full(requests, 0.15))
    chance = np.where(np.isin(fields[:, 0], slices), shifted(expected, odds), expected)
    return Requests(
        fields, rng.random(requests) < chance, expected, searched=rng.random(requests) < 0.5
    )


def looked_at(requests: Requests) -> Biased:
    """Watch each value's stream over the week, and search once at its end."""
    return Biased(_streams(requests), discover(requests, Search()))


def _streams(requests: Requests) -> dict[tuple[str, int], int]:
    sizes = list(FIELDS.values())
    offsets = np.cumsum([0, *sizes[:-1]])
    levels, spent = silent(sum(sizes))
    count = requests.fields.size
    share = SLICES * Budget().false_alerts / count
    seen = np.zeros(sum(sizes), np.int64)
    rang: dict[tuple[str, int], int] = {}
    for begin in range(0, len(requests.happened), TOGETHER):
        part = slice(begin, begin + TOGETHER)
        rows: Places = (requests.fields[part] + offsets).ravel()
        bets = np.repeat(
            slice_bets(requests.happened[part], requests.expected[part]), len(sizes), axis=0
        )
        alarms = advance(levels, spent, Elements(rows, bets, np.full(len(rows), share)))
        for place in alarms.places.tolist():
            row = int(rows[place])
            field = int(np.searchsorted(offsets, row, side="right")) - 1
            name = list(FIELDS)[field], row - int(offsets[field])
            rang.setdefault(name, int(seen[row] + (rows[: place + 1] == row).sum()))
        seen += np.bincount(rows, minlength=len(seen))
    return rang
