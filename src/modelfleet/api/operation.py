"""What a route is: its path, who may use it, and what the document says of it."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote

import msgspec
from litestar import HttpMethod, Request
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp

from modelfleet.api import problems, samples
from modelfleet.api.access import Role
from modelfleet.api.call import Call, Platform
from modelfleet.api.names import task_of
from modelfleet.api.problems import Problem

JSON = "application/json"
LINES = "application/x-ndjson"
OF_TASK = "/api/tenants/{tenant:str}/tasks/{task:str}"
OF_TENANT = "/api/tenants/{tenant:str}"
OF_MODEL = "/v2/models/{model:str}"


class Content(msgspec.Struct, frozen=True):
    """A body: its type, and one as it may look; for NDJSON both are those of a line."""

    type: Any
    example: Any
    media_type: str = JSON


PROBLEM = Content(Problem, samples.PROBLEM, problems.MEDIA_TYPE)
"""How most routes say what is wrong."""


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """What the document says of a route, and the least role it asks for."""

    role: Role
    group: str
    summary: str
    description: str = ""
    body: Content | None = None
    body_needed: bool = True
    query: type[msgspec.Struct] | None = None
    answers: tuple[Content, ...]
    refusal: Content = PROBLEM


Route = Callable[[Call], Awaitable[ASGIApp]]


def route(method: str, path: str, operation: Operation) -> Callable[[Route], HTTPRouteHandler]:
    """Make a function the handler of a path; none is called before its key was checked."""

    def handled_by(function: Route) -> HTTPRouteHandler:
        async def checked(request: Request[Any, Any, Any]) -> ASGIApp:
            _decode_parameters(request)
            return await function(await enter(request, operation.role))

        return HTTPRouteHandler(
            path,
            http_method=_methods(method, operation.role),
            name=f"{method} {path}",
            opt={"operation": operation},
            status_code=200,
        )(checked)

    return handled_by


def _methods(method: str, role: Role) -> list[HttpMethod]:
    """Load balancers probe what needs no key by HEAD."""
    is_probed = method == "GET" and role == "public"
    return [HttpMethod(method), HttpMethod.HEAD] if is_probed else [HttpMethod(method)]


async def enter(request: Request[Any, Any, Any], role: Role) -> Call:
    """A request whose key has the role, ready to be answered.

    Raises:
        KeyMissing: there is no key, or it isn't in force.
        NotFound: the key is another tenant's.
        NotAllowed: the key's role isn't enough.
    """
    platform: Platform = request.app.state["platform"]
    tenant = request.path_params.get("tenant")
    scope = await platform.access.check(request.headers, role, tenant)
    return Call(platform, request, scope)


def _decode_parameters(request: Request[Any, Any, Any]) -> None:
    """Routing saw the path as it was sent, so that an encoded slash stays within its parameter."""
    scope = request.scope
    parameters = scope["path_params"]
    if "%" in scope["path"]:
        parameters = {name: unquote(value) for name, value in parameters.items()}
    if "model" in parameters:
        parameters = parameters | named_by(parameters["model"])
    scope["path_params"] = parameters


def named_by(model: str) -> dict[str, str]:
    """The tenant and task of a model; empty, which none is, if no model has this name."""
    tenant, task = task_of(model) or ("", "")
    return {"tenant": tenant, "task": task}
