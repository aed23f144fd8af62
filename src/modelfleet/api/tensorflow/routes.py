"""The one route of TensorFlow Serving's API: what a path means is read as that server reads it."""

from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from litestar import HttpMethod, Request
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp

from modelfleet.api.call import Answer, Call, json
from modelfleet.api.operation import Content, Operation, enter, named_by, route
from modelfleet.api.predicting import Model, Wish, loaded, predict
from modelfleet.api.tensorflow import answers, bodies, numbers, samples
from modelfleet.api.tensorflow.failures import Refused, malformed, missing
from modelfleet.api.tensorflow.paths import Target, target_of
from modelfleet.decisions import Prediction
from modelfleet.errors import CheckpointUnusable, InvalidInput, StoreUnavailable

_GROUP = "tensorflow serving"
_MOST_LABELS = 2**31
_MALFORMED = Content(dict[str, str], samples.REFUSAL)
_METHODS = [HttpMethod(name) for name in ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")]

_Verb = Callable[[Call, Target, Model], Awaitable[ASGIApp]]


async def serve(request: Request[Any, Any, Any]) -> ASGIApp:
    """Answer whatever comes below /v1."""
    path = request.scope["path"]
    if request.method == "OPTIONS":
        return _options(request)
    target = target_of(request.method, path)
    if target is None:
        raise malformed(request.method, path)
    if target.verb == "nothing":
        await enter(request, "holder")
        raise Refused("Missing model name in request.")
    request.state["target"] = target
    request.scope["path_params"] = named_by(target.model)
    call = await enter(request, "user")
    return await _VERBS[target.verb](call, target, await _model(call, target))


def _options(request: Request[Any, Any, Any]) -> ASGIApp:
    """Whether a browser may ask; nothing is said of whom it may tell."""
    if urlsplit(request.headers.get("origin", "")).scheme not in {"http", "https"}:
        raise malformed(request.method, request.scope["path"])
    return Answer(b"")


async def _model(call: Call, target: Target) -> Model:
    """The model that is asked, its version found by number or label."""
    tenant, task = call.parameters["tenant"], call.parameters["task"]
    if not tenant:
        raise missing(target)
    if target.number is None:
        return Model(tenant, task, target.label)
    number = numbers.read(target.number)
    if number is None:
        raise Refused(f"Failed to convert version: {target.number[:40]}")
    names = await _versions(call, tenant, task)
    version = numbers.version_of(number, names)
    if version is None and (number != numbers.NONE or names):
        raise missing(target)
    return Model(tenant, task, version)


async def _predict(call: Call, _target: Target, model: Model) -> ASGIApp:
    asked = bodies.predicted(await call.body())
    wish = Wish(log=asked.signature == bodies.DECIDE)
    if wish.log and model.version is not None:
        raise Refused(f"Signature '{bodies.DECIDE}' is of the model, not of one of its versions")
    predicted = await _told(call, model, asked, wish)
    return answers.pretty(answers.predictions(asked, predicted))


async def _classify(call: Call, _target: Target, model: Model) -> ASGIApp:
    asked = bodies.classified(await call.body())
    predicted = await _told(call, model, asked, Wish(most=_MOST_LABELS))
    return answers.pretty(answers.results(predicted))


async def _regress(_call: Call, _target: Target, _model: Model) -> ASGIApp:
    raise Refused(
        "Expected regression signature method_name to be tensorflow/serving/regress. "
        "Was: tensorflow/serving/predict"
    )


async def _status(call: Call, target: Target, model: Model) -> ASGIApp:
    """Versions, the newest first; of the whole model also what KServe's clients look for."""
    if target.number is not None or target.label is not None:
        return answers.pretty(await _status_of_version(call, model))
    served = await loaded(call.platform, model)
    names = await _versions(call, model.tenant, model.task)
    known = list(dict.fromkeys(map(numbers.number_of, names))) or [numbers.NONE]
    broken = {numbers.number_of(served.wanted): served.trouble}
    return answers.pretty(answers.status(known, broken) | {"name": target.model, "ready": True})


async def _status_of_version(call: Call, model: Model) -> dict[str, Any]:
    try:
        served = await loaded(call.platform, model)
    except (CheckpointUnusable, StoreUnavailable):
        number = numbers.number_of(await _name_of(call, model))
        return answers.status([number], {number: "this version can't be served"})
    return answers.status([numbers.number_of(served.version)], {})


async def _name_of(call: Call, model: Model) -> str:
    named = call.fleet.catalog.named
    return await call.in_thread(named, model.tenant, model.task, str(model.version))


async def _metadata(call: Call, target: Target, model: Model) -> ASGIApp:
    served = await loaded(call.platform, model)
    number = numbers.number_of(served.version)
    return answers.pretty(answers.metadata(target.model, number))


async def _told(call: Call, model: Model, asked: bodies.Asked, wish: Wish) -> Sequence[Prediction]:
    try:
        return await predict(call.platform, model, asked.requests, wish, asked.key)
    except InvalidInput as error:
        raise Refused(str(error)) from error


async def _versions(call: Call, tenant: str, task: str) -> list[str]:
    """The names of all versions, the newest first."""
    found = await call.in_thread(call.fleet.catalog.versions, tenant, task)
    return [one.version for one in found]


_VERBS: dict[str, _Verb] = {
    "predict": _predict,
    "classify": _classify,
    "regress": _regress,
    "status": _status,
    "metadata": _metadata,
}


def _operations() -> list[tuple[str, str, Operation]]:
    """What the document says of this route: each path that means something."""
    starts = ("", "/versions/{number:str}", "/labels/{alias:str}")
    return [
        (method, f"/v1/models/{{model:str}}{start}{end}", operation)
        for start in starts
        for method, end, operation in _DESCRIBED
    ]


def _operation(summary: str, answer: Any, body: Any = None) -> Operation:  # noqa: ANN401 - JSON
    return Operation(
        role="user",
        group=_GROUP,
        summary=summary,
        body=None if body is None else Content(dict[str, Any], body),
        answers=(Content(dict[str, Any], answer),),
        refusal=_MALFORMED,
    )


_DESCRIBED = (
    ("GET", "", _operation("The versions that can be asked", samples.STATUS)),
    ("GET", "/metadata", _operation("Inputs and outputs, by signature", samples.METADATA)),
    (
        "POST",
        ":predict",
        _operation("Predict, by row or by column", samples.PREDICTIONS, samples.PREDICT),
    ),
    (
        "POST",
        ":classify",
        _operation("All labels with their probabilities", samples.RESULTS, samples.CLASSIFY),
    ),
)


@route(
    "GET",
    "/",
    Operation(
        role="public",
        group=_GROUP,
        summary="The process answers, as KServe's first protocol asks it",
        answers=(Content(dict[str, str], {"status": "alive"}),),
        refusal=_MALFORMED,
    ),
)
async def alive(_call: Call) -> ASGIApp:
    """The process answers."""
    return json({"status": "alive"})


ROUTES = (
    alive,
    HTTPRouteHandler(
        ["/v1", "/v1/{rest:path}"],
        http_method=_METHODS,
        name="/v1",
        opt={"operations": _operations()},
        status_code=HTTPStatus.OK,
    )(serve),
)
