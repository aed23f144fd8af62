"""The one place that turns errors into status codes and problem details (RFC 9457)."""

from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import Request
from litestar.exceptions import HTTPException
from litestar.response import Response

from modelfleet.errors import (
    Conflict,
    Declined,
    Fault,
    InvalidInput,
    LogUnavailable,
    ModelfleetError,
    NotAllowed,
    NotFound,
    StoreUnavailable,
)

MEDIA_TYPE = "application/problem+json"

_STATUS: dict[type[ModelfleetError], int] = {
    InvalidInput: HTTPStatus.BAD_REQUEST,
    NotAllowed: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    LogUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    StoreUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
_INTERNAL = "something went wrong here; it was noted in the server's own log"
_UNAVAILABLE = "a store can't be reached at the moment; send the request again later"
_HIDDEN: dict[int, str] = {
    HTTPStatus.INTERNAL_SERVER_ERROR: _INTERNAL,
    HTTPStatus.SERVICE_UNAVAILABLE: _UNAVAILABLE,  # what the driver says names our hosts
}
_OF_ROUTER = {
    HTTPStatus.NOT_FOUND: "there is nothing under this path; /docs lists what there is",
    HTTPStatus.METHOD_NOT_ALLOWED: "this path doesn't take this method; /docs lists what it takes",
}

_log = structlog.get_logger("modelfleet.api")


class Problem(msgspec.Struct, frozen=True):
    """What went wrong; ``faults`` names each field that can't be accepted."""

    type: str
    title: str
    status: int
    detail: str
    faults: tuple[Fault, ...] = ()


class TooLarge(HTTPException):
    """A body is larger than is taken."""

    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE

    def __init__(self, most: int) -> None:
        super().__init__(detail=f"body: must be at most {most:,} bytes")
        self.faults = (Fault("body", f"must be at most {most:,} bytes"),)


class BodyEncoded(HTTPException):
    """A body is compressed, or otherwise encoded."""

    status_code = HTTPStatus.UNSUPPORTED_MEDIA_TYPE

    def __init__(self, encoding: str) -> None:
        message = f"must be sent as it is, not encoded; got Content-Encoding: {encoding[:40]}"
        super().__init__(detail=f"body: {message}", headers={"Accept-Encoding": "identity"})
        self.faults = (Fault("body", message),)


class KeyMissing(HTTPException):
    """No key was sent, or none that is in force."""

    status_code = HTTPStatus.UNAUTHORIZED

    def __init__(self) -> None:
        message = "send one that is in force: Authorization: Bearer mf_…"
        super().__init__(detail=f"key: {message}", headers={"WWW-Authenticate": "Bearer"})
        self.faults = (Fault("key", message),)


class BodyBroken(HTTPException):
    """The connection was closed before the whole body came."""

    status_code = HTTPStatus.BAD_REQUEST
    detail = "the body ended early"


def problem_of(error: Exception) -> Problem:
    """An error as problem details; what isn't meant for clients is left out."""
    if isinstance(error, ModelfleetError):
        status = next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 500)
        detail = _HIDDEN.get(status, str(error))
        faults = error.faults if isinstance(error, Declined) else ()
        return _problem(status, detail, faults)
    if isinstance(error, HTTPException):
        detail = _OF_ROUTER.get(HTTPStatus(error.status_code), error.detail)
        faults = error.faults if isinstance(error, TooLarge | BodyEncoded | KeyMissing) else ()
        return _problem(error.status_code, detail, faults)
    return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, _INTERNAL, ())


def respond(request: "Request[Any, Any, Any]", error: Exception) -> Response[bytes]:
    """The answer to a request that ended in an error; ours to mend are logged."""
    problem = problem_of(error)
    note(request.method, route_of(request), problem.status, error)
    headers = getattr(error, "headers", None) or {}
    return Response(
        msgspec.json.encode(problem),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=headers,
    )


def note(method: str, route: str, status: int, error: Exception) -> None:
    """Log what is ours to mend; of what another program must mend first, a line says what."""
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        _log.error("request refused", method=method, route=route, why=str(error))
    elif status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("request failed", method=method, route=route, exc_info=error)


def route_of(request: "Request[Any, Any, Any]") -> str:
    """The path of a request's route, with what is variable in it by name."""
    route: str = request.scope.get("path_template", "")
    return route


def _problem(status: int, detail: str, faults: tuple[Fault, ...]) -> Problem:
    return Problem("about:blank", HTTPStatus(status).phrase, int(status), detail, faults)
