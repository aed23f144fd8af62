"""Outcomes of many tasks to alarms: what is usual, bets against it, detectors, in one step."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.monitoring.calibrating import Expectations, expect
from modelfleet.monitoring.detectors import Elements, advance, bets
from modelfleet.monitoring.odds import Numbers
from modelfleet.monitoring.state import State
from modelfleet.monitoring.streams import STREAMS, Stream, Tolerance


class Outcomes(msgspec.Struct, frozen=True, eq=False):
    """Elements of tasks' streams, in the order of events; one decision can give several.

    Attributes:
        tasks: ``(n,)``, places of the tasks in the state.
        streams: ``(n,)``, of `Stream`.
        happened: ``(n,)``, whether what the stream counts happened.
        stated: ``(n,)``, the probability of it: by the confidence, or the recipe's rate.
        shares: ``(n,)``, of the budget (see `budget`).
        prior_mean: ``(n,)``, of the task's offset (see `calibrating`).
        prior_variance: ``(n,)``, of the task's offset.
    """

    tasks: NDArray[np.intp]
    streams: NDArray[np.integer]
    happened: NDArray[np.bool_]
    stated: Numbers
    shares: Numbers
    prior_mean: Numbers
    prior_variance: Numbers


class Alarm(msgspec.Struct, frozen=True):
    """A stream of a task rang.

    Attributes:
        place: the outcome at which it did.
        task: place of the task in the state.
        stream: what got worse.
        evidence: the e-value that was reached.
        bar: the e-value that had to be: one over the false alarms that this stream was allowed.
    """

    place: int
    task: int
    stream: Stream
    evidence: float
    bar: float


class Observed(msgspec.Struct, frozen=True, eq=False):
    """What a batch of outcomes came to.

    Attributes:
        expected: ``(n,)``, what each was held against, before tolerance; `inception` asks for it.
        alarms: in the order of events.
    """

    expected: Numbers
    alarms: tuple[Alarm, ...]


def observe(state: State, outcomes: Outcomes, tolerance: Tolerance) -> Observed:
    """Bring tasks' states forward by a batch of outcomes, in place; however events are batched."""
    rows = outcomes.tasks * STREAMS + outcomes.streams
    expected = expect(
        state.sums,
        Expectations(
            rows,
            outcomes.streams,
            outcomes.happened,
            outcomes.stated,
            outcomes.prior_mean,
            outcomes.prior_variance,
        ),
    )
    factors = bets(outcomes.streams, outcomes.happened, expected, tolerance)
    rang = advance(state.levels, state.spent, Elements(rows, factors, outcomes.shares))
    alarms = tuple(
        Alarm(
            place=place,
            task=int(outcomes.tasks[place]),
            stream=Stream(outcomes.streams[place]),
            evidence=evidence,
            bar=bar,
        )
        for place, evidence, bar in zip(
            rang.places.tolist(), rang.evidence.tolist(), rang.bars.tolist(), strict=True
        )
    )
    return Observed(expected, alarms)
