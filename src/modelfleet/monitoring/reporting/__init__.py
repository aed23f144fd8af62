"""A report on one task: how good it was, what got worse, what was done, and what went wrong.

*In*: the metrics of the last weeks, alerts, versions, and words of people in the log. *Out*: a
report, and the same as one page of HTML. *Keeps*: nothing. *Ignores*: other tenants.
"""

from modelfleet.monitoring.reporting.gathering import Reports
from modelfleet.monitoring.reporting.page import page
from modelfleet.monitoring.reporting.report import Report, Slice

__all__ = ["MOST_WEEKS", "Release", "Report", "Reports", "Slice", "Wrong", "page"]
