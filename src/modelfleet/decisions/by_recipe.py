"""One order about every task that versions of a recipe serve, or could serve."""

from collections.abc import Iterable
from datetime import UTC

import msgspec

from modelfleet.catalog import Catalog, MadeBy, Move
from modelfleet.clock import Clock, to_datetime
from modelfleet.events import EventLog, kinds, make
from modelfleet.events.validation import check_event


class Moved(msgspec.Struct, frozen=True):
    """To how many tasks an order was done.

    Attributes:
        changed: have another live version now.
        without: were left as they are, for want of a version to go to.
        pinned: were left as they are, because an operator had fixed their version.
    """

    changed: int
    without: int
    pinned: int


class ByRecipe:
    """Promotes and rolls back by recipe; each task's own event says so, for all servers."""

    def __init__(self, log: EventLog, catalog: Catalog, clock: Clock) -> None:
        self._log = log
        self._catalog = catalog
        self._clock = clock

    def roll_back(self, made: MadeBy, *, by: str | None = None) -> Moved:
        """Give tasks back the newest version that isn't one of these, where one of these is live.

        An order that was broken off goes on where it was when it is given again.

        Raises:
            LogUnavailable: the database can't be reached; some tasks may be done already.
        """
        why = f"rolled back with all tasks that versions {_described(made)} served"
        return self._move(self._catalog.moves_back(made), by, why)

    def promote(self, made: MadeBy, *, by: str | None = None) -> Moved:
        """Make the newest of these versions live, where there is one and none of them is live.

        Raises:
            LogUnavailable: the database can't be reached; some tasks may be done already.
        """
        why = f"promoted with all tasks that have versions {_described(made)}"
        return self._move(self._catalog.moves_on(made), by, why)

    def _move(self, pages: Iterable[list[Move]], by: str | None, why: str) -> Moved:
        changed = without = pinned = 0
        for page in pages:
            free = [move for move in page if not move.pinned]
            events = [
                make(
                    kinds.VersionPromoted(move.version, by, why),
                    tenant=move.tenant,
                    task=move.task,
                    time=self._clock(),
                )
                for move in free
                if move.version is not None
            ]
            for event in events:
                check_event(event, self._clock())
            if events:
                self._log.append(events)
            changed += len(events)
            without += len(free) - len(events)
            pinned += len(page) - len(free)
        return Moved(changed, without, pinned)


def _described(made: MadeBy) -> str:
    digest = f" ({made.digest})" if made.digest else ""
    since = ""
    if made.since is not None:
        since = f" since {to_datetime(made.since).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return f"made by recipe {made.recipe}{digest}{since}"
