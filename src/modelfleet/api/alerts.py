"""Routes of alerts: what got worse, since when and why, and the word that it is over."""

from datetime import datetime
from typing import Any

import msgspec
from litestar.types import ASGIApp
from msgspec.json import Decoder

from modelfleet.api.call import Call, json
from modelfleet.api.dated import dated
from modelfleet.api.operation import OF_TASK, Content, Operation, route
from modelfleet.api.wire import AlertsQuery, Ended, TriageQuery
from modelfleet.catalog import Alert
from modelfleet.decisions import Receipt
from modelfleet.events import kinds
from modelfleet.events.findings import AlertSaid

_GROUP = "alerts"
_ENDED = Decoder(Ended)
SAMPLE: dict[str, Any] = {
    "alert": "a7Qm2vXh5sTqWcNe0gLr",
    "tenant": "acme",
    "task": "team",
    "finding": "precision",
    "sentence": "Decisions of acme/team were right 71% of the time (24 of 34) since "
    "2 March 09:31 UTC; 95% were to be expected. "
    "Then version 20260302T093107.120034Z-6ad2d3a2 was published by recipe default.",
    "raised": "2026-03-02T11:02:00Z",
    "recipe": "default",
    "version": "20260302T093107.120034Z-6ad2d3a2",
    "expected": 0.95,
    "observed": 0.71,
    "events": 34,
    "evidence": 120400.5,
    "bar": 100000.0,
    "inception": {
        "event": "e0gLr7kQm2vXh5sTqWcN",
        "seq": 48214,
        "time": "2026-03-02T09:31:07Z",
        "earliest": "2026-03-02T08:30:00Z",
        "latest": "2026-03-02T10:05:00Z",
    },
    "causes": [{"event": "eZ2mWpT1cQe9yLr0XnK", "kind": "version.published", "what": "a version"}],
    "quiet": True,
    "actions": [
        {
            "action": "c1Qe9yLr0XnKehZ2mWpT",
            "what": "roll_back",
            "why": "the fall began with the publication of 20260302T093107.120034Z-6ad2d3a2",
            "taken": "2026-03-02T11:02:00Z",
            "before": 0.71,
        }
    ],
}


class InceptionAnswer(msgspec.Struct, frozen=True):
    """When a change began: the most likely event, and the times between which it did (90%)."""

    event: str
    seq: int
    time: datetime
    earliest: datetime
    latest: datetime


class ActionAnswer(msgspec.Struct, frozen=True):
    """What was done about an alert without a hand; ``helped`` is null until that is known."""

    action: str
    what: str
    why: str
    taken: datetime
    before: float | None = None
    helped: bool | None = None
    after: float | None = None
    events: int = 0
    found: str = ""


class AlertAnswer(AlertSaid, frozen=True, kw_only=True):
    """Something that got worse; it is open while ``ended`` is null, and ``why`` says what ended it.

    One without a task is a recipe's or the fleet's. A quiet one is being seen to; who is told of
    one that is ``muted_by`` another is told of the other. What is said of one that was raised more
    than once is as of ``raised_again``.
    """

    tenant: str
    task: str
    raised: datetime
    raised_again: datetime | None = None
    inception: InceptionAnswer | None = None
    actions: tuple[ActionAnswer, ...] = ()
    ended: datetime | None = None
    why: str | None = None


class AlertsAnswer(msgspec.Struct, frozen=True):
    """Alerts, the newest first."""

    alerts: tuple[AlertAnswer, ...]


def _operation(role: Any, summary: str, query: type[msgspec.Struct]) -> Operation:  # noqa: ANN401 - one of the roles
    return Operation(
        role=role,
        group=_GROUP,
        summary=summary,
        query=query,
        answers=(Content(AlertsAnswer, {"alerts": [SAMPLE]}),),
    )


def _end(role: Any, summary: str) -> Operation:  # noqa: ANN401 - one of the roles
    return Operation(
        role=role,
        group=_GROUP,
        summary=summary,
        body=Content(Ended, {"why": "the office moved", "by": "alice", "id": "over-1"}),
        body_needed=False,
        answers=(Content(Receipt, {"id": "over-1", "seq": 9, "duplicate": False}),),
    )


@route(
    "GET",
    "/api/alerts",
    _operation(
        "operator",
        "The newest 100 open alerts of all tenants and of the fleet, or the costliest (triage)",
        TriageQuery,
    ),
)
async def open_alerts(call: Call) -> ASGIApp:
    """The open alerts."""
    query = call.query(TriageQuery)
    return json(alerts_answer(await call.in_thread(call.fleet.alerts, triage=query.triage)))


@route(
    "GET",
    f"{OF_TASK}/alerts",
    _operation("owner", "The alerts of a task: open, or all with ended=true", AlertsQuery),
)
async def alerts_of_task(call: Call) -> ASGIApp:
    """The alerts of a task."""
    query = call.query(AlertsQuery)
    return json(alerts_answer(await call.in_thread(call.task.alerts, ended=query.ended)))


@route("POST", f"{OF_TASK}/alerts/{{alert:str}}/end", _end("owner", "Say that an alert is over"))
async def end_alert(call: Call) -> ASGIApp:
    """Say that an alert of a task is over."""
    return await _ended(call, call.task.tenant, call.task.task)


@route(
    "POST",
    "/api/alerts/{alert:str}/end",
    _end("operator", "Say that an alert of a recipe or of the fleet is over"),
)
async def end_fleet_alert(call: Call) -> ASGIApp:
    """Say that an alert of a recipe or of the fleet is over."""
    return await _ended(call, kinds.PLATFORM_TENANT, "")


async def _ended(call: Call, tenant: str, task: str) -> ASGIApp:
    said = await call.read(_ENDED, empty=b"{}")
    alert = call.parameters["alert"]
    body = kinds.AlertEnded(alert, said.why, said.by)
    board = call.fleet.rooms.alerts
    return json(await call.in_thread(board.end, tenant, task, alert, body, said.id))


def alerts_answer(alerts: list[Alert]) -> AlertsAnswer:
    """Alerts as clients get them."""
    return AlertsAnswer(tuple(alert_answer(alert) for alert in alerts))


def alert_answer(alert: Alert) -> AlertAnswer:
    """An alert as clients get it."""
    actions = tuple(dated(ActionAnswer, one) for one in alert.actions)
    began = alert.inception and dated(InceptionAnswer, alert.inception)
    return dated(AlertAnswer, alert, inception=began, actions=actions)


ROUTES = (open_alerts, alerts_of_task, end_alert, end_fleet_alert)
