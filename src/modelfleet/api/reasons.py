"""Routes that say why a decision was made, or would be."""

from datetime import datetime

import msgspec
from litestar.types import ASGIApp
from msgspec.json import Decoder

from modelfleet.api import samples
from modelfleet.api.call import Call, json
from modelfleet.api.dated import dated
from modelfleet.api.operation import OF_TASK, Content, Operation, route
from modelfleet.api.wire import ExplainBody, NoQuery
from modelfleet.decisions import Reasons
from modelfleet.decisions.reasons import Told
from modelfleet.learners.reasons import Share

_GROUP = "decisions"


class TeacherAnswer(msgspec.Struct, frozen=True):
    """A past request that taught the label: who gave it, when, and how similar it is."""

    key: str
    text: str
    by: str | None
    time: datetime
    similarity: float


class ReasonsAnswer(msgspec.Struct, frozen=True):
    """Why a request is decided so: log odds of the label against its rival, the runner-up.

    ``words`` and ``fields`` are those of most weight, for the label or (below zero) for the rival;
    ``covered`` is the part of all weight that they stand for, ``start`` what stood before a word
    was read. ``told`` says that people had spoken of this very request. ``note`` says so if the
    version that decided is gone, and which one explains instead.
    """

    decision: str | None
    label: str | None
    rival: str | None
    version: str | None
    note: str
    told: Told | None
    lead: float
    start: float
    words: tuple[Share, ...]
    fields: tuple[Share, ...]
    covered: float
    taught: tuple[TeacherAnswer, ...]
    label_texts: tuple[str, ...]


_ANSWERS = (Content(ReasonsAnswer, samples.REASONS),)
_EXPLAIN = Decoder(ExplainBody)


@route(
    "GET",
    f"{OF_TASK}/decisions/{{decision:str}}/why",
    Operation(
        role="user",
        group=_GROUP,
        summary="Why a decision was made: its words with their weights, and what taught it",
        description="Explained with the version that decided, and what people had corrected on "
        "top by then.",
        query=NoQuery,
        answers=_ANSWERS,
    ),
)
async def why(call: Call) -> ASGIApp:
    """Why a decision was made."""
    call.query(NoQuery)
    return json(_answer(await call.in_thread(call.task.why, call.parameters["decision"])))


@route(
    "POST",
    f"{OF_TASK}/explanations",
    Operation(
        role="user",
        group=_GROUP,
        summary="Why a request would be decided as it would be now",
        description="Nothing is logged.",
        body=Content(ExplainBody, samples.EXPLAIN),
        answers=_ANSWERS,
    ),
)
async def explain(call: Call) -> ASGIApp:
    """Why a request would be decided as it would be now."""
    body = await call.read(_EXPLAIN)
    return json(_answer(await call.in_thread(call.task.explain, body.text, metadata=body.metadata)))


def _answer(reasons: Reasons) -> ReasonsAnswer:
    taught = tuple(dated(TeacherAnswer, one) for one in reasons.taught)
    return dated(ReasonsAnswer, reasons, taught=taught)


ROUTES = (why, explain)
