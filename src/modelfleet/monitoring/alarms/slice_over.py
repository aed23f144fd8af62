"""Whether a slice that a search found is over: asked of each of its outcomes, not once a week.

As after an alert of a task (see `episodes`), each decision speaks for what models say or for what
the slice had become, and the sum of log likelihood ratios, never below 0, says when it is over. A
slice has far more outcomes than a task, so more is asked for. While it is as bad as it was, the sum
reaches log(a) within n outcomes with a probability of n / a at most, so one that has as many
outcomes as it had in the two weeks in which it was found ends falsely once in a hundred times.
"""

import math

from modelfleet.monitoring.alarms.memory import OpenSlice
from modelfleet.monitoring.matured import Matured

_ERROR = 0.01
_MOST = 4.0
"""Times the odds; what was much worse isn't well again by being half as bad."""


def is_in(one: Matured, open_: OpenSlice) -> bool:
    """Whether a decision says anything of a slice: it is of its kind, and was made afterwards."""
    kinds = {**dict(one.slices), "version": one.version or "", "task": one.task}
    return one.decided > open_.found and all(
        kinds.get(field) == value for field, value in open_.where
    )


def take_in(open_: OpenSlice, *, wrong: bool, expected: float) -> bool:
    """Take in an outcome of a slice, and how likely it was to be wrong; whether it is over."""
    odds = min(open_.odds, _MOST)
    against = math.log(odds) if wrong else 0.0
    open_.evidence = max(0.0, open_.evidence + math.log1p(expected * (odds - 1)) - against)
    open_.wrong += wrong
    open_.outcomes += 1
    return open_.evidence >= math.log(open_.requests / _ERROR)


def why(open_: OpenSlice) -> str:
    """What is said of a slice that is over."""
    right = open_.outcomes - open_.wrong
    share = f"{right / open_.outcomes:.0%}"
    return f"{share} of {open_.outcomes:,} decisions since were right, as is to be expected"
