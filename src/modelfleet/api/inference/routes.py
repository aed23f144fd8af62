"""Routes of the protocol: health, metadata and inference."""

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar.types import ASGIApp
from msgspec.json import Decoder

from modelfleet.api.call import Answer, Call, json
from modelfleet.api.faults import decode
from modelfleet.api.inference import frames, samples
from modelfleet.api.inference.asking import Answered, Question, answer
from modelfleet.api.inference.choices import Choice
from modelfleet.api.inference.describing import SERVER, metadata
from modelfleet.api.inference.questions import flag, tensors_of
from modelfleet.api.inference.tensors import BYTES, Tensor, to_bytes
from modelfleet.api.inference.wire import (
    GivenTensor,
    InferAnswer,
    InferBody,
    Live,
    ModelMetadata,
    ModelReady,
    Ready,
    Refusal,
    ServerMetadata,
)
from modelfleet.api.operation import OF_MODEL, Content, Operation, Route, route
from modelfleet.api.predicting import Model, loaded

GROUP = "open inference protocol"
REFUSED = Content(Refusal, samples.REFUSAL)
OF_VERSION = f"{OF_MODEL}/versions/{{version:str}}"

_INFER = Decoder(InferBody)


def model_of(call: Call) -> Model:
    """The model, and the version or alias, that a path names."""
    named = call.parameters
    return Model(named["tenant"], named["task"], named.get("version"))


@route(
    "GET",
    "/v2/health/live",
    Operation(
        role="public",
        group=GROUP,
        summary="The process answers",
        answers=(Content(Live, {"live": True}),),
        refusal=REFUSED,
    ),
)
async def live(_call: Call) -> ASGIApp:
    """The process answers."""
    return json(Live(live=True))


@route(
    "GET",
    "/v2/health/ready",
    Operation(
        role="public",
        group=GROUP,
        summary="Requests can be taken; not that every model is in memory",
        answers=(Content(Ready, {"ready": True}),),
        refusal=REFUSED,
    ),
)
async def ready(call: Call) -> ASGIApp:
    """The log can be read."""
    await call.in_thread(call.fleet.log.head)
    return json(Ready(ready=True))


@route(
    "GET",
    "/v2",
    Operation(
        role="public",
        group=GROUP,
        summary="Which server this is, and its extensions",
        answers=(Content(ServerMetadata, msgspec.to_builtins(SERVER)),),
        refusal=REFUSED,
    ),
)
async def server(_call: Call) -> ASGIApp:
    """Which server this is."""
    return json(SERVER)


async def model(call: Call) -> ASGIApp:
    """What a model takes and gives."""
    return json(await metadata(call.platform, model_of(call)))


async def model_ready(call: Call) -> ASGIApp:
    """Whether a model can be asked."""
    await loaded(call.platform, model_of(call))
    return json(ModelReady(call.parameters["model"], ready=True))


async def infer(call: Call) -> ASGIApp:
    """Predict."""
    length = call.header(frames.HEADER)
    body = await call.body()
    if length is not None and length.strip("0") == "" and length:
        question, id_ = _raw(body), None
    else:
        sent, binary = frames.split(length, body)
        asked = decode(_INFER, sent)
        question, id_ = _question(asked, binary), asked.id
    answered = await answer(call.platform, model_of(call), question)
    return _shown(call.parameters["model"], id_, answered)


def _question(body: InferBody, binary: bytes) -> Question:
    parameters = body.parameters or {}
    return Question(
        inputs=tensors_of(body, binary),
        parameters=parameters,
        wanted=[(one.name, one.parameters or {}) for one in body.outputs or ()],
        binary=flag(parameters, "binary_data_output", "parameters"),
    )


def _raw(body: bytes) -> Question:
    """A body without JSON is one text, whole."""
    nothing: Mapping[str, Any] = {}
    return Question([Tensor("text", BYTES, (1,), (body,))], nothing, (), binary=True)


def _shown(name: str, id_: str | None, answered: Answered) -> Answer:
    given = []
    blobs = []
    for choice, tensor in answered.outputs:
        blob = to_bytes(tensor) if choice.binary else None
        given.append(_given(choice, tensor, blob))
        blobs.append(blob)
    head = msgspec.json.encode(InferAnswer(name, tuple(given), answered.version, id_))
    if all(blob is None for blob in blobs):
        return Answer(head)
    body = b"".join([head, *(blob for blob in blobs if blob is not None)])
    header = (frames.HEADER.lower().encode(), str(len(head)).encode())
    return Answer(body, b"application/octet-stream", (header,))


def _given(choice: Choice, tensor: Tensor, blob: bytes | None) -> GivenTensor:
    name, datatype, shape = choice.output.name, tensor.datatype, tensor.shape
    if blob is not None:
        return GivenTensor(name, datatype, shape, {"binary_data_size": len(blob)})
    return GivenTensor(name, datatype, shape, data=tensor.values)


def _of_model(method: str, path: str, function: Route, **said: Any) -> list[Any]:  # noqa: ANN401 - what an operation takes
    """The routes of a model and of its versions."""
    operation = Operation(role="user", group=GROUP, refusal=REFUSED, **said)
    return [
        route(method, f"{start}{path}", operation)(function) for start in (OF_MODEL, OF_VERSION)
    ]


ROUTES = (
    live,
    ready,
    server,
    *_of_model(
        "GET",
        "",
        model,
        summary="What a model takes and gives, its versions, and what its outputs mean",
        answers=(Content(ModelMetadata, samples.METADATA),),
    ),
    *_of_model(
        "GET",
        "/ready",
        model_ready,
        summary="Whether a model can be asked; it is loaded to find out",
        answers=(Content(ModelReady, {"name": samples.MODEL, "ready": True}),),
    ),
    *_of_model(
        "POST",
        "/infer",
        infer,
        summary="Predict the labels of texts, in JSON or binary",
        description="Nothing is logged, unless the parameter log is true.",
        body=Content(InferBody, samples.INFER),
        answers=(Content(InferAnswer, samples.ANSWER),),
    ),
)
