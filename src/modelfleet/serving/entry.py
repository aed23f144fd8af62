"""A place in memory for one model, and what became of the last attempt to load it."""

import threading
from typing import Literal

import msgspec

from modelfleet.clock import SECOND
from modelfleet.errors import CheckpointUnusable, StoreUnavailable
from modelfleet.serving.eviction import Held
from modelfleet.serving.served import ServedModel

Place = tuple[str, str, str | None]
"""A tenant, a task, and a version's name; None for whichever is live."""

Unusable = CheckpointUnusable | StoreUnavailable

_FIRST_PAUSE = 1 * SECOND
_LONGEST_PAUSE = 300 * SECOND


class Serving(msgspec.Struct, frozen=True):
    """How one server serves a task.

    Attributes:
        state: ``live`` version, or ``texts`` of labels while there is none; or a ``stand-in``: the
            version before, or label texts, in place of a live version that can't be served.
        wanted: the live version.
        version: the one that answers; None while label texts do.
        why: what is wrong with the live version; empty if nothing is.
        again: when it is tried again, in microseconds; None if nothing is wrong.
        nbytes: that the model takes in memory.
    """

    state: Literal["live", "texts", "stand-in"]
    wanted: str | None
    version: str | None
    why: str
    again: int | None
    nbytes: int


class Entry(Held[Place]):
    """A place for one model.

    ``asked`` counts requests for it; those of long ago count less. ``wanted`` is the last event
    that the model should know. ``again`` is when to try again to load a version that couldn't be
    served, ``failures`` how often in a row that failed, and ``error`` why, where no other version
    stands in.
    """

    __slots__ = ("again", "asked", "error", "failures", "lock", "model", "wanted")

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.lock = threading.Lock()
        self.asked = 0
        self.model: ServedModel | None = None
        self.wanted = 0
        self.again: int | None = None
        self.failures = 0
        self.error: Unusable | None = None

    def hit(self) -> None:
        """See `Held.hit`; how often it was asked for is counted as well."""
        super().hit()
        self.asked += 1

    def fresh(self) -> ServedModel | None:
        """The model, if it knows all that it should."""
        model = self.model
        return model if model is not None and model.applied >= self.wanted else None

    def is_due(self, now: int) -> bool:
        """Whether it is time to try again what failed."""
        return self.again is not None and now >= self.again

    def succeeded(self) -> None:
        """Note that what was wanted is there."""
        self.error, self.again, self.failures = None, None, 0

    def failed(self, now: int, error: Unusable | None = None) -> None:
        """Note an attempt that failed; after each the pause is twice as long, up to 5 minutes."""
        self.again = now + min(_FIRST_PAUSE * 2**self.failures, _LONGEST_PAUSE)
        self.failures = min(self.failures + 1, 20)
        self.error = error
