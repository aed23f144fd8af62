"""One way for all protocols from a model's name and requests to predictions."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future

import msgspec

from modelfleet.api.call import Platform
from modelfleet.api.located import located
from modelfleet.decisions import Decision, Prediction, Request
from modelfleet.decisions.scoring import MOST_CANDIDATES, Question
from modelfleet.errors import InvalidInput, NotFound
from modelfleet.events.validation import check_request
from modelfleet.serving import ServedModel, is_trying

MOST_REQUESTS = 1_000
"""In one call."""

_AT_ONCE = 128
"""Requests that are scored within the event loop; more would hold up others."""
_CHARACTERS_AT_ONCE = 20_000
"""Of them together: what takes more than some 15 ms isn't quick."""


class Model(msgspec.Struct, frozen=True):
    """Which model is asked: a task's, and its version or alias, None for what is live."""

    tenant: str
    task: str
    version: str | None = None


class Wish(msgspec.Struct, frozen=True):
    """How many of the best labels are wanted, and whether each request is to be a decision."""

    most: int = MOST_CANDIDATES
    log: bool = False


async def loaded(platform: Platform, asked: Model) -> ServedModel:
    """The model in memory, loaded if need be.

    Raises:
        NotFound: there is no such model or version.
        CheckpointUnusable: the version that was named can't be served.
        StoreUnavailable: the store of the version that was named can't be reached.
    """
    if not asked.tenant:
        raise NotFound.at("model", "no model has such a name")
    scorer = platform.scorer
    place = asked.tenant, asked.task, asked.version
    if scorer.is_warm(*place):
        return scorer.model(*place)
    await platform.wakeups.result(scorer.prepared(*place))
    if scorer.is_warm(*place):
        return scorer.model(*place)
    return await platform.in_thread(scorer.model, *place)


async def unload(platform: Platform, asked: Model) -> None:
    """Drop a task's models from memory; one that isn't there isn't loaded for that.

    Raises:
        NotFound: there is no such model.
    """
    tenant, task = asked.tenant, asked.task
    if not tenant or not await platform.in_thread(platform.fleet.catalog.has_task, tenant, task):
        raise NotFound.at("model", "no model has such a name")
    platform.fleet.cache.drop(tenant, task)


async def predict(
    platform: Platform,
    asked: Model,
    requests: Sequence[Request],
    wish: Wish,
    where: str | Callable[[int, str], str],
) -> Sequence[Prediction]:
    """What the model says of requests; decisions, durable in the log, if these are wished for.

    ``where`` the client has put the requests: see `located`.

    Raises:
        InvalidInput: a request can't be accepted, there are too many, or it can't be logged.
        NotFound: there is no such model or version.
    """
    if not 1 <= len(requests) <= MOST_REQUESTS:
        raise InvalidInput.at("text", f"must be 1 to {MOST_REQUESTS:,} texts; got {len(requests)}")
    model = await loaded(platform, asked)
    with located(requests, lambda one: check_request(one.text, one.metadata), where):
        if wish.log:
            return await _decided(platform, asked, requests, wish)
        predicted = await _scored(platform, asked, model, requests, wish.most)
    platform.metrics.predicted(len(predicted))
    return predicted


async def _scored(
    platform: Platform, asked: Model, model: ServedModel, requests: Sequence[Request], most: int
) -> list[Prediction]:
    """One request with others that come meanwhile, some at once, many in a thread."""
    tenant, task, version = asked.tenant, asked.task, asked.version

    def score() -> list[Prediction]:
        return platform.scorer.score(tenant, task, requests, most=most, version=version)

    if not _is_quick(asked, model, requests):
        return await platform.in_thread(score)
    if len(requests) > 1:
        return score()
    (request,) = requests
    check_request(request.text, request.metadata)
    return [await platform.predictions.answer(Question(model, request, most))]


def _is_quick(asked: Model, model: ServedModel, requests: Sequence[Request]) -> bool:
    """Whether scoring needs nothing but memory, and so little time that nobody is held up."""
    if not model.encoder.quick or (asked.version is None and is_trying(model)):
        return False
    return len(requests) <= _AT_ONCE and sum(map(_length, requests)) <= _CHARACTERS_AT_ONCE


def _length(request: Request) -> int:
    return len(request.text)


async def _decided(
    platform: Platform, asked: Model, requests: Sequence[Request], wish: Wish
) -> list[Decision]:
    if asked.version is not None:
        raise InvalidInput.at("log", "goes with the model itself, not with one of its versions")
    if wish.most > MOST_CANDIDATES:
        raise InvalidInput.at("top_k", f"must be at most {MOST_CANDIDATES} of what is logged")
    decide = platform.fleet.decider.decide
    future: Future[list[Decision]] = await platform.in_thread(
        decide, asked.tenant, asked.task, requests
    )
    decisions = await platform.wakeups.result(future)
    platform.metrics.decided(len(decisions), sum(one.label is None for one in decisions))
    return decisions
