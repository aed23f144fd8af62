"""The verbs of watching a task."""

from datetime import date

from modelfleet.monitoring import Accepted, Drift, Every, Measured, Naming, Period, Suggestion
from modelfleet.monitoring.reporting import Report
from modelfleet.task.of_task import OfTask


class OfMonitoring(OfTask):
    """How a task is doing: what changed in its requests, and which labels are missing."""

    def metrics(
        self,
        days: int | None = None,
        *,
        since: date | None = None,
        until: date | None = None,
        by: str | None = None,
        bucket: Every | None = None,
    ) -> Measured:
        """How good the decisions of some days were, beside those of as many days before.

        Args:
            days: how many, up to today or ``until``; 28, if neither they nor ``since`` are said.
            since: the first day (UTC), instead of a number of days.
            until: the day after the last.
            by: tell decisions apart by this field: label, version, recipe, hour, weekday, length,
                script, or metadata. and the name of a field with few values.
            bucket: tell days or weeks apart.

        Raises:
            InvalidInput: the days or the field can't be accepted.
        """
        period = Period(days, since, until, by, bucket)
        return self._rooms.measures.of_task(self.tenant, self.task, period)

    def report(self, weeks: int = 8) -> Report:
        """How good it was, what got worse, what was done about it, and what went wrong.

        `monitoring.reporting.page` makes a page of HTML of it.

        Raises:
            InvalidInput: the number of weeks can't be accepted.
        """
        return self._rooms.reports.of_task(self.tenant, self.task, weeks)

    def drift(self, days: float = 7.0) -> Drift:
        """How the requests of the last days differ from those of four times as many days before.

        Raises:
            InvalidInput: the number of days can't be accepted.
        """
        return self._rooms.drift_watch.look(self.tenant, self.task, days)

    def suggestions(self) -> list[Suggestion]:
        """Labels that seem to be missing: groups of requests that no label fits."""
        return self._rooms.suggestions.find(self.tenant, self.task)

    def accept_suggestion(
        self,
        suggestion: str,
        *,
        label: str | None = None,
        name: str | None = None,
        description: str = "",
        by: str | None = None,
    ) -> Accepted:
        """Define a suggested label, or use one that there is, and give it the group's requests.

        The next decision knows it. What isn't given is as suggested.

        Raises:
            NotFound: there is no such suggestion.
            InvalidInput: the label or a text can't be accepted.
        """
        naming = Naming(label, name, description)
        return self._rooms.suggestions.accept(self.tenant, self.task, suggestion, naming, by)
