"""Errors as TensorFlow Serving says them."""

from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request
from litestar.exceptions import MethodNotAllowedException, NotFoundException
from litestar.response import Response

from modelfleet.api import problems
from modelfleet.api.tensorflow.paths import Target
from modelfleet.errors import CheckpointUnusable, ModelfleetError, NotFound


class Refused(ModelfleetError):
    """A request that TensorFlow Serving would refuse, with its status."""

    def __init__(self, said: str, status: int = HTTPStatus.BAD_REQUEST) -> None:
        self.status = status
        super().__init__(said)


def respond(request: "Request[Any, Any, Any]", error: Exception) -> Response[bytes]:
    """The answer to a request that ended in an error."""
    status, said = _told(request, error)
    problems.note(request.method, problems.route_of(request), status, error)
    body = msgspec.json.format(msgspec.json.encode({"error": said}), indent=4)
    return Response(
        body,
        status_code=status,
        media_type="application/json",
        headers=getattr(error, "headers", None) or {},
    )


def malformed(method: str, path: str) -> Refused:
    """A path that isn't one of the API's, or not with this method."""
    return Refused(f"Malformed request: {method} {path}")


def missing(target: Target) -> Refused:
    """There is no such model, version or label; all the same to whoever may not see it."""
    if target.label is not None:
        return Refused(f"Unrecognized servable version label: {target.label}")
    if target.verb == "status":
        asked = "any versions" if target.number is None else f"version {target.number}"
        return Refused(f"Could not find {asked} of model {target.model}", HTTPStatus.NOT_FOUND)
    if target.number is None:
        asked = f"Latest({target.model})"
    else:
        asked = f"Specific({target.model}, {target.number})"
    return Refused(f"Servable not found for request: {asked}", HTTPStatus.NOT_FOUND)


def _told(request: "Request[Any, Any, Any]", error: Exception) -> tuple[int, str]:
    if isinstance(error, NotFound) and (target := request.state.get("target")) is not None:
        error = missing(target)
    if isinstance(error, NotFoundException | MethodNotAllowedException):
        error = malformed(request.method, request.scope["path"])
    if isinstance(error, Refused):
        return error.status, str(error)
    if isinstance(error, CheckpointUnusable):
        return HTTPStatus.SERVICE_UNAVAILABLE, "this version can't be served"
    problem = problems.problem_of(error)
    return problem.status, problem.detail
