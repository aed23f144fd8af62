"""Kinds of requests that nobody named and that are decided worse than the rest, among a past."""

from collections import Counter
from collections.abc import Mapping, Sequence
from zlib import crc32

import msgspec
import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from modelfleet.events import Logged, Query, kinds, statements
from modelfleet.monitoring.alarms.elements import Habit, elements
from modelfleet.monitoring.alarms.history import Past, kinds_of
from modelfleet.monitoring.alarms.recurring import REACH, Judged, recurs
from modelfleet.monitoring.discovery import Found, Requests, Search, discover, within
from modelfleet.monitoring.finding import TaskKey
from modelfleet.monitoring.matured import Matured
from modelfleet.monitoring.streams import Stream

MOST_REQUESTS = 50_000
"""The newest that are looked at."""

_PAGE = 5_000
_MOST_VALUES = 24
"""Of a field; those that are rarer are one."""
_OTHER = "other"


class Bias(msgspec.Struct, frozen=True):
    """A kind of request that is decided worse than models say, beyond what the others are.

    Attributes:
        where: fields and their values, one or two.
        requests: that people judged, of this kind.
        wrong: the share of them that was wrong.
        expected: the share that was to be expected, by the models' own confidences.
        odds: how many times the odds of being wrong are those that were to be expected.
        evidence: the e-value by which half of them confirmed it.
        one_task: the largest share of what is too much that a single task has.
    """

    where: tuple[tuple[str, str], ...]
    requests: int
    wrong: float
    expected: float
    odds: float
    evidence: float
    one_task: float


def newest_requests(connection: sa.Connection, upto: int, since: int) -> list[Logged]:
    """The newest decisions of all tasks up to a place in the log that it took in since a time.

    In the log's order, and no more than are looked at.
    """
    asked = Query(kinds=(kinds.RequestDecided.kind,), newest_first=True)
    found: list[Logged] = []
    position = upto + 1
    while len(found) < MOST_REQUESTS:
        page = statements.found(connection, asked, position, min(_PAGE, MOST_REQUESTS - len(found)))
        found += [one for one in page if one.logged >= since]
        if not page or page[-1].logged < since:
            break
        position = page[-1].seq
    return found[::-1]


def biases_of(past: Past, search: Search) -> list[Bias]:
    """The kinds of requests of a past that are worse than the rest, the surest first."""
    judged = list(_judged(past))
    if not judged:
        return []
    table = _Table([request for _, request, _ in judged], [one for one, _, _ in judged])
    requests = Requests(
        fields=table.codes,
        happened=np.array([wrong for _, _, wrong in judged], np.bool_),
        expected=np.array([1 - one.confidence for one, _, _ in judged]),
        searched=np.array(
            [crc32(one.decision.encode()) % 2 == 0 for one, _, _ in judged], np.bool_
        ),
    )
    found = discover(requests, search)
    return [table.bias(one, requests) for one in found if table.is_lasting(one, requests)]


def _judged(past: Past) -> list[tuple[Matured, Logged, bool]]:
    """Decisions of which it is known whether they were right, by the habits of their tasks."""
    habits: dict[TaskKey, Habit] = {}
    for one in past.outcomes:
        habits.setdefault((one.tenant, one.task), Habit()).note(one)
    return [
        (one, request, happened)
        for one, request in zip(past.outcomes, past.requests, strict=True)
        for stream, happened, _ in elements(one, habits[one.tenant, one.task])
        if stream == Stream.PRECISION
    ]


class _Table:
    """What kinds of requests there are, as numbers: a column for each field."""

    def __init__(self, requests: Sequence[Logged], outcomes: Sequence[Matured]) -> None:
        rows = [
            kinds_of(request) | {"version": one.version or "", "task": one.task}
            for request, one in zip(requests, outcomes, strict=True)
        ]
        tasks = [(one.tenant, one.task) for one in outcomes]
        numbers = {task: number for number, task in enumerate(dict.fromkeys(tasks))}
        self._tasks = np.array([numbers[task] for task in tasks], np.intp)
        self._decided = np.array([one.decided for one in outcomes], np.int64)
        self._fields = sorted({field for row in rows for field in row})
        self._values = [_common(rows, field) for field in self._fields]
        self.codes: NDArray[np.intp] = np.array(
            [
                [
                    values.get(row.get(field, ""), 0)
                    for field, values in zip(self._fields, self._values, strict=True)
                ]
                for row in rows
            ],
            np.intp,
        )

    def bias(self, found: Found, requests: Requests) -> Bias:
        """A finding in words."""
        chosen = within(requests.fields, found.where)
        return Bias(
            where=tuple(
                (self._fields[column], self._name(column, code)) for column, code in found.where
            ),
            requests=found.requests,
            wrong=round(float(requests.happened[chosen].mean()), 4),
            expected=round(float(requests.expected[chosen].mean()), 4),
            odds=round(found.odds, 2),
            evidence=round(min(found.evidence, 1e12), 1),
            one_task=round(self._of_one(requests, chosen), 2),
        )

    def is_lasting(self, found: Found, requests: Requests) -> bool:
        """Whether a finding isn't only about when something began (see `recurring`)."""
        judged = Judged(self._decided, requests.happened, requests.expected)
        own = within(requests.fields, found.where)
        for column, code in found.where:
            field = self._fields[column]
            if field not in REACH:
                continue
            rest = tuple(pair for pair in found.where if pair[0] != column)
            alike = within(requests.fields, rest) if rest else np.ones(len(own), np.bool_)
            is_it = requests.fields[:, column] == code
            if not recurs(judged, own, alike & ~is_it, field):
                return False
        return True

    def _of_one(self, requests: Requests, chosen: NDArray[np.bool_]) -> float:
        excess = requests.happened[chosen] - requests.expected[chosen]
        by_task = np.bincount(self._tasks[chosen], excess)
        positive = by_task[by_task > 0]
        return float(positive.max() / positive.sum()) if len(positive) else 1.0

    def _name(self, column: int, code: int) -> str:
        names = {number: value for value, number in self._values[column].items()}
        return names.get(code, _OTHER)


def _common(rows: Sequence[Mapping[str, str]], field: str) -> dict[str, int]:
    """The commonest values of a field, numbered from 1; 0 is all others."""
    counts = Counter(row[field] for row in rows if row.get(field))
    common = sorted(counts, key=lambda value: (-counts[value], value))[:_MOST_VALUES]
    return {value: number for number, value in enumerate(common, 1)}
