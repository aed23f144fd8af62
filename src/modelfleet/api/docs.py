"""Routes of the document that describes all routes, as OpenAPI and as a page to read."""

from typing import Any

from litestar.types import ASGIApp

from modelfleet.api.call import Answer, Call
from modelfleet.api.operation import Content, Operation, route

_GROUP = "documentation"


@route(
    "GET",
    "/docs",
    Operation(
        role="public",
        group=_GROUP,
        summary="What this server can be asked, to read in a browser",
        answers=(Content(str, "<!doctype html>…", "text/html"),),
    ),
)
async def read(call: Call) -> ASGIApp:
    """The page, which needs no other host."""
    return Answer(call.platform.page, b"text/html; charset=utf-8")


@route(
    "GET",
    "/docs/openapi.json",
    Operation(
        role="public",
        group=_GROUP,
        summary="What this server can be asked, as OpenAPI 3.1",
        answers=(Content(dict[str, Any], {"openapi": "3.1.0"}),),
    ),
)
async def openapi(call: Call) -> ASGIApp:
    """The document."""
    return Answer(call.platform.document)


ROUTES = (read, openapi)
