"""The application: all routes over one fleet."""

from time import perf_counter
from typing import Any

import msgspec
from litestar import Litestar, Request
from litestar.response import Response
from litestar.types import Message

from modelfleet.api import (
    alerts,
    decisions,
    docs,
    doctor,
    events,
    examples,
    forgetting,
    health,
    keys,
    labels,
    measures,
    monitoring,
    pinned,
    reasons,
    recipes,
    report,
    status,
    suggestions,
    targets,
    versions,
)
from modelfleet.api.access import Access
from modelfleet.api.call import Platform
from modelfleet.api.inference import failures as inference_failures
from modelfleet.api.inference import repository
from modelfleet.api.inference import routes as inference
from modelfleet.api.metrics import Metrics
from modelfleet.api.openapi import document
from modelfleet.api.page import page
from modelfleet.api.problems import respond
from modelfleet.api.tensorflow import failures as tensorflow_failures
from modelfleet.api.tensorflow import routes as tensorflow
from modelfleet.fleet import Fleet

_ROUTES = (
    *decisions.ROUTES,
    *labels.ROUTES,
    *examples.ROUTES,
    *reasons.ROUTES,
    *forgetting.ROUTES,
    *pinned.ROUTES,
    *targets.ROUTES,
    *events.ROUTES,
    *status.ROUTES,
    *doctor.ROUTES,
    *measures.ROUTES,
    *monitoring.ROUTES,
    *report.ROUTES,
    *suggestions.ROUTES,
    *versions.ROUTES,
    *recipes.ROUTES,
    *alerts.ROUTES,
    *keys.ROUTES,
    *health.ROUTES,
    *docs.ROUTES,
    *inference.ROUTES,
    *repository.ROUTES,
    *tensorflow.ROUTES,
)
_FORMS = {"v1": tensorflow_failures.respond, "v2": inference_failures.respond}
"""How errors are said below a path, where it isn't as problem details."""

_ELSEWHERE = "none"


def create_app(fleet: Fleet, *, keys_required: bool | None) -> Litestar:
    """The HTTP API over a fleet, which stays the caller's to close.

    Without ``keys_required`` whoever reaches the server may do everything; None: until somebody
    makes a key.
    """
    described = document(_ROUTES)
    platform = Platform(
        fleet,
        Access(fleet.catalog, required=keys_required),
        Metrics(fleet),
        document=msgspec.json.encode(described),
        page=page(described).encode(),
    )
    app = _Application(
        route_handlers=_ROUTES,
        exception_handlers={Exception: _respond},
        openapi_config=None,
        logging_config=None,
        debug=False,
    )
    app.state["platform"] = platform
    return app


def _respond(request: "Request[Any, Any, Any]", error: Exception) -> Response[bytes]:
    """An error as the protocol says it to which the path belongs."""
    first = request.scope["path"].split("/", 2)[1]
    return _FORMS.get(first, respond)(request, error)


class _Application(Litestar):
    """Litestar that routes by the path as it was sent, and counts every answer."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - as Litestar's own, which takes three kinds of scope
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        raw = scope["raw_path"]
        if b"%" in raw:
            scope["path"] = raw.partition(b"?")[0].decode("ascii", "replace")
        answered = 500

        async def noted(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                answered = message["status"]
            await send(message)

        begun = perf_counter()
        try:
            await super().__call__(scope, receive, noted)
        finally:
            taken = perf_counter() - begun
            route = scope.get("path_template") or _ELSEWHERE
            metrics: Metrics = self.state["platform"].metrics
            metrics.answered(_method(scope["method"]), route, answered, taken)


def _method(sent: str) -> str:
    """The method, or one word for all that no route takes: clients can invent any number."""
    return sent if sent in {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"} else "other"
