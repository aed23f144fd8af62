"""Routes for whoever watches the process: alive, ready, metrics."""

from litestar.types import ASGIApp

from modelfleet.api.answers import Health, Readiness
from modelfleet.api.call import Answer, Call, json
from modelfleet.api.operation import Content, Operation, route

_GROUP = "operation"
_METRICS = "text/plain; version=0.0.4; charset=utf-8"


@route(
    "GET",
    "/healthz",
    Operation(
        role="public",
        group=_GROUP,
        summary="The process answers",
        answers=(Content(Health, {"status": "alive"}),),
    ),
)
async def alive(_call: Call) -> ASGIApp:
    """The process answers."""
    return json(Health("alive"))


@route(
    "GET",
    "/readyz",
    Operation(
        role="public",
        group=_GROUP,
        summary="The log can be read",
        answers=(Content(Readiness, {"status": "ready", "head": 4711}),),
    ),
)
async def ready(call: Call) -> ASGIApp:
    """The log can be read."""
    return json(Readiness("ready", await call.in_thread(call.fleet.log.head)))


@route(
    "GET",
    "/metrics",
    Operation(
        role="operator",
        group=_GROUP,
        summary="What this process counts, for Prometheus; never by tenant",
        answers=(Content(str, 'modelfleet_feedback_total{verdict="accepted"} 12.0\n', _METRICS),),
    ),
)
async def metrics(call: Call) -> ASGIApp:
    """What this process counts."""
    return Answer(await call.in_thread(call.metrics.shown), _METRICS.encode())


ROUTES = (alive, ready, metrics)
