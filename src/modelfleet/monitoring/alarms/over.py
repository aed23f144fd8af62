"""From an alarm over many tasks to a finding: since when, and is it more than one task?"""

from collections import Counter

import numpy as np
import sqlalchemy as sa

from modelfleet.catalog.schema import VERSIONS
from modelfleet.events import Logged, Query, kinds, statements
from modelfleet.events.key_lookup import ByKeys
from modelfleet.monitoring.alarms.causes import When, moved
from modelfleet.monitoring.alarms.elements import Habit
from modelfleet.monitoring.alarms.episodes import log_odds_between
from modelfleet.monitoring.alarms.findings import Finding, Rang, began_at, stands_out
from modelfleet.monitoring.alarms.history import (
    Elements,
    Past,
    only,
    past_of_requests,
    sequence_of,
)
from modelfleet.monitoring.alarms.recurring import REACH, Judged, recurs
from modelfleet.monitoring.alarms.scopes import ScopeAlarm
from modelfleet.monitoring.alarms.versions import Versions
from modelfleet.monitoring.inception import Inception, inception
from modelfleet.monitoring.matured import Matured

_MOST = 6_000
_ONE_TASKS = 2 / 3
_BY_VERSION = ByKeys(
    sa.select(VERSIONS.c.tenant, VERSIONS.c.version, VERSIONS.c.recipe),
    VERSIONS.c.tenant,
    VERSIONS.c.version,
)


def find_over(connection: sa.Connection, alarm: ScopeAlarm, at: Matured) -> Finding | None:
    """Look back from an alarm over many tasks, by at most 6,000 decisions.

    None if it is the fault of a single task, or, of a kind of request, if the others are as bad.
    """
    newest = _requests(connection, alarm, at)
    whole = past_of_requests(connection, newest, at.matured)
    past = only(whole, (alarm.field, alarm.value)) if alarm.field else whole
    told = sequence_of(past, alarm.stream, Habit(confirmed=1), rate=_rate(past, alarm))
    moment = inception(told.happened, np.clip(told.stated, 1e-6, 1 - 1e-6))
    if _is_one_tasks(past, told, moment):
        return None
    when = When(*(int(told.places[p]) for p in (moment.earliest, moment.place, moment.latest)))
    rang = Rang(at, alarm.stream, alarm.evidence, alarm.bar, habit=Habit(confirmed=1))
    if alarm.field and not stands_out(whole, past, past.outcomes[when.place].seq, rang):
        return None
    if alarm.field in REACH and not _recurs(whole, past, alarm):
        return None
    return Finding(
        began=began_at(past, when),
        causes=tuple(moved(past, when, alarm.stream)),
        expected=moment.expected,
        observed=moment.observed,
        events=moment.outcomes,
        shift=log_odds_between(moment.expected, moment.believed),
        versions=Versions(),
        precision=0.0,
        kind=(alarm.field, alarm.value),
    )


def _recurs(whole: Past, part: Past, alarm: ScopeAlarm) -> bool:
    """Whether it isn't only about when something began."""
    told = sequence_of(whole, alarm.stream, Habit(confirmed=1), rate=_rate(whole, alarm))
    outcomes = [whole.outcomes[place] for place in told.places.tolist()]
    chosen = {one.seq for one in part.outcomes}
    own = np.array([one.seq in chosen for one in outcomes], np.bool_)
    decided = np.array([one.decided for one in outcomes], np.int64)
    return recurs(Judged(decided, told.happened, told.stated), own, ~own, alarm.field)


def _requests(connection: sa.Connection, alarm: ScopeAlarm, at: Matured) -> list[Logged]:
    """The newest decisions that an alarm is about, in order."""
    asked = Query(kinds=(kinds.RequestDecided.kind,), newest_first=True)
    newest = statements.found(connection, asked, at.seq + 1, _MOST)
    if alarm.recipe:
        versions = sorted({(one.tenant, str(one.fields.get("version"))) for one in newest})
        made = {
            (row.tenant, row.version): row.recipe for row in _BY_VERSION.rows(connection, versions)
        }
        newest = [
            one
            for one in newest
            if made.get((one.tenant, str(one.fields.get("version")))) == alarm.recipe
        ]
    return newest[::-1]


def _rate(past: Past, alarm: ScopeAlarm) -> float:
    """How often it happened in the older half; asked only of streams without a confidence."""
    older = Past(past.outcomes[: len(past.outcomes) // 2], past.requests[: len(past.requests) // 2])
    if not older.outcomes:
        return 0.1
    told = sequence_of(older, alarm.stream, Habit(confirmed=1), rate=0.5)
    return float(told.happened.mean())


def _is_one_tasks(past: Past, told: Elements, moment: Inception) -> bool:
    """Whether most of what is too much since then is a single task's: that is no news of others."""
    excess: Counter[tuple[str, str]] = Counter()
    for place in range(moment.place, len(told.places)):
        one = past.outcomes[int(told.places[place])]
        more = float(told.happened[place]) - float(told.stated[place])
        excess[one.tenant, one.task] += more  # type: ignore[assignment]  # counts may be fractions
    positive = [more for more in excess.values() if more > 0]
    return not positive or max(positive) > _ONE_TASKS * sum(positive)
