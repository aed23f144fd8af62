"""Kinds of requests within one task: is some of them worse than the model says, and which?

Each has little traffic, so the question is first whether some of them is off: the mean of their
levels rings, which costs one budget, however they overlap. When there are too many, the one with
the least evidence makes room: to forget evidence can't raise a false alarm.
"""

import math

from modelfleet.monitoring.alarms.memory import MOST_SLICES, TaskMemory, hash_of
from modelfleet.monitoring.matured import Matured

Slice = tuple[str, str]
_TOLERATED = math.log(1.3)
_WORSE = math.log(3.0)
_LEAST = 1e-4
_TOO_FINE = {"hour", "weekday"}
"""Within one task these have too little traffic; they are watched over the fleet."""


def advance_within(
    memory: TaskMemory,
    one: Matured,
    *,
    happened: bool,
    expected: float,
    share: float,
) -> tuple[Slice, float] | None:
    """Take in a decision with its outcome; the kind of request that stands out, and its evidence.

    None unless some kind rings; then all of the task's start anew.
    """
    kinds = [*(pair for pair in one.slices if pair[0] not in _TOO_FINE and all(pair))]
    if one.version is not None:
        kinds.append(("version", one.version))
    factor = _factor(happened, expected)
    given = share * MOST_SLICES / max(len(kinds), 1)
    for field, value in kinds:
        key = hash_of(field, value)
        if key not in memory.slices and len(memory.slices) >= MOST_SLICES:
            del memory.slices[min(memory.slices, key=lambda other: (memory.slices[other], other))]
        memory.slices[key] = factor * (memory.slices.get(key, 0.0) + given)
    level = sum(memory.slices.values()) / MOST_SLICES
    if level < 1 or not kinds:
        return None
    strongest = max(kinds, key=lambda pair: (memory.slices.get(hash_of(*pair), 0.0), pair))
    memory.slices = {}
    return strongest, level


def _factor(happened: bool, expected: float) -> float:  # noqa: FBT001 - a value, no switch
    usual = min(max(expected, _LEAST), 1 - _LEAST)
    log_odds = math.log(usual / (1 - usual))
    most, worse = (
        1 / (1 + math.exp(-log_odds - more)) for more in (_TOLERATED, _TOLERATED + _WORSE)
    )
    return worse / most if happened else (1 - worse) / (1 - most)
