"""How monitoring itself is doing: how far behind, what it promises, and whether it keeps that."""

import msgspec

from modelfleet.events import Database
from modelfleet.monitoring import rows
from modelfleet.monitoring.alarms.canaries import Check, checked
from modelfleet.monitoring.alarms.memory import FLEET, shared_of
from modelfleet.monitoring.budget import Budget, promise
from modelfleet.monitoring.watcher import Lag, Watcher


class MonitoringStatus(msgspec.Struct, frozen=True):
    """How monitoring is doing.

    Attributes:
        lag: how far the watcher is behind the log.
        false_alerts_per_week: that the whole fleet may raise.
        promise: the same in words.
        canaries: whether that is kept, by tasks that don't exist.
    """

    lag: Lag
    false_alerts_per_week: float
    promise: str
    canaries: Check


def monitoring_status(
    database: Database, watcher: Watcher, false_alerts: float
) -> MonitoringStatus:
    """How monitoring is doing now, at the cost of two look-ups.

    Raises:
        LogUnavailable: the database can't be reached.
    """
    budget = Budget(false_alerts)
    with database.reading() as connection:
        _, states = rows.states(connection, [FLEET])
    return MonitoringStatus(
        lag=watcher.lag(),
        false_alerts_per_week=budget.false_alerts,
        promise=promise(budget),
        canaries=checked(shared_of(states.get(FLEET)).canaries),
    )
