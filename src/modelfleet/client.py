"""The HTTP client: the same verbs as `Fleet`, spoken to a server.

A write that the connection lost is sent again: each gets an id beforehand, under which the server
takes it once.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, NoReturn, Self, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from modelfleet.catalog import FleetSums, Key, Label, TaskState, Version
from modelfleet.clock import from_datetime, to_datetime
from modelfleet.decisions import Decision, Example, Feedback, Receipt, Request
from modelfleet.errors import (
    Conflict,
    Fault,
    InvalidInput,
    ModelfleetError,
    NotAllowed,
    NotFound,
    ServerRefused,
)
from modelfleet.events import Condition, Event, Logged, Query, new_id
from modelfleet.events.validation import check_name

_ATTEMPTS = 4
_FIRST_PAUSE = 0.1
_TIMES = ("time", "logged", "published", "behind_since", "due", "changed")
_ERRORS: dict[int, type[ModelfleetError]] = {
    401: NotAllowed,
    403: NotAllowed,
    404: NotFound,
    409: Conflict,
}
_LINES = "application/x-ndjson"

Json = dict[str, Any]
T = TypeVar("T")


class Client:
    """A fleet behind a server; safe for any number of threads.

    ``url`` is the server's address, ``key`` an API key (``mf_…``) if it asks for one. Use it as a
    context manager, or call ``close``.

    Every verb raises what the server answers: InvalidInput, NotFound, Conflict, NotAllowed, and
    ServerRefused for anything else, or if the server can't be reached.
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
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.Client(
            base_url=url, headers=headers, timeout=timeout, transport=transport
        )
        self._pause = pause

    def task(self, tenant: str, task: str) -> "RemoteTask":
        """A task of a tenant; neither needs to be created."""
        return RemoteTask(self, tenant, task)

    def create_key(self, role: str, tenant: str = "", *, name: str = "") -> tuple[str, str]:
        """Make an API key: its public id, and its secret. Isn't sent again if the answer is lost.

        A secret is told once, so a key whose answer was lost is of no use: revoke it.
        """
        body = {"role": role, "tenant": tenant, "name": name}
        made = self.call("POST", "/api/keys", body, attempts=1)
        return made["key"], made["secret"]

    def revoke_key(self, key: str) -> None:
        """Have a key refused, within a second by all servers."""
        self.call("DELETE", f"/api/keys/{_part(key)}", query={"id": new_id()})

    def keys(self) -> list[Key]:
        """All keys ever made, without their secrets."""
        return [_read(Key, one) for one in self.call("GET", "/api/keys")["keys"]]

    def append(self, events: Iterable[Event]) -> list[Receipt]:
        """Log an application's own events of one tenant, up to 1,000, all or none."""
        given = list(events)
        tenants = sorted({event.tenant for event in given})
        if not tenants:
            return []
        if len(tenants) > 1:
            raise InvalidInput.at("tenant", f"must be one for all events; got {tenants}")
        path = f"/api/tenants/{_part(tenants[0])}/events"
        bodies = [_plain(event, without=("tenant",)) for event in given]
        return [_read(Receipt, one) for one in self.call("POST", path, bodies)]

    def import_events(self, events: Iterable[Event]) -> list[Receipt]:
        """Log events of any kind as they are; streamed, and each for itself.

        Raises the first refusal, once all were sent; the others are in the log then.
        """
        answers = self.stream_lines("/api/import", (_plain(event) for event in events))
        return _receipts(answers)

    def events(self, query: Query) -> Iterator[Logged]:
        """The events that a query asks for, read as they are taken."""
        path = "/api/events"
        if query.tenant is not None:
            path = f"/api/tenants/{_part(query.tenant)}/events"
        request = self._http.build_request(
            "GET", path, params=_parameters(query), headers={"Accept": _LINES}
        )
        with _reaching():
            response = self._http.send(request, stream=True)
            try:
                if response.is_error:
                    response.read()
                    _refuse(response)
                for line in response.iter_lines():
                    yield _read(Logged, msgspec.json.decode(line))
            finally:
                response.close()

    def status(self) -> FleetSums:
        """Sums over all tenants."""
        return _read(FleetSums, self.call("GET", "/api/status")["sums"])

    def failing(self) -> list[TaskState]:
        """Tasks whose last training ended in an error."""
        return [_read(TaskState, one) for one in self.call("GET", "/api/status")["failing"]]

    def tenant_status(self, tenant: str) -> list[TaskState]:
        """What is live, how far behind, and the last error, for each task of a tenant."""
        answer = self.call("GET", f"/api/tenants/{_part(tenant)}/status")
        return [_read(TaskState, one) for one in answer["tasks"]]

    def close(self) -> None:
        """Give back connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, str | int] | None = None,
        attempts: int = _ATTEMPTS,
    ) -> Any:  # noqa: ANN401 - whatever JSON the path answers with
        """The server's answer; asked again when the connection is lost, after a growing pause."""
        content = None if body is None else msgspec.json.encode(body)
        headers = {"Content-Type": "application/json"} if content is not None else {}
        for attempt in range(attempts):
            try:
                response = self._http.request(
                    method, path, content=content, headers=headers, params=query
                )
            except httpx.TransportError as error:
                if attempt + 1 == attempts:
                    raise _unreached(error) from error
                self._pause(_FIRST_PAUSE * 2**attempt)
            else:
                return _answered(response)
        raise ServerRefused("nothing was asked")

    def stream_lines(self, path: str, bodies: Iterable[Json]) -> list[Json]:
        """What the server says of each body, sent on a line each."""
        lines = (msgspec.json.encode(body) + b"\n" for body in bodies)
        with _reaching():
            response = self._http.post(path, content=lines, headers={"Content-Type": _LINES})
        if response.is_error:
            _refuse(response)
        return [msgspec.json.decode(line) for line in response.iter_lines()]
