"""The verbs of watching a task, over HTTP."""

from datetime import date

from modelfleet.client.server import Server
from modelfleet.client.translation import Json, part, period_query, read, read_report
from modelfleet.monitoring import Accepted, Drift, Every, Measured, Period, Suggestion, Window
from modelfleet.monitoring.reporting import Report


class RemoteMonitoring:
    """How a task of a server is doing; see `task.OfMonitoring`."""

    _server: Server
    _path: str

    def metrics(
        self,
        days: int | None = None,
        *,
        since: date | None = None,
        until: date | None = None,
        by: str | None = None,
        bucket: Every | None = None,
    ) -> Measured:
        """How good the decisions of some days were, beside those of as many days before."""
        query = period_query(Period(days, since, until, by, bucket))
        return read(Measured, self._server.ask("GET", f"{self._path}/metrics", query=query))

    def report(self, weeks: int = 8) -> Report:
        """How good it was, what got worse, what was done about it, and what went wrong."""
        query = {"weeks": str(weeks)}
        found: Json = self._server.ask("GET", f"{self._path}/report", query=query)
        return read_report(found)

    def drift(self, days: float = 7.0) -> Drift:
        """How the requests of the last days differ from those of four times as many days before."""
        query = {"days": str(days)}
        found: Json = self._server.ask("GET", f"{self._path}/drift", query=query)
        windows = {name: found[name] and read(Window, found[name]) for name in ("before", "now")}
        return read(Drift, {**found, **windows})

    def suggestions(self) -> list[Suggestion]:
        """Labels that seem to be missing: groups of requests that no label fits."""
        found: Json = self._server.ask("GET", f"{self._path}/suggestions")
        return [read(Suggestion, one) for one in found["suggestions"]]

    def accept_suggestion(
        self,
        suggestion: str,
        *,
        label: str | None = None,
        name: str | None = None,
        description: str = "",
        by: str | None = None,
    ) -> Accepted:
        """Define a suggested label, or use one that there is, and give it the group's requests."""
        body = {"label": label, "name": name, "description": description, "by": by}
        path = f"{self._path}/suggestions/{part(suggestion)}/accept"
        return read(Accepted, self._server.ask("POST", path, body))
