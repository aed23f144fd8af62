"""The verbs of a fleet, spoken to a server."""

import time
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Self

import httpx

from modelfleet.catalog import Alert, FleetSums, Key, TaskState
from modelfleet.client.remote_task import RemoteTask
from modelfleet.client.server import Server
from modelfleet.client.translation import (
    Json,
    event_body,
    made_by_body,
    parameters,
    part,
    period_query,
    read,
    read_alert,
    tenant_path,
)
from modelfleet.decisions import Moved, Receipt
from modelfleet.errors import InvalidInput, ModelfleetError
from modelfleet.events import Event, Logged, Query, new_id
from modelfleet.events.given import check_is
from modelfleet.events.validation import check_id
from modelfleet.monitoring import Bias, Measured, MonitoringStatus, Period


class Client:
    """A fleet behind a server; safe for any number of threads.

    ``url`` is the server's address, ``key`` an API key (``mf_…``) if it asks for one. Use it as a
    context manager, or call ``close``.

    Every verb raises what the server answers: InvalidInput, NotFound, Conflict, NotAllowed, and
    ServerRefused for anything else, or if the server can't be reached; InvalidInput, too, for
    another kind of address.
    """

    def __init__(
        self,
        url: str,
        *,
        key: str | None = None,
        timeout: float = 30.0,
        transport: httpx.BaseTransport | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise InvalidInput.at("url", f"must begin with http:// or https://; got {url!a}")
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        http = httpx.Client(base_url=url, headers=headers, timeout=timeout, transport=transport)
        self._server = Server(http, pause)

    def task(self, tenant: str, task: str) -> "RemoteTask":
        """A task of a tenant; neither needs to be created."""
        return RemoteTask(self._server, tenant, task)

    def create_key(self, role: str, tenant: str = "", *, name: str = "") -> tuple[str, str]:
        """Make an API key: its public id, and its secret, which is told only here.

        Isn't sent again if the answer is lost: the secret is lost with it.
        """
        body = {"role": role, "tenant": tenant, "name": name}
        made = self._server.ask("POST", "/api/keys", body, attempts=1)
        return made["key"], made["secret"]

    def revoke_key(self, key: str) -> None:
        """Have a key refused, within a second by all servers."""
        path = f"/api/keys/{part(check_id(key, 'key'))}"
        self._server.ask("DELETE", path, query={"id": new_id()})

    def all_keys(self) -> list[Key]:
        """All keys ever made, without their secrets."""
        return [read(Key, one) for one in self._server.ask("GET", "/api/keys")["keys"]]

    def append(self, events: Iterable[Event]) -> list[Receipt]:
        """Log an application's own events of one tenant, up to 1,000, all or none."""
        given = list(events)
        tenants = sorted({check_is(event, Event, "event").tenant for event in given})
        if not given:
            return []
        if len(tenants) > 1:
            raise InvalidInput.at("tenant", f"must be one for all events; got {tenants}")
        bodies = [event_body(event) for event in given]
        for body in bodies:
            del body["tenant"]
        answer = self._server.ask("POST", f"{tenant_path(tenants[0])}/events", bodies)
        return [read(Receipt, one) for one in answer]

    def import_events(self, events: Iterable[Event]) -> list[Receipt]:
        """Log events of any kind as they are; streamed, each for itself.

        Raises the first refusal once all were sent; the others are in the log then.
        """
        answers = self._server.send_lines("/api/import", events, event_body)
        for answer in answers:
            if isinstance(answer, ModelfleetError):
                raise answer
        return [answer for answer in answers if isinstance(answer, Receipt)]

    def events(self, query: Query) -> Iterator[Logged]:
        """The events that a query asks for, read as they are taken."""
        path = "/api/events" if query.tenant is None else f"{tenant_path(query.tenant)}/events"
        return self._server.read_lines(path, parameters(query))

    def roll_back_recipe(
        self,
        recipe: str,
        *,
        digest: str | None = None,
        since: int | None = None,
        by: str | None = None,
    ) -> Moved:
        """Roll back every task whose live version was made by a recipe."""
        return self._moved(recipe, "roll-back", made_by_body(digest, since, by))

    def promote_recipe(
        self,
        recipe: str,
        *,
        digest: str | None = None,
        since: int | None = None,
        by: str | None = None,
    ) -> Moved:
        """Make the newest version made by a recipe live in every task that has one."""
        return self._moved(recipe, "promote", made_by_body(digest, since, by))

    def metrics(self, period: Period | None = None) -> Measured:
        """How good the decisions of all tasks were; of 28 days if nothing is said."""
        query = period_query(period or Period())
        return read(Measured, self._server.ask("GET", "/api/metrics", query=query))

    def status(self) -> FleetSums:
        """Sums over all tenants."""
        return read(FleetSums, self._server.ask("GET", "/api/status")["sums"])

    def tenant_status(self, tenant: str) -> list[TaskState]:
        """What is live, how far behind, and the last error, for each task of a tenant."""
        answer = self._server.ask("GET", f"{tenant_path(tenant)}/status")
        return [read(TaskState, one) for one in answer["tasks"]]

    def biases(self, days: float = 7.0) -> list[Bias]:
        """Kinds of requests that nobody named and that are decided worse than the rest."""
        found = self._server.ask("GET", "/api/biases", query={"days": str(days)})
        return [read(Bias, one) for one in found["biases"]]

    def monitoring_status(self) -> MonitoringStatus:
        """How far the watcher is behind, what alerts promise, and whether that is kept."""
        return read(MonitoringStatus, self._server.ask("GET", "/api/monitoring"))

    def alerts(self, *, triage: bool = False) -> list[Alert]:
        """The newest 100 open alerts of all tenants, of recipes and of the fleet.

        With ``triage`` those that cost most, these first, without what another alert explains.
        """
        path = f"/api/alerts?triage={str(triage).lower()}"
        return [read_alert(one) for one in self._server.ask("GET", path)["alerts"]]

    def end_alert(self, alert: str, *, why: str = "", by: str | None = None) -> Receipt:
        """Say that an alert of a recipe or of the whole fleet is over."""
        path = f"/api/alerts/{part(check_id(alert, 'alert'))}/end"
        body = {"why": why, "by": by, "id": new_id()}
        return read(Receipt, self._server.ask("POST", path, body))

    def close(self) -> None:
        """Give back connections."""
        self._server.http.close()

    def _moved(self, recipe: str, how: str, body: Json) -> Moved:
        path = f"/api/recipes/{part(recipe)}/{how}"
        return read(Moved, self._server.ask("POST", path, body))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()
