"""The verbs of watching a task."""

from modelfleet.monitoring import Accepted, Drift, Naming, Suggestion
from modelfleet.task.of_task import OfTask


class OfMonitoring(OfTask):
    """How a task is doing: what changed in its requests, and which labels are missing."""

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
