"""Routes of a task's labels."""

from litestar.types import ASGIApp
from msgspec.json import Decoder

from modelfleet.api import samples
from modelfleet.api.answers import LabelsAnswer
from modelfleet.api.call import Call, json
from modelfleet.api.operation import OF_TASK, Content, Operation, route
from modelfleet.api.wire import LabelBody, NoQuery, WriteQuery
from modelfleet.decisions import Receipt

_GROUP = "labels"
_LABEL = Decoder(LabelBody)
_RECEIPT = (Content(Receipt, samples.RECEIPT),)


@route(
    "GET",
    f"{OF_TASK}/labels",
    Operation(
        role="user",
        group=_GROUP,
        summary="The labels that may be predicted now",
        query=NoQuery,
        answers=(Content(LabelsAnswer, {"labels": [samples.LABEL]}),),
    ),
)
async def list_labels(call: Call) -> ASGIApp:
    """The labels that may be predicted now."""
    call.query(NoQuery)
    labels = await call.in_thread(call.task.labels)
    return json(LabelsAnswer(tuple(labels)))


@route(
    "PUT",
    f"{OF_TASK}/labels/{{label:str}}",
    Operation(
        role="owner",
        group=_GROUP,
        summary="Add a label, bring it back, or change its texts",
        description="It can be predicted from now on. All its texts are as they are sent: one that "
        "is left out is empty then.",
        body=Content(LabelBody, samples.LABEL_BODY),
        body_needed=False,
        answers=_RECEIPT,
    ),
)
async def define_label(call: Call) -> ASGIApp:
    """Add a label, bring it back, or change its texts."""
    body = await call.read(_LABEL, empty=b"{}")
    names = call.parameters
    desk = call.fleet.desk
    return json(
        await call.in_thread(
            desk.define_label,
            names["tenant"],
            names["task"],
            names["label"],
            body.texts(),
            id=body.id,
        )
    )


@route(
    "DELETE",
    f"{OF_TASK}/labels/{{label:str}}",
    Operation(
        role="owner",
        group=_GROUP,
        summary="Have a label never predicted again",
        description="Its examples rest until it is defined again.",
        query=WriteQuery,
        answers=_RECEIPT,
    ),
)
async def remove_label(call: Call) -> ASGIApp:
    """Have a label never predicted again."""
    query = call.query(WriteQuery)
    names = call.parameters
    desk = call.fleet.desk
    return json(
        await call.in_thread(
            desk.remove_label, names["tenant"], names["task"], names["label"], id=query.id
        )
    )


ROUTES = (list_labels, define_label, remove_label)
