"""Routes of pinned examples: texts of which a tenant says where they must go."""

from datetime import datetime
from typing import Any

import msgspec
from litestar.types import ASGIApp
from msgspec.json import Decoder

from modelfleet.api import samples
from modelfleet.api.call import Call, json
from modelfleet.api.dated import dated
from modelfleet.api.operation import OF_TASK, Content, Operation, route
from modelfleet.api.wire import NoQuery, PinBody, UnpinQuery
from modelfleet.decisions import Receipt
from modelfleet.training import PinnedExample

_GROUP = "examples"
_PIN = Decoder(PinBody)
_PINNED: dict[str, Any] = {
    "key": "board-1",
    "text": "my payslip is wrong",
    "metadata": {"office": "Oslo"},
    "label": "hr",
    "by": "alice",
    "seq": 31,
    "time": samples.MOMENT,
}


class PinnedAnswer(msgspec.Struct, frozen=True):
    """A text that must be decided as ``label``; it rests while the label is removed."""

    key: str
    text: str
    metadata: dict[str, Any]
    label: str
    by: str | None
    seq: int
    time: datetime


class PinnedAnswers(msgspec.Struct, frozen=True):
    """The pinned examples of a task, in the order in which they were pinned."""

    pinned: tuple[PinnedAnswer, ...]


@route(
    "GET",
    f"{OF_TASK}/pinned-examples",
    Operation(
        role="owner",
        group=_GROUP,
        summary="The examples that are pinned",
        query=NoQuery,
        answers=(Content(PinnedAnswers, {"pinned": [_PINNED]}),),
    ),
)
async def list_pinned(call: Call) -> ASGIApp:
    """The examples that are pinned."""
    call.query(NoQuery)
    pinned = await call.in_thread(call.task.pinned_examples)
    return json(PinnedAnswers(tuple(_answer(one) for one in pinned)))


@route(
    "POST",
    f"{OF_TASK}/pinned-examples",
    Operation(
        role="owner",
        group=_GROUP,
        summary="Pin an example: say where a text must go",
        description="It holds from the next decision on, and no version that would decide it "
        "otherwise is published. While its label is removed, it rests.",
        body=Content(PinBody, {n: v for n, v in _PINNED.items() if n != "seq"} | {"id": "pin-1"}),
        answers=(Content(Receipt, {"id": "pin-1", "seq": 31, "duplicate": False}),),
    ),
)
async def pin_example(call: Call) -> ASGIApp:
    """Say where a text must go."""
    example = (await call.read(_PIN)).example()
    names = call.parameters
    return json(
        await call.in_thread(call.fleet.rooms.pins.pin, names["tenant"], names["task"], example)
    )


@route(
    "DELETE",
    f"{OF_TASK}/pinned-examples/{{key:str}}",
    Operation(
        role="owner",
        group=_GROUP,
        summary="Unpin an example: give its requests back to the model",
        query=UnpinQuery,
        answers=(Content(Receipt, {"id": "unpin-1", "seq": 32, "duplicate": False}),),
    ),
)
async def unpin_example(call: Call) -> ASGIApp:
    """Give the requests of a pinned example back to the model."""
    query = call.query(UnpinQuery)
    names = call.parameters
    return json(
        await call.in_thread(
            call.fleet.rooms.pins.unpin,
            names["tenant"],
            names["task"],
            names["key"],
            by=query.by,
            id=query.id,
        )
    )


def _answer(pinned: PinnedExample) -> PinnedAnswer:
    return dated(PinnedAnswer, pinned)


ROUTES = (list_pinned, pin_example, unpin_example)
