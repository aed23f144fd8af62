"""Many small models watched with few false alerts: is each as good as it says, since when not?

*In*: the log: decisions, and what became of them. *Out*: product metrics of any window, alerts with
the moment of inception and likely causes, and what was done about them, all as events again; what
changed in the requests, and labels that are missing. *Keeps*: sums and detector states per task,
folded from the log. *Ignores*: how decisions are made, and who is told of an alert. Imports
`decisions`, `serving`, `training`, `catalog` and `events`.
"""

from modelfleet.monitoring.alarms.biased import Bias
from modelfleet.monitoring.biases import search_biases
from modelfleet.monitoring.board import AlertBoard
from modelfleet.monitoring.drift import Drift, DriftWatch, Said, Shift, Window
from modelfleet.monitoring.finding import Found, Seen, find_nothing
from modelfleet.monitoring.intervals import Interval
from modelfleet.monitoring.matured import Matured
from modelfleet.monitoring.measuring import Every, Measures, Period
from modelfleet.monitoring.metrics import LabelScores, Measured, Metrics
from modelfleet.monitoring.status import MonitoringStatus, monitoring_status
from modelfleet.monitoring.suggestions import Accepted, Naming, Suggestion, Suggestions
from modelfleet.monitoring.taking import rebuild
from modelfleet.monitoring.triage import cost_of, triaged
from modelfleet.monitoring.watcher import Watcher
from modelfleet.monitoring.words import telling_words

__all__ = [
    "Accepted",
    "AlertBoard",
    "Bias",
    "Drift",
    "DriftWatch",
    "Every",
    "Found",
    "Interval",
    "LabelScores",
    "Matured",
    "Measured",
    "Measures",
    "Metrics",
    "MonitoringStatus",
    "Naming",
    "Period",
    "Said",
    "Seen",
    "Shift",
    "Suggestion",
    "Suggestions",
    "Watcher",
    "Window",
    "cost_of",
    "find_nothing",
    "monitoring_status",
    "rebuild",
    "search_biases",
    "telling_words",
    "triaged",
]
