"""What alarms remember between steps, and its bytes: of tasks, kinds of request, the fleet."""

from collections.abc import Iterable, Mapping
from typing import Any
from zlib import crc32

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.monitoring.alarms.allowance import Traffic
from modelfleet.monitoring.alarms.canaries import Canaries
from modelfleet.monitoring.alarms.elements import Habit
from modelfleet.monitoring.alarms.episodes import Episode
from modelfleet.monitoring.calibrating import START, Prior, pooled, prior
from modelfleet.monitoring.state import State
from modelfleet.monitoring.streams import ALTERNATIVES, STREAMS, Stream

FLEET = ("", "")
"""What is kept of the whole fleet is kept as of a task without a name."""
MOST_SLICES = 8
"""Kinds of requests that are watched within one task."""

_FIXED = 1_000.0
"""Pools are sums of whole numbers of this fineness, so that their order is no matter."""
_TYPICAL = 0.1
_TYPICAL_WEIGHT = 20
_POOL = 5


class Weeks(msgspec.Struct, array_like=True):
    """The week that goes on, the one before, and the alert that is open.

    Attributes:
        week: which, counted from 1970.
        good: outcomes of it that people didn't correct.
        outcomes: all of it.
        good_before: of the week before.
        outcomes_before: of the week before.
        alert: the name of the open alert; empty: none.
    """

    week: int = 0
    good: int = 0
    outcomes: int = 0
    good_before: int = 0
    outcomes_before: int = 0
    alert: str = ""


class Usual(msgspec.Struct, array_like=True):
    """What was usual of a stream before an alert that is over (see `alarms.usual`).

    Attributes:
        score: the first of its sums (see `calibrating`).
        information: the second.
        day: on which the alert ended.
        holds: whether it is the stream's again: not before the next day.
    """

    score: float
    information: float
    day: int
    holds: bool = False


class TaskMemory(msgspec.Struct, array_like=True):
    """Of one task, beside its detectors.

    Attributes:
        detectors: of the eight streams (see `state`).
        habit: how people give feedback.
        recipe: of the version that decided last.
        slices: levels of kinds of requests, by a hash of their names.
        seen: outcomes so far.
        last: the newest decision among them: they needn't mature in their order.
        weeks: the last two weeks, where the usual rule is asked for.
        since: of streams that rang before, or were as bad as one that did, the decision behind
            which they started anew.
        episodes: alerts that are open.
        usual: of streams, as it was before their last alert that is over.
    """

    detectors: bytes
    habit: Habit = msgspec.field(default_factory=Habit)
    recipe: str = ""
    slices: dict[int, float] = {}
    seen: int = 0
    last: int = 0
    weeks: Weeks | None = None
    since: dict[int, int] = {}
    episodes: list[Episode] = []
    usual: dict[int, Usual] = {}


class Pool(msgspec.Struct, array_like=True):
    """What the tasks of a recipe have in common, as of now and as of the end of the day before.

    Attributes:
        sums: of each stream, what tasks add to it (see `calibrating.pooled`), in thousandths.
        counts: of each stream, how often it happened, and elements.
        fixed_sums: as of the day before; what is usual of a day isn't changed by its own outcomes.
        fixed_counts: the same.
    """

    sums: list[list[int]] = msgspec.field(default_factory=lambda: [[0] * _POOL] * STREAMS)
    counts: list[list[int]] = msgspec.field(default_factory=lambda: [[0, 0]] * STREAMS)
    fixed_sums: list[list[int]] = msgspec.field(default_factory=lambda: [[0] * _POOL] * STREAMS)
    fixed_counts: list[list[int]] = msgspec.field(default_factory=lambda: [[0, 0]] * STREAMS)

    def fix(self) -> None:
        """A day is over."""
        self.fixed_sums = [list(sums) for sums in self.sums]
        self.fixed_counts = [list(counts) for counts in self.counts]

    def change(self, before: NDArray[np.float64], after: NDArray[np.float64]) -> None:
        """Take in what tasks have become, ``(8, 2)`` of sums each, less what they were."""
        more = _whole(after) - _whole(before)
        self.sums = (np.array(self.sums, dtype=np.int64) + more).tolist()

    def count(self, happened: NDArray[np.int64], elements: NDArray[np.int64]) -> None:
        """Take in how often each stream happened, ``(8,)``, among so many elements."""
        self.counts = (np.array(self.counts) + np.stack([happened, elements], axis=1)).tolist()

    def rate(self, stream: Stream) -> float:
        """How often something usually happens, by the days before."""
        happened, elements = self.fixed_counts[stream]
        typical = _TYPICAL * _TYPICAL_WEIGHT
        return (happened + typical) / (elements + _TYPICAL_WEIGHT)

    def prior(self, stream: Stream) -> Prior:
        """What is known beforehand of a task's offset."""
        return prior(np.array(self.fixed_sums[stream]) / _FIXED, START[stream])


class OpenSlice(msgspec.Struct, array_like=True):
    """An open alert of a slice that a search found.

    Attributes:
        alert: its name.
        where: fields and their values.
        muted_by: the alert that explains it.
        missed: how many searches in a row haven't found it any more.
        found: when (microseconds).
        requests: of how many it was found, in two weeks.
        odds: how many times the odds of being wrong were those that were to be expected.
        evidence: for its being over (see `slice_over`).
        wrong: decisions of it since then that were wrong.
        outcomes: of so many.
    """

    alert: str
    where: tuple[tuple[str, str], ...]
    muted_by: str | None = None
    missed: int = 0
    found: int = 0
    requests: int = 1
    odds: float = 1.0
    evidence: float = 0.0
    wrong: int = 0
    outcomes: int = 0


class Searches(msgspec.Struct, array_like=True):
    """Of the weekly search for slices.

    Attributes:
        week: the one that goes on, counted from 1970.
        waited: the longest that an outcome of it was waited for, in microseconds.
        newest: of the last days, the newest decision that had matured by their end.
        open: alerts of slices.
    """

    week: int = 0
    waited: int = 0
    newest: dict[int, int] = {}
    open: list[OpenSlice] = []


class Shared(msgspec.Struct, array_like=True):
    """Of the fleet and its recipes.

    Attributes:
        traffic: how many elements came.
        pools: of each recipe.
        values: values of the metadata that are told apart over the fleet, by field.
        episodes: open alerts of the fleet and of recipes.
        canaries: tasks that don't exist, which show whether promises are kept.
        looked: the last day on which an alarm of a stream of the fleet or a recipe was looked into.
        searches: what the weekly search for slices goes on from.
    """

    traffic: Traffic = msgspec.field(default_factory=Traffic)
    pools: dict[str, Pool] = {}
    values: dict[str, list[str]] = {}
    episodes: list[Episode] = []
    canaries: Canaries = msgspec.field(default_factory=Canaries)
    looked: dict[str, int] = {}
    searches: Searches = msgspec.field(default_factory=Searches)

    def pool(self, recipe: str) -> Pool:
        """The pool of a recipe."""
        if recipe not in self.pools:
            self.pools[recipe] = Pool()
        return self.pools[recipe]

    def turn(self, day: int) -> None:
        """Begin another day."""
        if day > self.traffic.day:
            self.traffic.turn(day)
            for pool in self.pools.values():
                pool.fix()


def new_task() -> TaskMemory:
    """Of a task without any outcome."""
    return TaskMemory(State.new(1).to_bytes()[0])


def hash_of(field: str, value: str) -> int:
    """A kind of request as a number of four bytes."""
    return crc32(f"{field}={value}".encode())


def slice_state(levels: NDArray[np.float32], spent: float) -> bytes:
    """What to store of a kind of request over the fleet or a recipe, 28 bytes."""
    return bytes(levels.astype("<f4").tobytes() + np.array(spent, "<f8").tobytes())


def slice_states(stored: Iterable[bytes]) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Levels ``(k, 5)`` and what was spent ``(k,)`` of kinds of requests."""
    split = 4 * ALTERNATIVES
    kept = [bytes(one) for one in stored]
    levels = np.frombuffer(b"".join(one[:split] for one in kept), "<f4")
    spent = np.frombuffer(b"".join(one[split:] for one in kept), "<f8")
    return levels.reshape(-1, ALTERNATIVES).astype(np.float32), spent.astype(np.float64)


def _whole(sums: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.rint(pooled(sums) * _FIXED).astype(np.int64)


_task = msgspec.msgpack.Decoder(TaskMemory)
_shared = msgspec.msgpack.Decoder(Shared)
encode = msgspec.msgpack.encode


def tasks_of(states: Mapping[Any, bytes]) -> dict[Any, TaskMemory]:
    """What is remembered of tasks, from its bytes."""
    return {key: _task.decode(state) for key, state in states.items() if key != FLEET}


def shared_of(state: bytes | None) -> Shared:
    """What is remembered of the fleet, from its bytes."""
    return Shared() if state is None else _shared.decode(state)
