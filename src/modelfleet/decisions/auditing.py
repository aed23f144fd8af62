"""A random few decisions are marked for a person to look at.

What people say of the rest is no random sample. Precision by those drawn has no bias, since each
was drawn with a known probability, whatever was decided.
"""

from collections.abc import Iterator
from hashlib import blake2b
from itertools import islice
from typing import Any

import msgspec

from modelfleet.catalog import Catalog, Outcome
from modelfleet.decisions.decision import Decision, decision_of
from modelfleet.errors import InvalidInput
from modelfleet.events import Condition, EventLog, Logged, Query
from modelfleet.events.kinds import RequestDecided

_BYTES = 8
_TOGETHER = 100
_MOST_LOOKED_AT = 2_000
_MOST = 1_000


class Awaited(msgspec.Struct, frozen=True):
    """A decision that nobody has said anything about, with its request.

    ``audit`` is the probability with which it was drawn for a person to look at, None if it wasn't.
    """

    decision: Decision
    text: str
    metadata: dict[str, Any]
    audit: float | None = None


class Record(Awaited, frozen=True):
    """A decision with its request and the last word about it, None if nobody has spoken."""

    outcome: Outcome | None = None


def drawn(tenant: str, task: str, decision: str, share: float) -> float | None:
    """The share, if a decision is one of those; the same whichever server is asked, and again."""
    digest = blake2b(f"{tenant}/{task}/{decision}".encode(), digest_size=_BYTES).digest()
    return share if int.from_bytes(digest) < share * 256**_BYTES else None


class Awaiting:
    """The decisions that somebody should look at: those drawn first, then the newest."""

    def __init__(self, log: EventLog, catalog: Catalog) -> None:
        self._log = log
        self._catalog = catalog

    def events(self, tenant: str, task: str, limit: int, *, audits: bool) -> list[Logged]:
        """The events of at most ``limit`` decisions; with ``audits`` only of those drawn.

        Those drawn are among the newest 2,000 that were.

        Raises:
            InvalidInput: the limit can't be accepted.
        """
        if not 1 <= limit <= _MOST:
            raise InvalidInput.at("limit", f"must be 1 to {_MOST:,}; got {limit}")
        first = list(islice(self._drawn(tenant, task), limit))
        if audits or len(first) == limit:
            return first
        known = {event.id for event in first}
        newest = self._catalog.awaiting(tenant, task, limit)
        others = [event for event in newest if event.id not in known]
        return (first + others)[:limit]

    def _drawn(self, tenant: str, task: str) -> Iterator[Logged]:
        """Decisions that were drawn and that nobody has said anything about, the newest first."""
        query = Query(
            tenant=tenant,
            task=task,
            kinds=(RequestDecided.kind,),
            where=(Condition("audit", "exists"),),
            newest_first=True,
        )
        found = islice(self._log.scan(query), _MOST_LOOKED_AT)
        while some := list(islice(found, _TOGETHER)):
            answered = self._catalog.outcomes(tenant, [event.id for event in some])
            yield from (
                event
                for event in some
                if event.id not in answered and "forgotten" not in event.fields
            )


def awaited(event: Logged) -> Awaited:
    """A decision as it is shown to whoever should look at it."""
    return Awaited(*_shown(event))


def record(event: Logged, outcome: Outcome | None) -> Record:
    """A decision with all that is known of it."""
    return Record(*_shown(event), outcome)


def _shown(event: Logged) -> tuple[Decision, str, dict[str, Any], float | None]:
    fields = event.fields
    return decision_of(event), fields["text"], fields.get("metadata", {}), fields.get("audit")
