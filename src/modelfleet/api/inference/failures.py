"""Errors in the protocol's form: the status, and ``{"error": …}``."""

from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request
from litestar.response import Response

from modelfleet.api import problems
from modelfleet.api.inference.wire import Refusal
from modelfleet.errors import CheckpointUnusable, NotFound


def respond(request: "Request[Any, Any, Any]", error: Exception) -> Response[bytes]:
    """The answer to a request that ended in an error."""
    status, said = told(request.scope.get("path_params", {}), error)
    problems.note(request.method, problems.route_of(request), status, error)
    return Response(
        msgspec.json.encode(Refusal(said)),
        status_code=status,
        media_type="application/json",
        headers=getattr(error, "headers", None) or {},
    )


def told(named: dict[str, str], error: Exception) -> tuple[int, str]:
    """The status of an error and what is said of it; the same of all that a key may not see.

    Args:
        named: ``model``, and ``version`` if one was asked for.
        error: what happened.
    """
    if isinstance(error, NotFound) and "model" in named:
        version = f" version '{named['version']}'" if named.get("version") else ""
        return HTTPStatus.NOT_FOUND, (
            f"Request for unknown model: '{named['model']}'{version} is not found"
        )
    if isinstance(error, CheckpointUnusable):
        return HTTPStatus.SERVICE_UNAVAILABLE, (
            f"'{named.get('model', '')}' version '{named.get('version', '')}' can't be served"
        )
    problem = problems.problem_of(error)
    return problem.status, problem.detail
