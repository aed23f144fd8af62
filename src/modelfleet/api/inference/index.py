"""The index of all models: read in pages, so that it is never in memory as a whole."""

from collections.abc import AsyncIterator

from modelfleet.api.call import Platform
from modelfleet.api.inference.wire import Indexed, IndexQuery
from modelfleet.api.names import model_name, task_of
from modelfleet.catalog import TaskState
from modelfleet.errors import InvalidInput, NotFound

_AT_ONCE = 1_000
READY = "READY"  # all are: a model that isn't in memory is loaded when it is asked


def checked(query: IndexQuery, scope: str | None) -> IndexQuery:
    """The query of somebody who may see the tenant ``scope`` alone; None for all.

    Raises:
        InvalidInput: ``after`` isn't a model's name, or ``limit`` no number from 1.
        NotFound: another tenant was asked for.
    """
    if query.after is not None and task_of(query.after) is None:
        raise InvalidInput.at("after", "must be a model's name")
    if query.limit is not None and query.limit < 1:
        raise InvalidInput.at("limit", "must be a whole number from 1")
    if scope is not None and query.tenant not in {None, scope}:
        raise NotFound.at("tenant", "there is nothing under this path that this key may see")
    return IndexQuery(query.tenant if scope is None else scope, query.after, query.limit)


async def index(platform: Platform, query: IndexQuery) -> AsyncIterator[Indexed]:
    """The models that can be asked, by tenant and task."""
    after = None if query.after is None else task_of(query.after)
    left = query.limit
    read = platform.fleet.catalog.tasks_after
    while left is None or left > 0:
        page = await platform.in_thread(read, after, _AT_ONCE, query.tenant)
        for state in page:
            if _is_model(state) and (left is None or left > 0):
                left = None if left is None else left - 1
                yield _indexed(state, platform)
        if len(page) < _AT_ONCE:
            return
        after = page[-1].tenant, page[-1].task


def _indexed(state: TaskState, platform: Platform) -> Indexed:
    """A model, and what is wrong with its live version if that is known: if it was asked lately."""
    name, version, reason = model_name(state.tenant, state.task), state.live or "", ""
    served = platform.fleet.cache.stand_in(state.tenant, state.task)
    if served is not None:
        version = served.version or ""
        reason = f"{served.wanted} can't be served: {served.trouble}"
    return Indexed(name, version, READY, reason)


def _is_model(state: TaskState) -> bool:
    """Whether something was ever said from which the task could answer."""
    return bool(state.labels_seq or state.evidence_seq or state.live)
