"""The route that says which examples and labels hold a task's model back."""

from datetime import datetime
from typing import Any

import msgspec
from litestar.types import ASGIApp

from modelfleet.api import samples
from modelfleet.api.call import Call, json
from modelfleet.api.dated import dated
from modelfleet.api.operation import OF_TASK, Content, Operation, route
from modelfleet.api.wire import NoQuery
from modelfleet.training import Diagnosis
from modelfleet.training.diagnosis import (
    Contradiction,
    Doubtful,
    Overlap,
    Unpredicted,
)

_SHOWN = {"key": "decision:ticket-4711", "text": "no heat in the server room", "label": "it"}
_DIAGNOSIS: dict[str, Any] = {
    "examples": 212,
    "accuracy": 0.94,
    "doubtful": [
        {
            "example": _SHOWN,
            "likely": "facilities",
            "probability": 0.97,
            "given_probability": 0.01,
        }
    ],
    "overlaps": [
        {"first": "facilities", "second": "it", "confused": 9, "examples": 120, "shown": [_SHOWN]}
    ],
    "scarce": [{"label": "payroll", "examples": 8, "missing": 12, "enough_by": samples.MOMENT}],
    "contradictions": [{"labels": {"facilities": 1, "it": 2}, "shown": [_SHOWN]}],
    "unpredicted": [{"label": "legal", "examples": 4}],
    "resting": {"press": 7},
}


class ScarceAnswer(msgspec.Struct, frozen=True):
    """A label with too few examples, and when it has enough at the pace of its last 90 days."""

    label: str
    examples: int
    missing: int
    enough_by: datetime | None


class DiagnosisAnswer(msgspec.Struct, frozen=True):
    """How healthy a task's labels are; each list begins with the worst.

    ``examples`` were looked at, the newest; ``accuracy`` is the share of them that models, which
    hadn't seen them, decide as people did. ``doubtful`` are examples whose label is probably wrong,
    ``overlaps`` labels that are mixed up, ``scarce`` those with too few examples,
    ``contradictions`` the same words under different labels, ``unpredicted`` labels that are never
    predicted; ``resting`` counts examples by their label that is gone.
    """

    examples: int
    accuracy: float | None
    doubtful: tuple[Doubtful, ...]
    overlaps: tuple[Overlap, ...]
    scarce: tuple[ScarceAnswer, ...]
    contradictions: tuple[Contradiction, ...]
    unpredicted: tuple[Unpredicted, ...]
    resting: dict[str, int]


@route(
    "GET",
    f"{OF_TASK}/doctor",
    Operation(
        role="owner",
        group="status",
        summary="Which examples and labels hold the model back",
        description="It costs about as much time as a training: seconds for thousands of examples.",
        query=NoQuery,
        answers=(Content(DiagnosisAnswer, _DIAGNOSIS),),
    ),
)
async def examine(call: Call) -> ASGIApp:
    """Which examples and labels hold the model back."""
    call.query(NoQuery)
    return json(diagnosis_answer(await call.in_thread(call.task.doctor)))


def diagnosis_answer(found: Diagnosis) -> DiagnosisAnswer:
    """A diagnosis as clients get it."""
    scarce = tuple(dated(ScarceAnswer, one) for one in found.scarce)
    return dated(DiagnosisAnswer, found, scarce=scarce)


ROUTES = (examine,)
