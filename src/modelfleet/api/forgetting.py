"""Routes that have things forgotten, and tell what was."""

from collections.abc import Iterable
from datetime import datetime

import msgspec
from litestar.types import ASGIApp
from msgspec.json import Decoder

from modelfleet.api import samples
from modelfleet.api.call import Call, json
from modelfleet.api.dated import dated
from modelfleet.api.operation import OF_TASK, Content, Operation, route
from modelfleet.api.wire import ForgetBody, NoQuery
from modelfleet.decisions import Forgotten

_GROUP = "forgetting"


class ForgottenAnswer(msgspec.Struct, frozen=True):
    """A step of forgetting: ``events`` were emptied.

    ``versions`` may have learned from them; ``free`` if the one that answers now is none of these.
    """

    id: str
    seq: int
    time: datetime
    by: str | None
    why: str
    events: int
    versions: tuple[str, ...]
    free: bool


class ForgottenAnswers(msgspec.Struct, frozen=True):
    """Steps of forgetting; none if nobody and nothing was found."""

    forgotten: tuple[ForgottenAnswer, ...]


_FORGET = Decoder(ForgetBody)
_ANSWERS = (Content(ForgottenAnswers, {"forgotten": [samples.FORGOTTEN]}),)


@route(
    "POST",
    f"{OF_TASK}/forget",
    Operation(
        role="owner",
        group=_GROUP,
        summary="Forget a request, a person's words, or all requests with some metadata",
        description="Texts, metadata and authors are emptied out of the log, nothing learns from "
        "them any more, and the model is trained again without them. Sent again under its id, it "
        "answers the same, and forgets nothing that came since.",
        body=Content(ForgetBody, samples.FORGET),
        answers=_ANSWERS,
    ),
)
async def forget(call: Call) -> ASGIApp:
    """Forget."""
    body = await call.read(_FORGET)
    done = await call.in_thread(
        call.task.forget,
        body.example,
        person=body.person,
        metadata=body.metadata,
        by=body.by,
        why=body.why,
        id=body.id,
    )
    return json(_answers(done))


@route(
    "GET",
    f"{OF_TASK}/forgotten",
    Operation(
        role="owner",
        group=_GROUP,
        summary="What was forgotten, the newest first, and whether the live version is free of it",
        query=NoQuery,
        answers=_ANSWERS,
    ),
)
async def forgotten(call: Call) -> ASGIApp:
    """What was forgotten."""
    call.query(NoQuery)
    return json(_answers(await call.in_thread(call.task.forgotten)))


def _answers(steps: Iterable[Forgotten]) -> ForgottenAnswers:
    return ForgottenAnswers(tuple(dated(ForgottenAnswer, one) for one in steps))


ROUTES = (forget, forgotten)
