"""Routes of a task's versions: list, promote, pin, roll back, retry."""

from litestar.types import ASGIApp
from msgspec.json import Decoder

from modelfleet.api import samples
from modelfleet.api.answers import VersionsAnswer, version_answer
from modelfleet.api.call import Call, json
from modelfleet.api.operation import OF_TASK, Content, Operation, route
from modelfleet.api.wire import NoQuery, Said
from modelfleet.decisions import Receipt
from modelfleet.errors import Conflict, NotFound
from modelfleet.events import kinds
from modelfleet.events.validation import check_id, check_name

_GROUP = "versions"
_SAID = Decoder(Said)


def _order(summary: str, description: str = "") -> Operation:
    return Operation(
        role="owner",
        group=_GROUP,
        summary=summary,
        description=description,
        body=Content(Said, samples.SAID),
        body_needed=False,
        answers=(Content(Receipt, {"id": "operation-1", "seq": 9, "duplicate": False}),),
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
    _order("Make a version the live one", "Training goes on and may replace it."),
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
    task = call.task
    version = check_name(body.version, "version")
    if call.fleet.catalog.version(task.tenant, task.task, version) is None:
        raise NotFound(f"version: {task.tenant}/{task.task} has no version '{version}'")
    return _told(call, body, identity)


def _rolled_back(call: Call, said: Said) -> Receipt:
    """Sent again under its id it rolls back no further, though the one before is another now."""
    task = call.task
    if said.id is not None:
        before = call.fleet.log.get(task.tenant, check_id(said.id))
        if before is not None and before.kind == kinds.VersionPromoted.kind:
            body = kinds.VersionPromoted(before.fields["version"], said.by)
            return _told(call, body, said.id)
    previous = task.status().previous
    if previous is None:
        raise Conflict(f"version: {task.tenant}/{task.task} has none before the live one")
    return _told(call, kinds.VersionPromoted(previous, said.by), said.id)


ROUTES = (list_versions, roll_back, promote, pin, unpin, retry_training)
