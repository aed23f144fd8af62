"""Which versions of a task answered, as the log told until some moment."""

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from modelfleet.catalog import TaskState
from modelfleet.catalog.task_state import changed
from modelfleet.events import Logged, Query, body_of, kinds, statements
from modelfleet.monitoring.matured import Matured
from modelfleet.recipe import Recipe

_KINDS = (
    kinds.VersionPublished.kind,
    kinds.VersionPromoted.kind,
    kinds.VersionPinned.kind,
    kinds.VersionUnpinned.kind,
)
_NEWEST = 200


class Versions(msgspec.Struct, frozen=True, array_like=True):
    """What was live when an alarm rang, and what an alarm that began with a version goes back to.

    Attributes:
        live: the live version, None while label texts answer.
        pinned: whether a person fixed it.
        began: the version whose publication a fall began with, None if it didn't.
        before: what was live before that one and can be again, None if nothing can.
    """

    live: str | None = None
    pinned: bool = False
    began: str | None = None
    before: str | None = None


def versions_of(
    connection: sa.Connection, at: Matured, causes: Sequence[Logged], recipe: Recipe
) -> Versions:
    """The versions of a task as of the moment at which an outcome matured."""
    asked = Query(tenant=at.tenant, task=at.task, kinds=_KINDS, newest_first=True)
    newest = statements.found(connection, asked, None, _NEWEST)[::-1]
    known = [one for one in newest if one.logged <= at.matured]
    now = _folded(at, known, recipe)
    for cause in causes:
        if cause.kind == kinds.VersionPublished.kind:
            before = _folded(at, [one for one in known if one.seq < cause.seq], recipe).live
            if before is not None and before != now.live and not now.pinned:
                return Versions(now.live, now.pinned, cause.fields["version"], before)
    return Versions(now.live, now.pinned)


def _folded(at: Matured, events: Sequence[Logged], recipe: Recipe) -> TaskState:
    state = TaskState(at.tenant, at.task)
    for event in events:
        body = body_of(event)
        if body is not None:
            changed(state, event, body, recipe.policy)
    return state
