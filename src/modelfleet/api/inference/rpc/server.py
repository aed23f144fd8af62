"""A gRPC server in the event loop of the HTTP API, over the same platform."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from time import perf_counter
from typing import Any

import grpc
from google.protobuf.message import Message

from modelfleet.api.call import MOST_BYTES, Platform
from modelfleet.api.inference.failures import told
from modelfleet.api.inference.rpc.service import METHODS, NAME, Asked, Method
from modelfleet.api.operation import named_by
from modelfleet.api.predicting import Model
from modelfleet.api.problems import note
from modelfleet.errors import SettingsWrong

_LONGEST_DRAIN = 15.0
_CODES = {
    HTTPStatus.OK: grpc.StatusCode.OK,
    HTTPStatus.BAD_REQUEST: grpc.StatusCode.INVALID_ARGUMENT,
    HTTPStatus.UNAUTHORIZED: grpc.StatusCode.UNAUTHENTICATED,
    HTTPStatus.FORBIDDEN: grpc.StatusCode.PERMISSION_DENIED,
    HTTPStatus.NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    HTTPStatus.CONFLICT: grpc.StatusCode.ABORTED,
    HTTPStatus.SERVICE_UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
}

Handler = Callable[[Any, "grpc.aio.ServicerContext[Any, Any]"], Awaitable[Message]]


@asynccontextmanager
async def serving(platform: Platform, host: str, port: int) -> AsyncIterator[int]:
    """Answer while the context is open, on the port that is given back; then finish what is begun.

    Raises:
        SettingsWrong: the port can't be listened on.
    """
    server = grpc.aio.server(
        options=[("grpc.max_receive_message_length", MOST_BYTES), ("grpc.so_reuseport", 0)]
    )
    handlers = {name: _handler(platform, name, method) for name, method in METHODS.items()}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(NAME, handlers),))
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        listening = server.add_insecure_port(address)
    except RuntimeError as error:
        raise SettingsWrong(f"grpc_port: {address} can't be listened on") from error
    await server.start()
    try:
        yield listening
    finally:
        await server.stop(_LONGEST_DRAIN)


def _handler(platform: Platform, name: str, method: Method) -> "grpc.RpcMethodHandler[Any, Any]":
    answer = _answering(platform, name, method)
    return grpc.unary_unary_rpc_method_handler(
        answer,
        request_deserializer=method.takes.FromString,
        response_serializer=_serialized,
    )


def _serialized(message: Message) -> bytes:
    return message.SerializeToString()


def _answering(platform: Platform, name: str, method: Method) -> Handler:
    route = f"/{NAME}/{name}"

    async def answered(message: Any, context: "grpc.aio.ServicerContext[Any, Any]") -> Message:  # noqa: ANN401 - each method has a type of its own
        begun = perf_counter()
        status: int = HTTPStatus.OK
        try:
            return await method.answer(platform, await _entered(platform, method, message, context))
        except Exception as error:
            status, said = told(_named(message), error)
            note("GRPC", route, status, error)
            code = _CODES.get(HTTPStatus(status), grpc.StatusCode.INTERNAL)
            await context.abort(code, said)
            raise
        finally:
            platform.metrics.answered("GRPC", route, int(status), perf_counter() - begun)

    return answered


async def _entered(
    platform: Platform,
    method: Method,
    message: Any,  # noqa: ANN401 - the same
    context: "grpc.aio.ServicerContext[Any, Any]",
) -> Asked:
    """The request, once its key was checked."""
    named = _named(message)
    of = named_by(named["model"]) if "model" in named else {}
    sent = dict(context.invocation_metadata() or ())
    headers = {name: _text(value) for name, value in sent.items()}
    scope = await platform.access.check(headers, method.role, of.get("tenant"))
    model = Model(of.get("tenant", ""), of.get("task", ""), named.get("version") or None)
    return Asked(message, model, scope)


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("ascii", "replace")


def _named(message: Any) -> dict[str, str]:  # noqa: ANN401 - the same
    """The model, and the version if one was asked for, that a message is about."""
    fields = message.DESCRIPTOR.fields_by_name
    name = "model_name" if "model_name" in fields else "name"
    version = "model_version" if "model_version" in fields else "version"
    if name not in fields:
        return {}
    named = {"model": getattr(message, name)}
    return named | ({"version": getattr(message, version)} if version in fields else {})
