"""Outcomes as the arrays that detectors take: elements of streams, in the order of events."""

from collections.abc import Callable, Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.monitoring.alarms.allowance import Allowance
from modelfleet.monitoring.alarms.elements import Habit, elements
from modelfleet.monitoring.alarms.memory import Shared, TaskMemory
from modelfleet.monitoring.calibrating import Prior
from modelfleet.monitoring.finding import TaskKey
from modelfleet.monitoring.matured import Matured
from modelfleet.monitoring.streams import FROM_CONFIDENCE, STREAMS, Stream
from modelfleet.monitoring.watching import Outcomes

_SETTLED = 30
"""Outcomes from which on a task is held against rates: before, its own aren't known."""


class Then(msgspec.Struct, frozen=True):
    """What was known of a task at an outcome: habits, and the newest decision that had matured."""

    habit: Habit
    last: int


class Gathered(msgspec.Struct, frozen=True, eq=False):
    """Elements of some outcomes.

    Attributes:
        outcomes: for detectors.
        of: ``(n,)``, which outcome each is of.
        starts: ``(m + 1,)``, where those of each outcome begin.
        then: ``(m,)``, what was known of its task at each outcome.
    """

    outcomes: Outcomes
    of: NDArray[np.intp]
    starts: list[int]
    then: list[Then]


Beforehand = Callable[[str, Stream], tuple[float, Prior]]
"""Of a recipe and a stream: what usually is, and what is known of offsets."""


def beforehand(shared: Shared) -> Beforehand:
    """What is known before a day's outcomes; each is made once."""
    made: dict[tuple[str, Stream], tuple[float, Prior]] = {}

    def known(recipe: str, stream: Stream) -> tuple[float, Prior]:
        key = recipe, stream
        if key not in made:
            pool = shared.pool(recipe)
            made[key] = pool.rate(stream), pool.prior(stream)
        return made[key]

    return known


def gather(
    some: Sequence[Matured],
    places: Mapping[TaskKey, int],
    tasks: Mapping[TaskKey, TaskMemory],
    known: Beforehand,
    allowance: Allowance,
) -> Gathered:
    """The elements that outcomes of one day give; counts them, and learns habits on the way."""
    rows: list[tuple[int, int, bool, float, float, float, float, int]] = []
    starts: list[int] = [0]
    then: list[Then] = []
    for number, one in enumerate(some):
        memory = tasks[one.tenant, one.task]
        place, recipe = places[one.tenant, one.task], one.recipe or ""
        for stream, happened, stated in elements(one, memory.habit):
            rate, prior = known(recipe, stream)
            bets = stream in FROM_CONFIDENCE or memory.seen >= _SETTLED
            share = allowance.share(stream) if bets else 0.0
            usual = rate if stated is None else stated
            rows.append((place, stream, happened, usual, share, prior.mean, prior.variance, number))
        memory.habit.note(one)
        memory.seen += 1
        memory.last = max(memory.last, one.seq)
        then.append(Then(msgspec.structs.replace(memory.habit), memory.last))
        starts.append(len(rows))
    columns = list(zip(*rows, strict=True)) if rows else [()] * 8
    return Gathered(
        Outcomes(
            np.array(columns[0], np.intp),
            np.array(columns[1], np.intp),
            np.array(columns[2], np.bool_),
            *(np.array(column, np.float64) for column in columns[3:7]),
        ),
        np.array(columns[7], np.intp),
        starts,
        then,
    )


def pool_counts(
    some: Sequence[Matured], gathered: Gathered, recipe: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How often each stream happened in outcomes by a recipe, ``(8,)``, among how many elements."""
    by_recipe = np.array([(one.recipe or "") == recipe for one in some], np.bool_)
    chosen = by_recipe[gathered.of]
    streams = gathered.outcomes.streams[chosen]
    happened = gathered.outcomes.happened[chosen]
    return (
        np.bincount(streams[happened], minlength=STREAMS).astype(np.int64),
        np.bincount(streams, minlength=STREAMS).astype(np.int64),
    )
