"""One request of the past, and a row that can't be one."""

import msgspec

from modelfleet.events.kinds import Json


class Ticket(msgspec.Struct, frozen=True):
    """A request and the label that a person gave it in the end.

    ``line`` is where in the file it stands, ``time`` in microseconds since 1970 UTC. ``tenant``
    and ``label`` are as the file writes them; no label means that none fits.
    """

    line: int
    time: int
    tenant: str
    label: str | None
    text: str
    metadata: dict[str, Json]

    @property
    def key(self) -> str:
        """The id of its decision: the same in every replay of the file."""
        return f"row-{self.line}"


class Malformed(msgspec.Struct, frozen=True):
    """A row that was left out, and why."""

    line: int
    reason: str
