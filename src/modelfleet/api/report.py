"""The route of a task's report, as JSON or as a page."""

from datetime import datetime
from typing import Any, Literal

import msgspec
from litestar.types import ASGIApp

from modelfleet.api import samples
from modelfleet.api.alerts import SAMPLE as ALERT
from modelfleet.api.alerts import AlertAnswer, alert_answer
from modelfleet.api.call import Answer, Call, json
from modelfleet.api.dated import dated
from modelfleet.api.measures import SAMPLE as MEASURED
from modelfleet.api.operation import OF_TASK, Content, Operation, route
from modelfleet.monitoring import Measured
from modelfleet.monitoring.reporting import Report, Slice, page

_HTML = "text/html; charset=utf-8"
_PRECISION = {"share": 0.7, "least": 0.49, "most": 0.85}
_REPORT: dict[str, Any] = {
    "tenant": "acme",
    "task": "team",
    "measured": MEASURED,
    "alerts": [ALERT],
    "releases": [
        {
            "version": "20260302T093107.120034Z-6ad2d3a2",
            "published": samples.MOMENT,
            "why": "as good as the live version on 40 new requests",
        }
    ],
    "slices": [
        {
            "field": "metadata.office",
            "value": "Oslo",
            "metrics": MEASURED["now"]["metrics"],
            "precision": _PRECISION,
        }
    ],
    "wrong": [
        {
            "decision": "ticket-4711",
            "time": samples.MOMENT,
            "text": "no heat in the server room",
            "decided": "it",
            "right": "facilities",
            "said": "reassigned",
            "confidence": 0.93,
        }
    ],
}


class ReportQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many weeks, and as what."""

    weeks: int = 8
    format: Literal["json", "html"] = "json"


class ReleaseAnswer(msgspec.Struct, frozen=True):
    """A version that was published, and what the gate saw."""

    version: str
    published: datetime
    why: str


class WrongAnswer(msgspec.Struct, frozen=True):
    """A decision that somebody corrected; ``right`` is null if they said that no label fits."""

    decision: str
    time: datetime
    text: str
    decided: str
    right: str | None
    said: str
    confidence: float


class ReportAnswer(msgspec.Struct, frozen=True):
    """How a task did: its metrics, alerts and versions, where it is worst, and what went wrong."""

    tenant: str
    task: str
    measured: Measured
    alerts: tuple[AlertAnswer, ...]
    releases: tuple[ReleaseAnswer, ...]
    slices: tuple[Slice, ...]
    wrong: tuple[WrongAnswer, ...]


@route(
    "GET",
    f"{OF_TASK}/report",
    Operation(
        role="owner",
        group="monitoring",
        summary="How good it was, what got worse, what was done, and what went wrong",
        description="Of the last weeks, 8 if nothing is said. With format=html one page that needs "
        "nothing from outside it.",
        query=ReportQuery,
        answers=(
            Content(ReportAnswer, _REPORT),
            Content(str, "<!doctype html>…", "text/html"),
        ),
    ),
)
async def report(call: Call) -> ASGIApp:
    """The report of a task."""
    query = call.query(ReportQuery)
    found = await call.in_thread(call.task.report, query.weeks)
    if query.format == "html":
        return Answer(page(found).encode(), _HTML.encode())
    return json(report_answer(found))


def report_answer(found: Report) -> ReportAnswer:
    """A report as clients get it."""
    return dated(
        ReportAnswer,
        found,
        alerts=tuple(alert_answer(one) for one in found.alerts),
        releases=tuple(dated(ReleaseAnswer, one) for one in found.releases),
        wrong=tuple(dated(WrongAnswer, one) for one in found.wrong),
    )


ROUTES = (report,)
