"""Routes of what changed in a task's requests, and of labels that are missing."""

from datetime import datetime

import msgspec
from litestar.types import ASGIApp
from msgspec.json import Decoder

from modelfleet.api import samples
from modelfleet.api.call import Call, json
from modelfleet.api.dated import dated
from modelfleet.api.operation import OF_TASK, Content, Operation, route
from modelfleet.api.wire import NoQuery
from modelfleet.monitoring import Accepted, Drift, Said, Shift, Suggestion

_GROUP = "monitoring"
_SUGGESTION = {
    "suggestion": "48213-0c9ad1f2b7e3",
    "label": "parking-permit",
    "name": "parking permit",
    "keywords": ["parking", "permit", "garage"],
    "requests": 14,
    "likeness": 0.41,
    "since": samples.MOMENT,
    "decisions": ["e0gLr7kQm2vXh5sTqWcN"],
    "texts": ["how do I get a parking permit"],
}
_RISEN = {"word": "parking", "before": 0.01, "now": 0.12, "z": 4.2}
_FALLEN = {"word": "canteen", "before": 0.09, "now": 0.02, "z": 2.8}
_WINDOW = {
    "requests": 212,
    "new_domain": 0.11,
    "characters": 48.0,
    "since": samples.MOMENT,
    "until": samples.MOMENT,
}
_SHIFT = {"distance": 0.21, "by_chance": 0.08, "p": 0.005}


class AcceptBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a suggested label is called; what isn't given is as suggested."""

    label: str | None = None
    name: str | None = None
    description: str = ""
    by: str | None = None


class DriftQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many days are compared with the four times as many before."""

    days: float = 7.0


class SuggestionAnswer(msgspec.Struct, frozen=True):
    """A label that seems to be missing, with the requests that would be its first examples."""

    suggestion: str
    label: str
    name: str
    keywords: tuple[str, ...]
    requests: int
    likeness: float
    since: datetime
    decisions: tuple[str, ...]
    texts: tuple[str, ...]


class SuggestionsAnswer(msgspec.Struct, frozen=True):
    """Labels that seem to be missing, those with the most requests first."""

    suggestions: tuple[SuggestionAnswer, ...]


class WindowAnswer(msgspec.Struct, frozen=True):
    """Requests of some time: how many, the share that no label fits, their median length."""

    requests: int
    new_domain: float
    characters: float
    since: datetime
    until: datetime


class DriftAnswer(msgspec.Struct, frozen=True):
    """What changed between the requests before and the newest; no shift where they are few.

    ``p`` is how often chance alone parts two groups as far. Of words it is said what share of the
    requests had them ``before`` and has them ``now``.
    """

    before: WindowAnswer | None
    now: WindowAnswer | None
    meaning: Shift | None
    vocabulary: Shift | None
    risen: tuple[Said, ...]
    fallen: tuple[Said, ...]


@route(
    "GET",
    f"{OF_TASK}/drift",
    Operation(
        role="owner",
        group=_GROUP,
        summary="What changed in the requests",
        query=DriftQuery,
        answers=(
            Content(
                DriftAnswer,
                {
                    "before": _WINDOW,
                    "now": _WINDOW,
                    "meaning": _SHIFT,
                    "vocabulary": _SHIFT,
                    "risen": [_RISEN],
                    "fallen": [_FALLEN],
                },
            ),
        ),
    ),
)
async def drift(call: Call) -> ASGIApp:
    """What changed in the requests."""
    query = call.query(DriftQuery)
    return json(drift_answer(await call.in_thread(call.task.drift, query.days)))


@route(
    "GET",
    f"{OF_TASK}/suggestions",
    Operation(
        role="owner",
        group=_GROUP,
        summary="Labels that seem to be missing",
        description="Groups of requests that no label fits, named by their words.",
        query=NoQuery,
        answers=(Content(SuggestionsAnswer, {"suggestions": [_SUGGESTION]}),),
    ),
)
async def suggestions(call: Call) -> ASGIApp:
    """Labels that seem to be missing."""
    call.query(NoQuery)
    found = await call.in_thread(call.task.suggestions)
    return json(SuggestionsAnswer(tuple(suggestion_answer(one) for one in found)))


@route(
    "POST",
    f"{OF_TASK}/suggestions/{{suggestion:str}}/accept",
    Operation(
        role="owner",
        group=_GROUP,
        summary="Define a suggested label, with its requests as examples",
        description="Sent again, it changes nothing.",
        body=Content(AcceptBody, {"label": "parking", "name": "Parking", "by": "alice"}),
        body_needed=False,
        answers=(
            Content(
                Accepted,
                {"label": "parking", "defined": True, "assigned": 14, "duplicate": False},
            ),
        ),
    ),
)
async def accept(call: Call) -> ASGIApp:
    """Define a suggested label, with its requests as examples."""
    body = await call.read(_ACCEPT, empty=b"{}")
    accepted = await call.in_thread(
        call.task.accept_suggestion,
        call.parameters["suggestion"],
        label=body.label,
        name=body.name,
        description=body.description,
        by=body.by,
    )
    return json(accepted)


def suggestion_answer(found: Suggestion) -> SuggestionAnswer:
    """A suggestion as clients get it."""
    return dated(SuggestionAnswer, found)


def drift_answer(found: Drift) -> DriftAnswer:
    """A drift as clients get it."""
    before, now = (one and dated(WindowAnswer, one) for one in (found.before, found.now))
    return dated(DriftAnswer, found, before=before, now=now)


_ACCEPT = Decoder(AcceptBody)

ROUTES = (drift, suggestions, accept)
