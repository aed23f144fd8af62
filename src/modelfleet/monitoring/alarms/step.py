"""One step of alarms: what was seen is taken in, in order, and what was found is told."""

from collections.abc import Sequence

import msgspec
import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from modelfleet.clock import Clock
from modelfleet.events import Logged
from modelfleet.monitoring.alarms.allowance import WITHIN, Allowance, day_of
from modelfleet.monitoring.alarms.canary_lives import live_on
from modelfleet.monitoring.alarms.gathering import Gathered, beforehand, gather, pool_counts
from modelfleet.monitoring.alarms.memory import (
    FLEET,
    Weeks,
    encode,
    new_task,
    shared_of,
    tasks_of,
)
from modelfleet.monitoring.alarms.news import Heard, News
from modelfleet.monitoring.alarms.policy import Policy
from modelfleet.monitoring.alarms.scopes import Scopes
from modelfleet.monitoring.alarms.searching import WeeklySearch
from modelfleet.monitoring.alarms.usual import hold_again
from modelfleet.monitoring.alarms.weekly import WeeklyWatch, judged
from modelfleet.monitoring.alarms.within import advance_within
from modelfleet.monitoring.budget import Budget, search_error
from modelfleet.monitoring.discovery import Search
from modelfleet.monitoring.finding import Found, Seen, TaskKey
from modelfleet.monitoring.matured import Matured
from modelfleet.monitoring.state import State
from modelfleet.monitoring.streams import STREAMS, Stream
from modelfleet.monitoring.watching import observe
from modelfleet.monitoring.weekly_rule import WeeklyRule


class Step:
    """The memory of a step: loaded at once, changed in order, given back at once."""

    def __init__(self, connection: sa.Connection, seen: Seen, policy: Policy, clock: Clock) -> None:
        self._policy = policy
        self._shared = shared_of(seen.states.get(FLEET))
        self._tasks = tasks_of(seen.states)
        outcomes = [one for one in seen.happened if isinstance(one, Matured)]
        for one in outcomes:
            if (one.tenant, one.task) not in self._tasks:
                self._tasks[one.tenant, one.task] = new_task()
        self._places: dict[TaskKey, int] = {key: place for place, key in enumerate(self._tasks)}
        self._state = State.from_bytes([memory.detectors for memory in self._tasks.values()])
        recipes = sorted({one.recipe for one in outcomes if one.recipe})
        self._scopes = Scopes(connection, recipes) if outcomes else None
        self._news = News(connection, self._tasks, self._shared, policy, clock)
        self._weekly = WeeklyWatch(WeeklyRule(policy.weekly_drop))
        search = Search(error=search_error(Budget(policy.false_alerts)))
        self._search = WeeklySearch(connection, self._shared, search)

    def end(self, event: Logged) -> None:
        """Take in a person's word that an alert is over."""
        self._news.end(event)
        if not event.task:
            self._search.end(event.fields["alert"])
        memory = self._tasks.get((event.tenant, event.task))
        if memory is not None and memory.weeks and memory.weeks.alert == event.fields["alert"]:
            memory.weeks.alert = ""

    def take_in(self, some: Sequence[Matured]) -> None:
        """Take in outcomes of one day, in order."""
        self._search.take_in(some)
        day = day_of(some[0].matured)
        self._shared.turn(day)
        allowance = Allowance(Budget(self._policy.false_alerts), self._shared.traffic)
        known = beforehand(self._shared)
        gathered = gather(some, self._places, self._tasks, known, allowance)
        self._search.follow(some, gathered)
        before = self._state.sums.copy()
        for task in {(one.tenant, one.task) for one in some}:
            hold_again(self._state, self._places[task], self._tasks[task].usual, day)
        observed = observe(self._state, gathered.outcomes, self._policy.tolerance)
        self._pool(some, gathered, before)
        heard = Heard(some, gathered, observed)
        live_on(self._shared.canaries, some, gathered, self._policy.tolerance)
        if self._policy.weekly_drop:
            self._ask_weekly(some, gathered)
        self._listen_within(heard, allowance)
        if self._scopes is not None:
            heard.over = self._scopes.take_in(
                some, gathered, observed, self._shared, allowance, self._policy.tolerance
            )
        self._news.take_in(heard)

    def found(self) -> Found:
        """What changed, and what is to be told."""
        states = {}
        for (key, memory), detectors in zip(
            self._tasks.items(), self._state.to_bytes(), strict=True
        ):
            states[key] = encode(msgspec.structs.replace(memory, detectors=detectors))
        slices = {} if self._scopes is None else self._scopes.states()
        events = [*self._news.events, *self._weekly.events, *self._search.events]
        return Found(states | {FLEET: encode(self._shared)}, slices, events)

    def _ask_weekly(self, some: Sequence[Matured], gathered: Gathered) -> None:
        for one, wrong in judged(some, gathered):
            memory = self._tasks[one.tenant, one.task]
            memory.weeks = memory.weeks or Weeks()
            self._weekly.take_in(memory.weeks, one, wrong=wrong)

    def _listen_within(self, heard: Heard, allowance: Allowance) -> None:
        """Kinds of requests within tasks, by the decisions that people judged."""
        outcomes = heard.gathered.outcomes
        for element in np.flatnonzero(outcomes.streams == Stream.PRECISION).tolist():
            number = int(heard.gathered.of[element])
            one = heard.some[number]
            rang = advance_within(
                self._tasks[one.tenant, one.task],
                one,
                happened=bool(outcomes.happened[element]),
                expected=float(heard.observed.expected[element]),
                share=allowance.share(WITHIN),
            )
            if rang is not None:
                heard.within[element] = rang

    def _pool(
        self, some: Sequence[Matured], gathered: Gathered, before: NDArray[np.float64]
    ) -> None:
        """What recipes' tasks have in common changes with each of them."""
        for recipe in sorted({one.recipe or "" for one in some}):
            self._shared.pool(recipe).count(*pool_counts(some, gathered, recipe))
        last = {(one.tenant, one.task): one.recipe or "" for one in some}
        for key, recipe in last.items():
            memory, rows = self._tasks[key], self._rows(key)
            nothing = np.zeros((STREAMS, 2))
            if memory.recipe != recipe:
                self._shared.pool(memory.recipe).change(before[rows], nothing)
                self._shared.pool(recipe).change(nothing, self._state.sums[rows])
                memory.recipe = recipe
            else:
                self._shared.pool(recipe).change(before[rows], self._state.sums[rows])

    def _rows(self, key: TaskKey) -> slice:
        first = self._places[key] * STREAMS
        return slice(first, first + STREAMS)
