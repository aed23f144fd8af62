"""Alerts as the log tells them: raised, what was done about them, and ended."""

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from modelfleet.catalog.inserting import insert
from modelfleet.catalog.schema import ALERT_SUMS, ALERTS, OPEN
from modelfleet.events import kinds
from modelfleet.events.event import Logged
from modelfleet.events.findings import AlertSaid, Inception


class Action(msgspec.Struct, frozen=True):
    """What was done about an alert without a hand, and what became of it; a time in microseconds.

    ``helped`` is None until that is known; ``before`` and ``after`` are shares that were observed,
    the latter over ``events``.
    """

    action: str
    what: str
    why: str
    taken: int
    before: float | None = None
    helped: bool | None = None
    after: float | None = None
    events: int = 0
    found: str = ""


class Alert(AlertSaid, frozen=True, kw_only=True):
    """Something that got worse; times in microseconds, the rest as in `AlertSaid`.

    One without a task is a recipe's or the fleet's. It is open while ``ended`` is None; ``why``
    says what ended it. What is said of it is as of ``raised_again``, the last time that it was
    raised after ``raised``; None: never again.
    """

    tenant: str
    task: str
    raised: int
    raised_again: int | None = None
    inception: Inception | None = None
    actions: tuple[Action, ...] = ()
    ended: int | None = None
    why: str | None = None


class Open(msgspec.Struct, frozen=True):
    """How many alerts of a kind are open; one that is ``muted`` is explained by another."""

    finding: str
    scope: str
    low_trust: bool
    muted: bool
    count: int


class AlertSums(msgspec.Struct, frozen=True):
    """How many alerts are open, and how many there ever were by finding and scope."""

    open: tuple[Open, ...]
    raised: dict[tuple[str, str], int]


def fold(connection: sa.Connection, event: Logged, body: kinds.Body) -> None:
    """Write what an event says of an alert; one about an alert that isn't there changes nothing."""
    match body:
        case kinds.AlertRaised():
            _raise(connection, event, body)
        case kinds.AlertEnded():
            still_open = sa.update(ALERTS).where(*_is(event, body.alert), OPEN)
            connection.execute(still_open.values(ended=event.logged, why=body.why))
        case kinds.ActionTaken():
            taken = Action(body.action, body.what, body.why, event.logged, body.before)
            _note(connection, event, body.alert, taken)
        case kinds.ActionMeasured():
            _note(connection, event, body.alert, body)


def find(
    connection: sa.Connection, where: Sequence[sa.ColumnElement[bool]], limit: int
) -> list[Alert]:
    """Alerts that fulfil conditions, the newest first."""
    query = sa.select(ALERTS).where(*where).order_by(ALERTS.c.seq.desc()).limit(limit)
    return [_alert(row) for row in connection.execute(query)]


def count_alerts(connection: sa.Connection) -> AlertSums:
    """How many alerts there are and were; costs as much as are open."""
    low_trust = sa.func.coalesce(ALERTS.c.body["low_trust"].as_boolean(), False)
    kinds_of = (ALERTS.c.finding, ALERTS.c.scope, low_trust, ALERTS.c.muted_by.is_not(None))
    are_open = sa.select(*kinds_of, sa.func.count()).where(OPEN).group_by(*kinds_of)
    opened = [
        Open(finding, scope, bool(trust), bool(muted), count)
        for finding, scope, trust, muted, count in connection.execute(are_open)
    ]
    rows = connection.execute(sa.select(ALERT_SUMS))
    return AlertSums(tuple(opened), {(row.finding, row.scope): row.raised for row in rows})


def _raise(connection: sa.Connection, event: Logged, body: kinds.AlertRaised) -> None:
    """The first time it gets a row; raised again, what is said of it now, and it is open."""
    row: dict[str, Any] = {
        "recipe": body.recipe,
        "slice": body.slice,
        "muted_by": body.muted_by,
        "finding": body.finding,
        "scope": body.scope,
        "ended": None,
        "why": None,
    }
    before = _body(connection, event, body.alert)
    if before is not None:
        said = body.fields() | {"actions": before["actions"], "raised_again": event.logged}
        again = sa.update(ALERTS).where(*_is(event, body.alert)).values(row | {"body": said})
        connection.execute(again)
        return
    place = {"tenant": event.tenant, "task": event.task, "alert": body.alert}
    new = {"seq": event.seq, "raised": event.logged, "body": body.fields() | {"actions": []}}
    dialect = connection.dialect.name
    another = insert(dialect, ALERTS).values(row | place | new)
    is_new = connection.execute(another.on_conflict_do_nothing()).rowcount
    if is_new:  # else the name is another task's: not ours
        one = insert(dialect, ALERT_SUMS).values(finding=body.finding, scope=body.scope, raised=1)
        more = {"raised": ALERT_SUMS.c.raised + 1}
        keys = [ALERT_SUMS.c.finding, ALERT_SUMS.c.scope]
        connection.execute(one.on_conflict_do_update(index_elements=keys, set_=more))


def _note(
    connection: sa.Connection, event: Logged, alert: str, what: Action | kinds.ActionMeasured
) -> None:
    """Add an action to its alert, or what became of one."""
    body = _body(connection, event, alert)
    if body is None:
        return
    actions = {one["action"]: one for one in body["actions"]}
    if isinstance(what, Action):
        actions[what.action] = msgspec.to_builtins(what)
    elif what.action in actions:
        came_of_it = {"helped": what.helped, "after": what.after, "events": what.events}
        actions[what.action] |= came_of_it | {"found": what.why}
    noted = body | {"actions": list(actions.values())}
    connection.execute(sa.update(ALERTS).where(*_is(event, alert)).values(body=noted))


def _body(connection: sa.Connection, event: Logged, alert: str) -> dict[str, Any] | None:
    query = sa.select(ALERTS.c.body).where(*_is(event, alert))
    return connection.execute(query).scalar_one_or_none()


def _is(event: Logged, alert: str) -> tuple[sa.ColumnElement[bool], ...]:
    """The alert of this name, if it is of the task that the event is about."""
    return ALERTS.c.tenant == event.tenant, ALERTS.c.alert == alert, ALERTS.c.task == event.task


def _alert(row: sa.Row[Any]) -> Alert:
    columns = ("tenant", "task", "raised", "ended", "why")
    return msgspec.convert(row.body | {name: getattr(row, name) for name in columns}, Alert)
