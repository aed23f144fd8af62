"""Announcer people of alerts, wherever they look: Alertmanager, webhooks, e-mail.

*In*: alerts in the log that are loud, and their ends. *Out*: posts and e-mail, each alert at least
once and in the log's order, to every outlet at its own pace. *Keeps*: how far each outlet is, and
which open alerts it knows. *Ignores*: how an alert came about, and what becomes of it elsewhere.
"""

from modelfleet.monitoring.outlets.notifier import Notifier
from modelfleet.monitoring.outlets.opening import KINDS
from modelfleet.monitoring.outlets.outlet import Answer, Outlet, Taken
from modelfleet.monitoring.outlets.outlets import Outlets
from modelfleet.monitoring.outlets.positions import OutletState, Positions

__all__ = [
    "KINDS",
    "Answer",
    "Notifier",
    "Outlet",
    "OutletState",
    "Outlets",
    "Positions",
    "Taken",
]
