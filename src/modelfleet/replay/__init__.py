"""Replay: a file of past requests is lived through again, as if modelfleet had been there.

*In*: a file of requests with the labels that people gave them. *Out*: a report of what the
platform would have decided, as a table, as JSON and as one page of HTML. *Keeps*: nothing; the
fleet it fills is the caller's. *Ignores*: how decisions are made; it uses a `Fleet` as anyone does,
and never shows it a label before the time at which a person would have given it.
Imports `fleet` and all below.
"""

from modelfleet.replay.columns import Asked, Columns
from modelfleet.replay.history import History, Order, read_history
from modelfleet.replay.page import page
from modelfleet.replay.report import Report, report_on
from modelfleet.replay.run import Course, Options, run
from modelfleet.replay.terminal import print_report

__all__ = [
    "Asked",
    "Columns",
    "Course",
    "History",
    "Options",
    "Order",
    "Report",
    "page",
    "print_report",
    "read_history",
    "report_on",
    "run",
]
