"""Routes of how good decisions were: of a task, and of the fleet."""

from datetime import date
from typing import Any

import msgspec
from litestar.types import ASGIApp

from modelfleet.api.call import Call, json
from modelfleet.api.operation import OF_TASK, Content, Operation, route
from modelfleet.monitoring import Every, Measured, Period

_GROUP = "monitoring"
_METRICS = {
    "requests": 1204,
    "decided": 1011,
    "matured": 986,
    "confirmed": 402,
    "corrected": 31,
    "silent": 391,
    "answered": 521,
    "late": 12,
    "coverage": 0.84,
    "precision": {"share": 0.928, "least": 0.488, "most": 0.962},
    "recall": 0.83,
    "f1": 0.876,
    "audits": 11,
    "audited": {"share": 0.9, "least": 0.61, "most": 0.995},
    "top_3": 0.97,
    "misrouted": 0.065,
    "reassigned": 0.2,
    "no_label_fits": 0.02,
    "irrelevant": 0.01,
    "new_domain": 0.04,
    "helpful": None,
    "response_rate": 0.53,
    "hours_to_feedback": 5.2,
    "calibration_error": 0.03,
    "bias": -0.01,
}
_SCORES = {"precision": 0.928, "recall": 0.83, "f1": 0.876}
_SPAN = {
    "since": "2026-02-01",
    "until": "2026-03-01",
    "metrics": _METRICS,
    "micro": _SCORES,
    "macro": _SCORES,
    "labels": [{**_SCORES, "label": "it", "right": 120, "wrong": 9, "missed": 24}],
    "confusion": [{"decided": "it", "right": "facilities", "count": 9}],
    "is_over": False,
}
SAMPLE: dict[str, Any] = {
    "now": _SPAN,
    "before": {**_SPAN, "since": "2026-01-04", "until": "2026-02-01", "is_over": True},
    "fields": ["hour", "label", "length", "metadata.office", "recipe", "script", "version"],
    "kinds": [{"value": "Oslo", "now": _METRICS, "before": _METRICS}],
    "buckets": [],
}


class MetricsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which days, in UTC, ``until`` not included; what to tell decisions apart by, and times."""

    days: int | None = None
    since: date | None = None
    until: date | None = None
    by: str | None = None
    bucket: Every | None = None


@route(
    "GET",
    f"{OF_TASK}/metrics",
    Operation(
        role="owner",
        group=_GROUP,
        summary="How good decisions were",
        description="Of some days, beside as many days before: 28 up to today if nothing is said. "
        "`until` is the day after the last; `is_over` says whether the last is, as today isn't. "
        "`by` is label, version, recipe, hour, weekday, length, script, or metadata. and a name.",
        query=MetricsQuery,
        answers=(Content(Measured, SAMPLE),),
    ),
)
async def task_metrics(call: Call) -> ASGIApp:
    """How good decisions were."""
    query = call.query(MetricsQuery)
    asked = msgspec.structs.asdict(query)
    return json(await call.in_thread(call.task.metrics, **asked))


@route(
    "GET",
    "/api/metrics",
    Operation(
        role="operator",
        group=_GROUP,
        summary="How good decisions were, over all tenants",
        description="As that of a task; `by` can only be recipe.",
        query=MetricsQuery,
        answers=(Content(Measured, SAMPLE),),
    ),
)
async def fleet_metrics(call: Call) -> ASGIApp:
    """How good decisions were, over all tenants."""
    query = call.query(MetricsQuery)
    period = Period(**msgspec.structs.asdict(query))
    return json(await call.in_thread(call.fleet.metrics, period))


ROUTES = (task_metrics, fleet_metrics)
