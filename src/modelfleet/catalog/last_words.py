"""The last word about each decision, as words come and as they are forgotten."""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from modelfleet.catalog import rows
from modelfleet.catalog.task_state import TaskState
from modelfleet.events import kinds
from modelfleet.events.event import Logged
from modelfleet.events.statements import about_decisions, by_ids

Key = tuple[str, str]

_FEEDBACK = tuple(kind.kind for kind in kinds.FEEDBACK)


class LastWords:
    """The last words about the decisions that a commit's events are about."""

    def __init__(
        self, connection: sa.Connection, ours: Sequence[tuple[Logged, kinds.Body]]
    ) -> None:
        said = [event for event, body in ours if isinstance(body, kinds.FEEDBACK)]
        orders = [event for event, body in ours if isinstance(body, kinds.EvidenceForgotten)]
        self._taken_back = {order.id: _taken_back(connection, order) for order in orders}
        lost = [word for words in self._taken_back.values() for word in words]
        ids = sorted({_key(word) for word in (*said, *lost)})
        self._decisions = {(e.tenant, e.id): e for e in by_ids(connection, ids)} if ids else {}
        self._outcomes = rows.outcomes(connection, ids) if ids else {}
        words = about_decisions(connection, sorted({_key(word) for word in lost}), _FEEDBACK)
        self._words: dict[Key, list[Logged]] = {_key(word): [] for word in words}
        for word in words:
            self._words[_key(word)].append(word)
        self._forgotten_at = _orders(connection, (*words, *self._decisions.values()))
        self._new: dict[Key, rows.Row | None] = {}

    def take_in(self, state: TaskState, event: Logged) -> bool:
        """Note somebody's word; False if it is about no decision of this task."""
        decision = self._decisions.get(_key(event))
        if decision is None or not _is_about(event, decision):
            return False
        self._count(state, decision, -1)
        self._new[_key(event)] = row = _outcome(event, decision)
        self._outcomes[_key(event)] = row["label"]
        self._count(state, decision, 1)
        return True

    def take_back(self, state: TaskState, order: Logged) -> None:
        """Have the words before those that an order had forgotten hold again, or none.

        Words that were forgotten together with their decision stay counted as what they were.
        """
        for key in sorted({_key(word) for word in self._taken_back[order.id]}):
            decision = self._decisions.get(key)
            if decision is None or not self._stands(decision, order):
                continue
            left = [
                word
                for word in self._words.get(key, ())
                if _is_about(word, decision) and self._stands(word, order)
            ]
            self._count(state, decision, -1)
            self._outcomes.pop(key, None)
            self._new[key] = row = _outcome(left[-1], decision) if left else None
            if row is not None:
                self._outcomes[key] = row["label"]
                self._count(state, decision, 1)

    def write(self, connection: sa.Connection) -> None:
        """Write the new outcomes over the old ones."""
        rows.write_outcomes(connection, [row for row in self._new.values() if row is not None])
        rows.remove_outcomes(connection, [key for key, row in self._new.items() if row is None])

    def _stands(self, event: Logged, order: Logged) -> bool:
        """Whether an event was said before an order and not forgotten by then."""
        forgotten = self._forgotten_at.get((event.tenant, str(event.fields.get("forgotten"))))
        return event.seq < order.seq and (forgotten is None or forgotten > order.seq)

    def _count(self, state: TaskState, decision: Logged, by: int) -> None:
        """Count a decision by its outcome; an abstention is neither confirmed nor corrected."""
        key = (decision.tenant, decision.id)
        if key not in self._outcomes:
            return
        decided, right = decision.fields.get("label"), self._outcomes[key]
        state.answered += by
        if decided is not None:
            state.confirmed += by * (right == decided)
            state.corrected += by * (right != decided)


def _taken_back(connection: sa.Connection, order: Logged) -> list[Logged]:
    """The words about decisions that an order had forgotten; it was carried out already."""
    named = by_ids(connection, [(order.tenant, id_) for id_ in order.fields["events"]])
    return [
        event
        for event in named
        if event.kind in _FEEDBACK
        and event.fields.get("forgotten") == order.id
        and (event.task, event.seq < order.seq) == (order.task, True)
    ]


def _orders(connection: sa.Connection, events: Iterable[Logged]) -> dict[Key, int]:
    """Where the orders stand that had events forgotten."""
    ids = {(e.tenant, str(e.fields["forgotten"])) for e in events if "forgotten" in e.fields}
    return {(e.tenant, e.id): e.seq for e in by_ids(connection, sorted(ids))}


def _key(word: Logged) -> Key:
    return word.tenant, word.fields["decision"]


def _is_about(word: Logged, decision: Logged) -> bool:
    return decision.task == word.task and decision.seq <= word.seq


def _outcome(word: Logged, decision: Logged) -> rows.Row:
    is_accepted = word.kind == kinds.DecisionAccepted.kind
    return {
        "tenant": word.tenant,
        "decision": decision.id,
        "task": word.task,
        "outcome": kinds.VERDICTS[word.kind],
        "label": (decision if is_accepted else word).fields.get("label"),
        "by": word.fields.get("by"),
        "seq": word.seq,
    }
