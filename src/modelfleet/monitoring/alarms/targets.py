"""What was asked of a task's decisions, and what is asked again when an alert is over."""

from collections.abc import Collection, Sequence
from itertools import takewhile

import sqlalchemy as sa

from modelfleet.events import Event, Logged, Query, kinds, statements
from modelfleet.monitoring.alarms.actions import BY, action_name
from modelfleet.monitoring.matured import Matured

_NEWEST = 200


def raise_of(alert: str) -> str:
    """The id of the event with which an alert had decisions be right more often."""
    return action_name(alert, "raise_threshold")


def targets_of(connection: sa.Connection, tenant: str, task: str) -> list[Logged]:
    """What was asked of all labels of a task, the newest first."""
    asked = Query(tenant=tenant, task=task, kinds=(kinds.TargetSet.kind,), newest_first=True)
    newest = statements.found(connection, asked, None, _NEWEST)
    return [one for one in newest if one.fields.get("label") is None]


def precision_asked(connection: sa.Connection, at: Matured, usual: float) -> float:
    """How often decisions must be right, as of the moment at which one matured."""
    for one in targets_of(connection, at.tenant, at.task):
        if one.logged <= at.matured:
            return float(one.fields["precision"] or usual)
    return usual


def target_after(
    newest: Sequence[Logged | Event], over: str, still_open: Collection[str], usual: float
) -> kinds.TargetSet | None:
    """What to ask for once an alert that raised it is over; None if that changes nothing.

    It is what people asked for last, or the recipe asks; more, if other alerts that are open had
    it raised since. What a person asked for after the alert did isn't touched, and nothing is ever
    raised by this.

    Args:
        newest: what was asked of all labels, the newest first.
        over: the alert.
        still_open: the others of the task.
        usual: what the recipe asks.
    """
    ours = list(takewhile(lambda one: one.fields.get("by") == BY, newest))
    if raise_of(over) not in {one.id for one in ours}:
        return None
    before = newest[len(ours)].fields["precision"] if len(ours) < len(newest) else None
    names = {raise_of(alert) for alert in still_open}
    raised = [float(one.fields["precision"]) for one in ours if one.id in names]
    wanted = max(raised) if raised else before
    if (wanted or usual) >= float(ours[0].fields["precision"] or usual):
        return None
    why = "what it was raised for is over"
    return kinds.TargetSet(wanted, None, BY, why)
