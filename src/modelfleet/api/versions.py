"""Routes of a task's versions: list, promote, pin, roll back, retry."""

from litestar.types import ASGIApp
from msgspec.json import Decoder

from modelfleet.api import samples
from modelfleet.api.answers import VersionsAnswer, version_answer
from modelfleet.api.call import Call, json
from modelfleet.api.operation import OF_TASK, Content, Operation, route
from modelfleet.api.wire import CanaryBody, NoQuery, Said
from modelfleet.decisions import Receipt, Swapped
from modelfleet.events import kinds

_GROUP = "versions"
_SAID = Decoder(Said)
_CANARY = Decoder(CanaryBody)
_RECEIPT = {"id": "operation-1", "seq": 9, "duplicate": False}
_SWAPPED = Content(Swapped, _RECEIPT | {"version": samples.VERSION["version"]})


def _order(summary: str, description: str = "", *, swaps: bool = False) -> Operation:
    return Operation(
        role="owner",
        group=_GROUP,
        summary=summary,
        description=description,
        body=Content(Said, samples.SAID),
        body_needed=False,
        answers=(_SWAPPED if swaps else Content(Receipt, _RECEIPT),),
    )


@route(
    "GET",
    f"{OF_TASK}/versions",
    Operation(
        role="owner",
        group=_GROUP,
        summary="The versions of a task, the newest first",
        query=NoQuery,
        answers=(Content(VersionsAnswer, {"versions": [samples.VERSION]}),),
    ),
)
async def list_versions(call: Call) -> ASGIApp:
    """The versions of a task."""
    call.query(NoQuery)
    versions = await call.in_thread(call.task.versions)
    return json(VersionsAnswer(tuple(version_answer(version) for version in versions)))


@route(
    "POST",
    f"{OF_TASK}/versions/roll-back",
    _order(
        "Make the version before the live one live again",
        "Never one that was made after it: done again, it goes further back. The answer's version "
        "is the live one now. A pinned version must be unpinned first.",
        swaps=True,
    ),
)
async def roll_back(call: Call) -> ASGIApp:
    """Make the version before the live one live again."""
    said = await call.read(_SAID, empty=b"{}")
    return json(await call.in_thread(_rolled_back, call, said))


@route(
    "POST",
    f"{OF_TASK}/versions/{{version:str}}/promote",
    _order(
        "Make a version, by its name or its part (`canary`), the live one",
        "Training goes on and may replace it. A pinned version must be unpinned first.",
        swaps=True,
    ),
)
async def promote(call: Call) -> ASGIApp:
    """Make a version the live one."""
    said = await call.read(_SAID, empty=b"{}")
    body = kinds.VersionPromoted(call.parameters["version"], said.by)
    return json(await call.in_thread(_swapped, call, body, said.id))


@route(
    "POST",
    f"{OF_TASK}/versions/{{version:str}}/pin",
    _order(
        "Fix a version as the live one until it is unpinned",
        "Nothing is trained meanwhile.",
        swaps=True,
    ),
)
async def pin(call: Call) -> ASGIApp:
    """Fix a version as the live one."""
    said = await call.read(_SAID, empty=b"{}")
    body = kinds.VersionPinned(call.parameters["version"], said.by)
    return json(await call.in_thread(_swapped, call, body, said.id))


@route(
    "POST",
    f"{OF_TASK}/versions/{{version:str}}/canary",
    Operation(
        role="owner",
        group=_GROUP,
        summary="Have a version answer a share of the requests",
        description="A request that comes again under its id is answered by the same version.",
        body=Content(CanaryBody, samples.SAID | {"share": 0.1}),
        body_needed=False,
        answers=(Content(Receipt, _RECEIPT),),
    ),
)
async def start_canary(call: Call) -> ASGIApp:
    """Have a version answer a share of the requests."""
    said = await call.read(_CANARY, empty=b"{}")
    body = kinds.VersionCanaried(call.parameters["version"], said.share, said.by)
    return json(await call.in_thread(_tried_out, call, body, said.id))


@route(
    "POST",
    f"{OF_TASK}/versions/{{version:str}}/shadow",
    _order(
        "Have a version score all requests without answering",
        "What it would have said stands in each decision's event.",
    ),
)
async def start_shadow(call: Call) -> ASGIApp:
    """Have a version score all requests without answering."""
    said = await call.read(_SAID, empty=b"{}")
    body = kinds.VersionShadowed(call.parameters["version"], said.by)
    return json(await call.in_thread(_tried_out, call, body, said.id))


@route("POST", f"{OF_TASK}/versions/end-canary", _order("Have the canary answer no more"))
async def end_canary(call: Call) -> ASGIApp:
    """Have the canary answer no more."""
    said = await call.read(_SAID, empty=b"{}")
    return json(
        await call.in_thread(_tried_out, call, kinds.VersionCanaried(None, by=said.by), said.id)
    )


@route("POST", f"{OF_TASK}/versions/end-shadow", _order("Have the shadow score no more"))
async def end_shadow(call: Call) -> ASGIApp:
    """Have the shadow score no more."""
    said = await call.read(_SAID, empty=b"{}")
    return json(
        await call.in_thread(_tried_out, call, kinds.VersionShadowed(None, said.by), said.id)
    )


@route(
    "POST",
    f"{OF_TASK}/versions/unpin",
    _order("Give the task back to automatic publication"),
)
async def unpin(call: Call) -> ASGIApp:
    """Give the task back to automatic publication."""
    said = await call.read(_SAID, empty=b"{}")
    return json(await call.in_thread(_ordered, call, kinds.VersionUnpinned(said.by), said.id))


@route(
    "POST",
    f"{OF_TASK}/training/retry",
    _order("Have a task trained now, also if it was set aside after failures"),
)
async def retry_training(call: Call) -> ASGIApp:
    """Have a task trained now."""
    said = await call.read(_SAID, empty=b"{}")
    return json(await call.in_thread(_ordered, call, kinds.TrainingRetried(said.by), said.id))


def _swapped(
    call: Call, body: kinds.VersionPromoted | kinds.VersionPinned, identity: str | None
) -> Swapped:
    return call.fleet.rooms.steering.swap(call.task.tenant, call.task.task, body, identity)


def _tried_out(
    call: Call, body: kinds.VersionCanaried | kinds.VersionShadowed, identity: str | None
) -> Receipt:
    return call.fleet.rooms.steering.try_out(call.task.tenant, call.task.task, body, identity)


def _ordered(
    call: Call, body: kinds.VersionUnpinned | kinds.TrainingRetried, identity: str | None
) -> Receipt:
    return call.fleet.rooms.steering.order(call.task.tenant, call.task.task, body, identity)


def _rolled_back(call: Call, said: Said) -> Swapped:
    task = call.task
    return call.fleet.rooms.steering.roll_back(task.tenant, task.task, said.by, said.id)


ROUTES = (
    list_versions,
    roll_back,
    promote,
    pin,
    unpin,
    start_canary,
    end_canary,
    start_shadow,
    end_shadow,
    retry_training,
)
