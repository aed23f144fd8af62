"""Routes of what monitoring finds over all tenants, and of how it is doing itself."""

import msgspec
from litestar.types import ASGIApp

from modelfleet.api.call import Call, json
from modelfleet.api.operation import Content, Operation, route
from modelfleet.api.wire import NoQuery
from modelfleet.monitoring import Bias, MonitoringStatus

_SAMPLE = {
    "lag": {"events": 0, "seconds": 0.0},
    "false_alerts_per_week": 1.0,
    "promise": "While every model is as good as it says, the whole fleet raises at most 1 false "
    "alert a week on average, however many tasks it has and however often one looks.",
    "canaries": {
        "outcomes": 48_210,
        "promised": 2.71,
        "realised": 1,
        "at_most": 4.74,
        "broken": False,
        "found": 812,
        "missed": 0.0025,
        "horizon": 200,
        "outcomes_to_find": 48,
    },
}


_BIAS = {
    "where": [["metadata.channel", "chat"], ["length", "under 50"]],
    "requests": 1_204,
    "wrong": 0.31,
    "expected": 0.12,
    "odds": 2.9,
    "evidence": 90_412.0,
    "one_task": 0.08,
}


class BiasQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of how many days requests are looked at."""

    days: float = 7.0


class BiasesAnswer(msgspec.Struct, frozen=True):
    """Kinds of requests that are decided worse than the rest, the surest first."""

    biases: tuple[Bias, ...]


@route(
    "GET",
    "/api/biases",
    Operation(
        role="operator",
        group="monitoring",
        summary="Kinds of requests that nobody named and that are decided worse than the rest",
        description="Searched in one half of the newest 50,000 requests of all tenants, confirmed "
        "in the other. It takes seconds.",
        query=BiasQuery,
        answers=(Content(BiasesAnswer, {"biases": [_BIAS]}),),
    ),
)
async def biases(call: Call) -> ASGIApp:
    """Kinds of requests that nobody named and that are decided worse than the rest."""
    found = await call.in_thread(call.fleet.biases, call.query(BiasQuery).days)
    return json(BiasesAnswer(tuple(found)))


@route(
    "GET",
    "/api/monitoring",
    Operation(
        role="operator",
        group="monitoring",
        summary="How monitoring is doing, and whether alerts keep what they promise",
        description="Canaries are tasks that don't exist: honest ones, whose alarms are all false, "
        "and broken ones, that ought to be found.",
        query=NoQuery,
        answers=(Content(MonitoringStatus, _SAMPLE),),
    ),
)
async def monitoring(call: Call) -> ASGIApp:
    """How monitoring is doing, and whether alerts keep what they promise."""
    call.query(NoQuery)
    return json(await call.in_thread(call.fleet.monitoring_status))


ROUTES = (biases, monitoring)
