"""The verbs of a task's alerts."""

from modelfleet.catalog import Alert
from modelfleet.decisions import Receipt
from modelfleet.events import kinds
from modelfleet.task.of_task import OfTask


class OfAlerts(OfTask):
    """Alerts of a task: what got worse, since when and why, and what was done about it."""

    def alerts(self, *, ended: bool = False) -> list[Alert]:
        """The open alerts of this task, the newest first; with ``ended`` those before as well."""
        return self._rooms.alerts.of_task(self.tenant, self.task, ended=ended)

    def end_alert(self, alert: str, *, why: str = "", by: str | None = None) -> Receipt:
        """Say that an alert of this task is over.

        Raises:
            NotFound: the task has no such alert.
            Conflict: it has ended already.
        """
        said = kinds.AlertEnded(alert, why, by)
        return self._rooms.alerts.end(self.tenant, self.task, alert, said)
