"""Routes of a task's versions: list, promote, pin, roll back, retry."""

import msgspec
from litestar.types import ASGIApp
from msgspec.json import Decoder

from modelfleet.api import samples
from modelfleet.api.answers import VersionsAnswer, version_answer
from modelfleet.api.call import Call, json
from modelfleet.api.operation import OF_TASK, Content, Operation, route
from modelfleet.api.wire import CanaryBody, NoQuery, Said
from modelfleet.catalog import ALIASES
from modelfleet.decisions import Receipt
from modelfleet.errors import Conflict
from modelfleet.events import kinds
from modelfleet.events.validation import check_id, check_name

_GROUP = "versions"
_SAID = Decoder(Said)
_CANARY = Decoder(CanaryBody)
_RECEIPT = {"id": "operation-1", "seq": 9, "duplicate": False}


def _order(summary: str, description: str = "") -> Operation:
    return Operation(
        role="owner",
        group=_GROUP,
        summary=summary,
        description=description,
        body=Content(Said, samples.SAID),
        body_needed=False,
        answers=(Content(Receipt, _RECEIPT),),
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
    _order("Make the version before the live one live again"),
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
        "Training goes on and may replace it.",
    ),
)
async def promote(call: Call) -> ASGIApp:
    """Make a version the live one."""
    said = await call.read(_SAID, empty=b"{}")
    body = kinds.VersionPromoted(call.parameters["version"], said.by)
    return json(await call.in_thread(_told_of_version, call, body, said.id))


@route(
    "POST",
    f"{OF_TASK}/versions/{{version:str}}/pin",
    _order("Fix a version as the live one until it is unpinned", "Nothing is trained meanwhile."),
)
async def pin(call: Call) -> ASGIApp:
    """Fix a version as the live one."""
    said = await call.read(_SAID, empty=b"{}")
    body = kinds.VersionPinned(call.parameters["version"], said.by)
    return json(await call.in_thread(_told_of_version, call, body, said.id))


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
    return json(await call.in_thread(_told, call, kinds.VersionCanaried(None, by=said.by), said.id))


@route("POST", f"{OF_TASK}/versions/end-shadow", _order("Have the shadow score no more"))
async def end_shadow(call: Call) -> ASGIApp:
    """Have the shadow score no more."""
    said = await call.read(_SAID, empty=b"{}")
    return json(await call.in_thread(_told, call, kinds.VersionShadowed(None, said.by), said.id))


@route(
    "POST",
    f"{OF_TASK}/versions/unpin",
    _order("Give the task back to automatic publication"),
)
async def unpin(call: Call) -> ASGIApp:
    """Give the task back to automatic publication."""
    said = await call.read(_SAID, empty=b"{}")
    return json(await call.in_thread(_told, call, kinds.VersionUnpinned(said.by), said.id))


@route(
    "POST",
    f"{OF_TASK}/training/retry",
    _order("Have a task trained now, also if it was set aside after failures"),
)
async def retry_training(call: Call) -> ASGIApp:
    """Have a task trained now."""
    said = await call.read(_SAID, empty=b"{}")
    return json(await call.in_thread(_told, call, kinds.TrainingRetried(said.by), said.id))


def _told(call: Call, body: kinds.Body, identity: str | None) -> Receipt:
    task = call.task
    return call.fleet.desk.tell(task.tenant, task.task, body, identity)


def _told_of_version(
    call: Call, body: kinds.VersionPromoted | kinds.VersionPinned, identity: str | None
) -> Receipt:
    known = _known(call, body.version, identity)
    return _told(call, msgspec.structs.replace(body, version=known), identity)


def _tried_out(
    call: Call, body: kinds.VersionCanaried | kinds.VersionShadowed, identity: str | None
) -> Receipt:
    known = _known(call, str(body.version), identity)
    if known == call.task.status().live and known != _told_before(call, identity):
        raise Conflict(f"version: {known} is the live one, it can't be tried out beside itself")
    return _told(call, msgspec.structs.replace(body, version=known), identity)


def _known(call: Call, version: str, identity: str | None) -> str:
    """The name of a version; of a part that was told before under this id, whose it was then."""
    task = call.task
    named = check_name(version, "version")
    before = _told_before(call, identity) if named in ALIASES else None
    return before or call.fleet.catalog.named(task.tenant, task.task, named)


def _told_before(call: Call, identity: str | None) -> str | None:
    """Of which version something was told before under this id."""
    if identity is None:
        return None
    before = call.fleet.log.get(call.task.tenant, check_id(identity))
    return None if before is None else before.fields.get("version")


def _rolled_back(call: Call, said: Said) -> Receipt:
    """Sent again under its id it rolls back no further, though the one before is another now."""
    task = call.task
    previous = _told_before(call, said.id) or task.status().previous
    if previous is None:
        raise Conflict(f"version: {task.tenant}/{task.task} has none before the live one")
    return _told(call, kinds.VersionPromoted(previous, said.by), said.id)


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
