"""When people's words about decisions arrive, and about which decisions they say anything."""

import heapq
from hashlib import sha256

import msgspec

from modelfleet.decisions import Decision
from modelfleet.replay.ticket import Ticket

_WHOLE = 2**64


class Delivery(msgspec.Struct, frozen=True):
    """A person's word about a decision that is now due."""

    ticket: Ticket
    decision: Decision


class Deliveries:
    """The words that are still to come, in the order of their times."""

    def __init__(self, delay: int, rate: float) -> None:
        self._delay = delay
        self._rate = rate
        self._heap: list[tuple[int, int, Delivery]] = []
        self._number = 0

    def due_after(self, ticket: Ticket) -> int | None:
        """When somebody will say what a ticket's label is; None if nobody will."""
        return ticket.time + self._delay if is_told(ticket.key, self._rate) else None

    def expect(self, ticket: Ticket, decision: Decision) -> None:
        """Have the word about a decision arrive in its time, if somebody will say one."""
        due = self.due_after(ticket)
        if due is not None:
            self._number += 1
            delivery = Delivery(ticket, decision)
            heapq.heappush(self._heap, (due, self._number, delivery))

    def next_time(self) -> int | None:
        """When the next arrives, None if none is to come."""
        return self._heap[0][0] if self._heap else None

    def take(self) -> list[Delivery]:
        """All that arrive at the moment of the next one."""
        moment = self.next_time()
        taken = []
        while self.next_time() == moment and moment is not None:
            taken.append(heapq.heappop(self._heap)[2])
        return taken


def is_told(key: str, rate: float) -> bool:
    """Whether somebody says something about a decision; true for a share ``rate`` of keys."""
    return int.from_bytes(sha256(f"feedback:{key}".encode()).digest()[:8]) < rate * _WHOLE
