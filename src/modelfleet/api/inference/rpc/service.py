"""The methods of the service: a message in, a message out, and the least role."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from google.protobuf.message import Message

from modelfleet.api.access import Role
from modelfleet.api.call import Platform
from modelfleet.api.inference.asking import answer
from modelfleet.api.inference.describing import SERVER, metadata
from modelfleet.api.inference.index import checked, index
from modelfleet.api.inference.rpc import messages_pb2 as messages
from modelfleet.api.inference.rpc.converting import question_of, response_of
from modelfleet.api.inference.wire import IndexQuery
from modelfleet.api.predicting import Model, loaded, unload

NAME = "inference.GRPCInferenceService"


class Asked(msgspec.Struct, frozen=True):
    """A request that may go on: of which model, and the only tenant that its key may see."""

    message: Any
    model: Model
    scope: str | None


class Method(msgspec.Struct, frozen=True):
    """A method of the service."""

    takes: type[Message]
    role: Role
    answer: Callable[[Platform, Asked], Awaitable[Message]]


async def _live(_platform: Platform, _asked: Asked) -> Message:
    return messages.ServerLiveResponse(live=True)


async def _ready(platform: Platform, _asked: Asked) -> Message:
    await platform.in_thread(platform.fleet.log.head)
    return messages.ServerReadyResponse(ready=True)


async def _server(_platform: Platform, _asked: Asked) -> Message:
    return messages.ServerMetadataResponse(
        name=SERVER.name, version=SERVER.version, extensions=SERVER.extensions
    )


async def _model_ready(platform: Platform, asked: Asked) -> Message:
    await loaded(platform, asked.model)
    return messages.ModelReadyResponse(ready=True)


async def _model(platform: Platform, asked: Asked) -> Message:
    said = await metadata(platform, asked.model)
    tensor = messages.ModelMetadataResponse.TensorMetadata
    return messages.ModelMetadataResponse(
        name=said.name,
        versions=said.versions,
        platform=said.platform,
        inputs=[tensor(name=t.name, datatype=t.datatype, shape=t.shape) for t in said.inputs],
        outputs=[tensor(name=t.name, datatype=t.datatype, shape=t.shape) for t in said.outputs],
    )


async def _infer(platform: Platform, asked: Asked) -> Message:
    answered = await answer(platform, asked.model, question_of(asked.message))
    shown: Message = response_of(asked.message, answered)
    return shown


async def _index(platform: Platform, asked: Asked) -> Message:
    """All models that the key may see; the protocol has one message for them, and no pages."""
    shown = messages.RepositoryIndexResponse()
    async for one in index(platform, checked(IndexQuery(), asked.scope)):
        shown.models.add(name=one.name, version=one.version, state=one.state, reason=one.reason)
    return shown


async def _load(platform: Platform, asked: Asked) -> Message:
    await loaded(platform, asked.model)
    return messages.RepositoryModelLoadResponse()


async def _unload(platform: Platform, asked: Asked) -> Message:
    await unload(platform, asked.model)
    return messages.RepositoryModelUnloadResponse()


METHODS: dict[str, Method] = {
    "ServerLive": Method(messages.ServerLiveRequest, "public", _live),
    "ServerReady": Method(messages.ServerReadyRequest, "public", _ready),
    "ServerMetadata": Method(messages.ServerMetadataRequest, "public", _server),
    "ModelReady": Method(messages.ModelReadyRequest, "user", _model_ready),
    "ModelMetadata": Method(messages.ModelMetadataRequest, "user", _model),
    "ModelInfer": Method(messages.ModelInferRequest, "user", _infer),
    "RepositoryIndex": Method(messages.RepositoryIndexRequest, "holder", _index),
    "RepositoryModelLoad": Method(messages.RepositoryModelLoadRequest, "owner", _load),
    "RepositoryModelUnload": Method(messages.RepositoryModelUnloadRequest, "owner", _unload),
}
