"""What a route is: its path, who may use it, and what the document says of it."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote

import msgspec
from litestar import HttpMethod, Request
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp

from modelfleet.api.access import Role
from modelfleet.api.call import Call, Platform

JSON = "application/json"
LINES = "application/x-ndjson"
OF_TASK = "/api/tenants/{tenant:str}/tasks/{task:str}"
OF_TENANT = "/api/tenants/{tenant:str}"


class Content(msgspec.Struct, frozen=True):
    """A body: its type, and one as it may look; for NDJSON both are those of a line."""

    type: Any
    example: Any
    media_type: str = JSON


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


Route = Callable[[Call], Awaitable[ASGIApp]]


def route(method: str, path: str, operation: Operation) -> Callable[[Route], HTTPRouteHandler]:
    """Make a function the handler of a path; none is called before its key was checked."""

    def handled_by(function: Route) -> HTTPRouteHandler:
        async def checked(request: Request[Any, Any, Any]) -> ASGIApp:
            _decode_parameters(request)
            platform: Platform = request.app.state["platform"]
            await platform.access.check(request, operation.role)
            return await function(Call(platform, request))

        return HTTPRouteHandler(
            path,
            http_method=HttpMethod(method),
            name=f"{method} {path}",
            opt={"operation": operation},
            status_code=200,
        )(checked)

    return handled_by


def _decode_parameters(request: Request[Any, Any, Any]) -> None:
    """Routing saw the path as it was sent, so that an encoded slash stays within its parameter."""
    scope = request.scope
    if "%" in scope["path"]:
        parameters = scope["path_params"]
        scope["path_params"] = {name: unquote(value) for name, value in parameters.items()}
