"""Routes of the model repository extension: the index, loading and unloading."""

from collections.abc import AsyncIterator

import msgspec
from litestar.types import ASGIApp
from msgspec.json import Decoder

from modelfleet.api import predicting
from modelfleet.api.call import Answer, Call, Streamed
from modelfleet.api.inference import samples
from modelfleet.api.inference.index import checked, index
from modelfleet.api.inference.routes import GROUP, REFUSED, model_of
from modelfleet.api.inference.wire import (
    IndexBody,
    Indexed,
    IndexQuery,
    ModelNames,
    Nothing,
    OrderBody,
)
from modelfleet.api.operation import Content, Operation, route

_OF_MODEL = "/v2/repository/models/{model:str}"
_INDEX = Decoder(IndexBody)
_ORDER = Decoder(OrderBody)
_JSON = b"application/json"


def _order(summary: str) -> Operation:
    return Operation(
        role="owner",
        group=GROUP,
        summary=summary,
        body=Content(OrderBody, {"parameters": {}}),
        body_needed=False,
        answers=(Content(Nothing, {}),),
        refusal=REFUSED,
    )


@route(
    "POST",
    "/v2/repository/index",
    Operation(
        role="holder",
        group=GROUP,
        summary="The models that the key may ask, streamed",
        description="tenant, after and limit choose a part of them.",
        body=Content(IndexBody, {"ready": True}),
        body_needed=False,
        query=IndexQuery,
        answers=(Content(list[Indexed], samples.INDEX),),
        refusal=REFUSED,
    ),
)
async def list_index(call: Call) -> ASGIApp:
    """The models that the key may ask, with their live versions."""
    query = checked(call.query(IndexQuery), call.scope)
    await call.read(_INDEX, empty=b"{}")
    shown = (msgspec.json.encode(one) async for one in index(call.platform, query))
    return Streamed(_listed(b"[", shown, b"]"), _JSON)


@route(
    "GET",
    "/v2/models",
    Operation(
        role="holder",
        group=GROUP,
        summary="The names of the models that the key may ask, streamed",
        query=IndexQuery,
        answers=(Content(ModelNames, {"models": [samples.MODEL]}),),
        refusal=REFUSED,
    ),
)
async def list_names(call: Call) -> ASGIApp:
    """The names of the models that the key may ask."""
    query = checked(call.query(IndexQuery), call.scope)
    shown = (msgspec.json.encode(one.name) async for one in index(call.platform, query))
    return Streamed(_listed(b'{"models":[', shown, b"]}"), _JSON)


@route("POST", f"{_OF_MODEL}/load", _order("Take a model into this server's memory"))
async def load(call: Call) -> ASGIApp:
    """Take a model into memory, so that its first request finds it there."""
    await call.read(_ORDER, empty=b"{}")
    await predicting.loaded(call.platform, model_of(call))
    return Answer(b"")


@route(
    "POST",
    f"{_OF_MODEL}/unload",
    _order("Drop a model from this server's memory; the next request loads it again"),
)
async def unload(call: Call) -> ASGIApp:
    """Drop a model from memory."""
    await call.read(_ORDER, empty=b"{}")
    await predicting.unload(call.platform, model_of(call))
    return Answer(b"")


async def _listed(begin: bytes, items: AsyncIterator[bytes], end: bytes) -> AsyncIterator[bytes]:
    """JSON of a list of unknown length, in pieces worth sending."""
    piece, size = [begin], 0
    first = True
    async for item in items:
        piece += [item] if first else [b",", item]
        first = False
        size += len(item)
        if size >= 2**16:
            yield b"".join(piece)
            piece, size = [], 0
    yield b"".join([*piece, end])


ROUTES = (list_index, list_names, load, unload)
