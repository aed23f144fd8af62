"""The catalog's fold: what each commit to the log changes in the catalog, in the same transaction.

A fold never fails on an event: what was appended was checked before, and an event that refers to
something that isn't there (any more) changes nothing but its own row.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec
import sqlalchemy as sa

from modelfleet.catalog import rows
from modelfleet.catalog.last_words import LastWords
from modelfleet.catalog.task_state import TaskState, changed, due
from modelfleet.errors import Outdated
from modelfleet.events import kinds
from modelfleet.events.event import Logged, body_of
from modelfleet.recipe import Policy

TaskKey = tuple[str, str]

_DECIDED = kinds.RequestDecided.kind

_TRAINED = {
    kinds.VersionPublished.kind: "published",
    kinds.VersionKept.kind: "kept",
    kinds.TrainingFailed.kind: "failed",
}


class CatalogFold:
    """Folds committed events into the catalog; ``policy`` says when a task falls due."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def __call__(
        self, connection: sa.Connection, events: Sequence[Logged], known: Mapping[int, int] = {}
    ) -> None:
        """Take in the events of one commit, which are in the log already.

        Most commits hold nothing but decisions of tasks that are known; these only add to counts.

        Raises:
            Outdated: a decision was made without knowing the last change of its task's labels.
        """
        only_decisions = all(event.kind == _DECIDED for event in events)
        if not (only_decisions and rows.count_decisions(connection, events, known)):
            self._fold(connection, events, known)

    def _fold(
        self, connection: sa.Connection, events: Sequence[Logged], known: Mapping[int, int]
    ) -> None:
        ours = [(event, body) for event in events if (body := body_of(event)) is not None]
        states = _Tasks(connection, {(event.tenant, event.task) for event, _ in ours})
        last_words = LastWords(connection, ours)
        for event, body in ours:
            state = states.of(event)
            if state is not None and known.get(event.seq, event.seq) < state.labels_seq:
                raise Outdated(event.tenant, event.task, state.labels_seq)
            self._take_in(state, last_words, event, body)
        for state in states.touched():
            state.due = due(state, self._policy)
        last_words.write(connection)
        rows.write_details(connection, ours)
        states.write(connection)

    def _take_in(
        self, state: TaskState | None, last_words: LastWords, event: Logged, body: kinds.Body
    ) -> None:
        if state is None:
            return
        if isinstance(body, kinds.RequestDecided):
            state.decided += 1
            state.abstained += body.label is None
        elif isinstance(body, kinds.FEEDBACK):
            if last_words.take_in(state, event):
                changed(state, event, body, self._policy)
        elif isinstance(body, kinds.EvidenceForgotten):
            last_words.take_back(state, event)
            changed(state, event, body, self._policy)
        elif not isinstance(body, kinds.DecisionRated):
            changed(state, event, body, self._policy)


class _Tasks:
    """The states of the tasks that a commit touches, and by how much the fleet's sums grow."""

    def __init__(self, connection: sa.Connection, keys: Iterable[TaskKey]) -> None:
        named = sorted(key for key in keys if key[1])
        self._before = rows.task_states(connection, named)
        self._states = {
            key: msgspec.structs.replace(self._before[key])
            if key in self._before
            else TaskState(*key)
            for key in named
        }
        self._new: set[TaskKey] = set()
        self._since: dict[str, int] = {}
        self._trainings: Counter[str] = Counter()

    def of(self, event: Logged) -> TaskState | None:
        """The state of an event's task; None for events of the whole fleet."""
        key = (event.tenant, event.task)
        if key not in self._states:
            return None
        if key not in self._before:
            self._new.add(key)
            self._since.setdefault(event.tenant, event.logged)
        if event.kind in _TRAINED:
            self._trainings[_TRAINED[event.kind]] += 1
        return self._states[key]

    def touched(self) -> Iterable[TaskState]:
        """Each state once."""
        return self._states.values()

    def write(self, connection: sa.Connection) -> None:
        """Write the states back, and what they add to the fleet's sums."""
        rows.write_task_states(connection, list(self._states.values()))
        sums = {name: self._growth(name) for name in rows.SUMMED}
        sums["tenants"] = rows.write_tenants(connection, self._since)
        sums["tasks"] = len(self._new)
        sums |= {name: self._trainings[name] for name in _TRAINED.values()}
        rows.add_to_fleet(connection, sums)

    def _growth(self, column: str) -> int:
        after = sum(getattr(state, column) for state in self._states.values())
        before = sum(getattr(state, column) for state in self._before.values())
        return int(after - before)
