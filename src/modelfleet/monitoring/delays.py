"""How long words about decisions take to come: a histogram of each task, leaning on the fleet's."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate

from modelfleet.clock import DAY, MINUTE

SHARE = 0.9
"""A decision has matured when this share of words have come."""
_EDGES = tuple(round(MINUTE * 2 ** (half / 2)) for half in range(32))
"""From a minute to 32 days, two steps to a doubling."""
_AT_FIRST = bisect_left(_EDGES, 7 * DAY)
"""Where nothing is known, a week is waited for."""
_LEANS = 20.0
"""Words that what is known of all tasks counts as, beside a task's own."""
_WORDS_AT_FIRST = tuple(_LEANS if place == _AT_FIRST else 0.0 for place in range(len(_EDGES)))

Histogram = list[int]


def no_delays() -> Histogram:
    """A histogram that has seen nothing."""
    return [0] * len(_EDGES)


def place_of(delay: int) -> int:
    """Where in a histogram the first word about a decision counts, by its delay in microseconds."""
    return min(bisect_left(_EDGES, delay), len(_EDGES) - 1)


def waits(own: Sequence[int], fleet: Sequence[int]) -> int:
    """How long to wait for 90% of a task's words, in microseconds.

    The task's own words count, and twenty as they come to the fleet; of which twenty again are
    taken to need a week.
    """
    scale = _LEANS / (sum(fleet) + _LEANS)
    words = [
        of_task + scale * (of_all + at_first)
        for of_task, of_all, at_first in zip(own, fleet, _WORDS_AT_FIRST, strict=True)
    ]
    wanted = (sum(own) + _LEANS) * SHARE
    return _EDGES[min(bisect_left(list(accumulate(words)), wanted), len(_EDGES) - 1)]
