"""Routes that say how a task, a tenant and the fleet are."""

from litestar.types import ASGIApp

from modelfleet.api import samples
from modelfleet.api.answers import (
    FleetStatus,
    ServingAnswer,
    TaskStatus,
    TenantStatus,
    serving_answer,
    task_status,
)
from modelfleet.api.call import Call, json
from modelfleet.api.operation import OF_TASK, OF_TENANT, Content, Operation, route
from modelfleet.api.wire import NoQuery

_GROUP = "status"


@route(
    "GET",
    f"{OF_TASK}/status",
    Operation(
        role="user",
        group=_GROUP,
        summary="What is live, how far behind, the last error, and what became of decisions",
        query=NoQuery,
        answers=(Content(TaskStatus, samples.STATUS),),
    ),
)
async def one_task(call: Call) -> ASGIApp:
    """How a task is."""
    call.query(NoQuery)
    return json(task_status(await call.in_thread(call.task.status)))


@route(
    "GET",
    f"{OF_TASK}/serving",
    Operation(
        role="user",
        group=_GROUP,
        summary="Which version this server answers with, and why if it isn't the live one",
        query=NoQuery,
        answers=(Content(ServingAnswer, samples.SERVING),),
    ),
)
async def serving(call: Call) -> ASGIApp:
    """How this server serves a task."""
    call.query(NoQuery)
    return json(serving_answer(await call.in_thread(call.task.serving)))


@route(
    "GET",
    f"{OF_TENANT}/status",
    Operation(
        role="user",
        group=_GROUP,
        summary="The status of each task of a tenant",
        query=NoQuery,
        answers=(Content(TenantStatus, {"tenant": "acme", "tasks": [samples.STATUS]}),),
    ),
)
async def one_tenant(call: Call) -> ASGIApp:
    """How a tenant's tasks are."""
    call.query(NoQuery)
    tenant = call.parameters["tenant"]
    states = await call.in_thread(call.fleet.tenant_status, tenant)
    return json(TenantStatus(tenant, tuple(task_status(state) for state in states)))


@route(
    "GET",
    "/api/status",
    Operation(
        role="operator",
        group=_GROUP,
        summary="Sums over all tenants, and the tasks that can't be trained",
        query=NoQuery,
        answers=(Content(FleetStatus, {"sums": samples.SUMS, "failing": [samples.STATUS]}),),
    ),
)
async def whole_fleet(call: Call) -> ASGIApp:
    """How the fleet is."""
    call.query(NoQuery)
    sums = await call.in_thread(call.fleet.status)
    failing = await call.in_thread(call.fleet.catalog.failing)
    return json(FleetStatus(sums, tuple(task_status(state) for state in failing)))


ROUTES = (one_task, serving, one_tenant, whole_fleet)
