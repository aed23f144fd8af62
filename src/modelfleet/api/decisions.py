"""Routes of decisions and of what people say about them."""

from collections.abc import Sequence
from concurrent.futures import Future

from litestar.types import ASGIApp
from msgspec.json import Decoder

from modelfleet.api import samples
from modelfleet.api.answers import (
    DecisionAnswer,
    DecisionRecord,
    DecisionRecords,
    DecisionsAnswer,
    LessonAnswer,
    decision_answer,
    decision_record,
    lesson_answer,
)
from modelfleet.api.call import Call, json
from modelfleet.api.located import located
from modelfleet.api.operation import OF_TASK, Content, Operation, route
from modelfleet.api.wire import (
    AwaitingQuery,
    DecisionBatch,
    DecisionRequest,
    FeedbackBody,
    NoQuery,
)
from modelfleet.decisions import Decision, Request
from modelfleet.events.validation import check_id, check_request, check_time

_GROUP = "decisions"
_REQUEST = Decoder(DecisionRequest)
_BATCH = Decoder(DecisionBatch)
_FEEDBACK = Decoder(FeedbackBody)


@route(
    "POST",
    f"{OF_TASK}/decisions",
    Operation(
        role="user",
        group=_GROUP,
        summary="Decide a request",
        description="The answer comes when the decision is durable in the log.",
        body=Content(DecisionRequest, samples.REQUEST),
        answers=(Content(DecisionAnswer, samples.DECISION),),
    ),
)
async def decide(call: Call) -> ASGIApp:
    """Decide a request: with others once its model is in memory, else in a thread that may wait."""
    body = await call.read(_REQUEST)
    tenant, task = call.parameters["tenant"], call.parameters["task"]
    request, decider, scorer = body.request(), call.fleet.decider, call.platform.scorer
    if not scorer.is_warm(tenant, task):
        await call.wakeups.result(scorer.prepared(tenant, task))
    if request.id is None and scorer.is_warm(tenant, task):
        decision = await call.platform.decisions.answer(decider.asked(tenant, task, request))
    else:
        future = await call.in_thread(decider.decide, tenant, task, [request])
        (decision,) = await call.wakeups.result(future)
    call.metrics.decided(1, int(decision.label is None))
    return json(decision_answer(decision))


@route(
    "POST",
    f"{OF_TASK}/decisions/batch",
    Operation(
        role="user",
        group=_GROUP,
        summary="Decide up to 1,000 requests together",
        description="All are logged or none; answered in the order of the requests.",
        body=Content(DecisionBatch, {"requests": [samples.REQUEST]}),
        answers=(Content(DecisionsAnswer, {"decisions": [samples.DECISION]}),),
    ),
)
async def decide_many(call: Call) -> ASGIApp:
    """Decide requests together."""
    body = await call.read(_BATCH)
    requests = [one.request() for one in body.requests]
    prepared = call.platform.scorer.prepared(call.parameters["tenant"], call.parameters["task"])
    await call.wakeups.result(prepared)
    decisions = await call.wakeups.result(await call.in_thread(_decided, call, requests))
    call.metrics.decided(len(decisions), sum(one.label is None for one in decisions))
    return json(DecisionsAnswer(tuple(decision_answer(one) for one in decisions)))


@route(
    "GET",
    f"{OF_TASK}/decisions/awaiting",
    Operation(
        role="user",
        group=_GROUP,
        summary="Decisions that nobody has said anything about",
        description="First those drawn at random for a person to look at, then the newest.",
        query=AwaitingQuery,
        answers=(Content(DecisionRecords, {"decisions": [{**samples.RECORD, "outcome": None}]}),),
    ),
)
async def awaiting(call: Call) -> ASGIApp:
    """Decisions that nobody has said anything about."""
    query = call.query(AwaitingQuery)
    found = await call.in_thread(call.task.awaiting, query.limit, audits=query.audits)
    return json(DecisionRecords(tuple(map(decision_record, found))))


@route(
    "GET",
    f"{OF_TASK}/decisions/{{decision:str}}",
    Operation(
        role="user",
        group=_GROUP,
        summary="A decision, its request, and the last word about it",
        query=NoQuery,
        answers=(Content(DecisionRecord, samples.RECORD),),
    ),
)
async def show_decision(call: Call) -> ASGIApp:
    """A decision, its request, and the last word about it."""
    call.query(NoQuery)
    found = await call.in_thread(call.task.record, call.parameters["decision"])
    return json(decision_record(found, found.outcome))


@route(
    "POST",
    f"{OF_TASK}/decisions/{{decision:str}}/feedback",
    Operation(
        role="user",
        group=_GROUP,
        summary="Say what became of a decision",
        description="The next decision knows it. The last word about a decision wins.",
        body=Content(FeedbackBody, samples.FEEDBACK),
        answers=(Content(LessonAnswer, samples.LESSON),),
    ),
)
async def give_feedback(call: Call) -> ASGIApp:
    """Take down what somebody says about a decision."""
    body = await call.read(_FEEDBACK)
    said = body.feedback()
    lesson = await call.in_thread(call.task.feedback, call.parameters["decision"], said)
    if not lesson.duplicate:
        call.metrics.said(said.verdict)
    return json(lesson_answer(lesson))


def _decided(call: Call, requests: Sequence[Request]) -> "Future[list[Decision]]":
    now = call.fleet.clock()

    def check(request: Request) -> None:
        check_request(request.text, request.metadata)
        if request.id is not None:
            check_id(request.id)
        if request.time is not None:
            check_time(request.time, now)

    with located(requests, check, "requests"):
        tenant, task = call.parameters["tenant"], call.parameters["task"]
        return call.fleet.decider.decide(tenant, task, requests)


ROUTES = (decide, decide_many, awaiting, show_decision, give_feedback)
