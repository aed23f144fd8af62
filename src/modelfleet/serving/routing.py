"""Which version answers a request: the live one, or for a share of the requests its canary."""

from hashlib import blake2b

import msgspec

from modelfleet.catalog import TRIED
from modelfleet.errors import CheckpointUnusable, NotFound, StoreUnavailable
from modelfleet.serving.cache import ModelCache
from modelfleet.serving.served import ServedModel

_PLACES = 2**64


class Routed(msgspec.Struct, frozen=True):
    """Who answers a request, and who is only asked what it would say.

    ``audit_share`` is the share of decisions that the task's alerts want people to look at.
    """

    answers: ServedModel
    shadow: ServedModel | None = None
    audit_share: float = 0.0


def route(cache: ModelCache, tenant: str, task: str, sticky: str) -> Routed:
    """Who answers a request of a task; loaded if need be.

    A version that is tried out and can't be served takes no part.

    Args:
        cache: with the models.
        tenant: whose.
        task: of which task.
        sticky: what requests have in common that must be answered by the same version.

    Raises:
        LogUnavailable: the log can't be read.
    """
    live = cache.get(tenant, task)
    if not is_trying(live):
        return Routed(live, None, live.audit_share)
    canary = _tried(cache, tenant, task, "canary") if is_for_canary(live, sticky) else None
    return Routed(canary or live, _tried(cache, tenant, task, "shadow"), live.audit_share)


def is_trying(live: ServedModel) -> bool:
    """Whether a version of the model's task is tried out."""
    return any(alias in live.aliases for alias in TRIED)


def is_for_canary(live: ServedModel, sticky: str) -> bool:
    """Whether a request falls to the canary.

    With a larger share the same ones do, and others; with another canary, others.
    """
    canary = live.aliases.get("canary")
    if canary is None:
        return False
    hashed = blake2b(sticky.encode(), digest_size=8, key=canary.encode()[:64])
    return int.from_bytes(hashed.digest()) < live.canary_share * _PLACES


def _tried(cache: ModelCache, tenant: str, task: str, alias: str) -> ServedModel | None:
    try:
        return cache.get(tenant, task, alias)
    except (CheckpointUnusable, StoreUnavailable, NotFound):  # NotFound: it just ended
        return None
