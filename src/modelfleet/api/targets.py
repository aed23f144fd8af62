"""Routes of targets: how often decisions must be right, what it costs, and what if."""

from typing import Any

import msgspec
from litestar.types import ASGIApp
from msgspec.json import Decoder

from modelfleet.api.call import Call, json
from modelfleet.api.operation import OF_TASK, Content, Operation, route
from modelfleet.api.wire import NoQuery, TargetBody, TargetQuery
from modelfleet.decisions import Aim, Preview, Receipt

_GROUP = "targets"
_TARGET = Decoder(TargetBody)
_AIM: dict[str, Any] = {
    "label": None,
    "precision": 0.95,
    "asked": True,
    "threshold": 0.713,
    "certified": True,
    "coverage": 0.88,
    "held_out_precision": 0.967,
}
_PREVIEW: dict[str, Any] = {
    "aim": _AIM,
    "requests": 500,
    "decided": 410,
    "would_be_decided": 388,
    "right_lost": 3,
    "wrong_avoided": 9,
    "right_gained": 0,
    "wrong_gained": 0,
}


class AimsAnswer(msgspec.Struct, frozen=True):
    """What is wanted of a task's decisions, and of those for labels with a target of their own."""

    targets: tuple[Aim, ...]


@route(
    "GET",
    f"{OF_TASK}/targets",
    Operation(
        role="user",
        group=_GROUP,
        summary="How often decisions must be right, and the coverage that it costs",
        query=NoQuery,
        answers=(Content(AimsAnswer, {"targets": [_AIM]}),),
    ),
)
async def list_targets(call: Call) -> ASGIApp:
    """How often decisions must be right."""
    call.query(NoQuery)
    return json(AimsAnswer(tuple(await call.in_thread(call.task.targets))))


@route(
    "PUT",
    f"{OF_TASK}/targets",
    Operation(
        role="owner",
        group=_GROUP,
        summary="Say how often decisions must be right",
        description="All decisions of the task, or those for one label. It holds from the next "
        "decision on and after every training. A precision of null returns to the recipe's.",
        body=Content(TargetBody, {"precision": 0.95, "label": None, "by": "alice", "id": "t-1"}),
        answers=(Content(Receipt, {"id": "t-1", "seq": 33, "duplicate": False}),),
    ),
)
async def set_target(call: Call) -> ASGIApp:
    """Say how often decisions must be right."""
    body = await call.read(_TARGET)
    names = call.parameters
    return json(
        await call.in_thread(
            call.fleet.rooms.aims.ask,
            names["tenant"],
            names["task"],
            body.precision,
            body.label,
            by=body.by,
            id=body.id,
        )
    )


@route(
    "GET",
    f"{OF_TASK}/targets/preview",
    Operation(
        role="user",
        group=_GROUP,
        summary="What another precision would have changed on the newest requests",
        description="Nothing is changed. Without a precision it is the recipe's.",
        query=TargetQuery,
        answers=(Content(Preview, _PREVIEW),),
    ),
)
async def preview_target(call: Call) -> ASGIApp:
    """What another precision would have changed."""
    query = call.query(TargetQuery)
    return json(await call.in_thread(call.task.preview_target, query.precision, query.label))


ROUTES = (list_targets, set_target, preview_target)
