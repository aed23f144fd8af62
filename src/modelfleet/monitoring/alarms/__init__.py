"""Alarms: detectors wired to outcomes, alerts with a budget, and what is done about them.

*In*: decisions as they mature, and words of people that an alert is over. *Out*: states of
detectors, and alerts, actions and their effects as events. *Keeps*: nothing itself; the watcher
stores the states that it gets, and they come back with the next step. *Ignores*: how sums are kept
and who is told. Everything follows from the log: taken in again, in any pages, it finds the same.
"""

from modelfleet.monitoring.alarms.alarms import Alarms
from modelfleet.monitoring.alarms.policy import Policy

__all__ = ["Alarms", "Policy"]
