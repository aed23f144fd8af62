"""The route of how monitoring itself is doing."""

from litestar.types import ASGIApp

from modelfleet.api.call import Call, json
from modelfleet.api.operation import Content, Operation, route
from modelfleet.api.wire import NoQuery
from modelfleet.monitoring import MonitoringStatus

_SAMPLE = {
    "lag": {"events": 0, "seconds": 0.0},
    "false_alerts_per_week": 1.0,
    "promise": "While every model is as good as it says, the whole fleet raises at most 1 false "
    "alerts a week on average, however many tasks it has and however often one looks.",
    "canaries": {
        "outcomes": 48_210,
        "promised": 2.71,
        "realised": 1,
        "at_most": 4.74,
        "broken": False,
        "found": 812,
        "outcomes_to_find": 59.4,
    },
}


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


ROUTES = (monitoring,)
