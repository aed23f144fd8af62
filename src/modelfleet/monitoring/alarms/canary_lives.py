"""Canaries live on the decisions of real tasks, with outcomes that are made up (see `canaries`)."""

from collections.abc import Sequence
from typing import TypeVar
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from modelfleet.monitoring.alarms.canaries import HONEST, Canaries
from modelfleet.monitoring.alarms.gathering import Gathered
from modelfleet.monitoring.matured import Matured
from modelfleet.monitoring.state import State
from modelfleet.monitoring.streams import Stream, Tolerance
from modelfleet.monitoring.watching import Outcomes, observe

Kind = TypeVar("Kind", bound=np.generic)

_OF = 32
"""Tasks are dealt to so many places, the first of which have canaries."""
_OFTEN = 50.0
"""Honest canaries may ring so much more often than tasks: they wake nobody, and a broken promise
shows within weeks instead of years."""
_SPOILED = 0.3
_VARIANCE = 0.02
"""Of an honest canary's offset; its outcomes are as its confidences say."""
_KNOWN = 1e-9
"""Of a broken one's: it is always broken, and would learn in time that this is usual of it."""


def live_on(
    known: Canaries, some: Sequence[Matured], gathered: Gathered, tolerance: Tolerance
) -> None:
    """Let canaries live on the outcomes of one day."""
    elements = np.flatnonzero(gathered.outcomes.streams == Stream.PRECISION).tolist()
    places = [_place(some[int(gathered.of[element])]) for element in elements]
    placed = [
        (place, element) for place, element in zip(places, elements, strict=True) if place < HONEST
    ]
    if not placed:
        return
    state = State.from_bytes(known.states)
    outcomes = _outcomes(placed, some, gathered)
    rang = observe(state, outcomes, tolerance)
    known.states = state.to_bytes()
    known.outcomes += len(placed)
    known.promised += float(outcomes.shares[outcomes.tasks < HONEST].sum())
    ringing = {alarm.place: alarm.task for alarm in rang.alarms}
    for number, task in enumerate(outcomes.tasks.tolist()):
        if task < HONEST:
            known.realised += number in ringing
        else:
            known.live(task - HONEST, rang=number in ringing)


def _place(one: Matured) -> int:
    return crc32(f"{one.tenant}/{one.task}".encode()) % _OF


def _outcomes(
    placed: Sequence[tuple[int, int]], some: Sequence[Matured], gathered: Gathered
) -> Outcomes:
    """Made-up outcomes: of each element one for its honest canary and one for its broken one."""
    places = np.array([place for place, _ in placed], np.intp)
    elements = np.array([element for _, element in placed], np.intp)
    stated = gathered.outcomes.stated[elements]
    drawn = np.array([_drawn(some[int(gathered.of[element])]) for _, element in placed])
    shares = gathered.outcomes.shares[elements]
    twice = len(placed) * 2
    return Outcomes(
        tasks=_zipped(places, places + HONEST),
        streams=np.full(twice, Stream.PRECISION),
        happened=_zipped(drawn < stated, drawn < np.minimum(stated + _SPOILED, 1)),
        stated=_zipped(stated, stated),
        shares=_zipped(shares * _OFTEN, shares),
        prior_mean=np.zeros(twice),
        prior_variance=_zipped(np.full(len(placed), _VARIANCE), np.full(len(placed), _KNOWN)),
    )


def _zipped(honest: NDArray[Kind], broken: NDArray[Kind]) -> NDArray[Kind]:
    return np.stack([honest, broken], axis=1).ravel()


def _drawn(one: Matured) -> float:
    """A number from 0 to 1 that follows from the decision."""
    return crc32(f"canary {one.tenant} {one.decision}".encode()) / 2**32
