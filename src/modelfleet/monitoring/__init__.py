"""Many small models watched with few false alerts: is each as good as it says, since when not?

*In*: the log: decisions, and what became of them. *Out*: product metrics of any window, alerts with
the moment of inception and likely causes, and what was done about them, all as events again.
*Keeps*: sums and detector states per task, folded from the log. *Ignores*: how decisions are made,
and who is told of an alert. Imports `decisions`, `serving`, `training`, `catalog` and `events`.
"""

from modelfleet.monitoring.board import AlertBoard

__all__ = ["AlertBoard"]
