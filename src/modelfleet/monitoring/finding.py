"""What the watcher shows to whoever looks for trouble in it, and what it gets back."""

from collections.abc import Callable, Mapping, Sequence

import msgspec
import sqlalchemy as sa

from modelfleet.events import Event, Logged
from modelfleet.monitoring.matured import Matured

TaskKey = tuple[str, str]
"""A tenant and a task."""
SliceKey = tuple[str, str, str, str]
"""A scope, a recipe, a field and its value."""


class Seen(msgspec.Struct, frozen=True):
    """What one step took in; the steps of a log differ, what all of them see together doesn't.

    Attributes:
        happened: in order: decisions as they matured, and events of the log between them, but
            decisions and words about them.
        states: what was found of these tasks before; nothing of a task that is new.
        time: up to when all that was due has matured, in microseconds.
    """

    happened: Sequence[Matured | Logged]
    states: Mapping[TaskKey, bytes]
    time: int


class Found(msgspec.Struct, frozen=True):
    """What was found: states that changed, of tasks and of kinds of request, and events to log.

    The ids of events follow from what was seen: a step that is done again logs nothing twice.
    """

    states: Mapping[TaskKey, bytes] = {}
    slices: Mapping[SliceKey, bytes] = {}
    events: Sequence[Event] = ()


Find = Callable[[sa.Connection, Seen], Found]
"""Looks at what was seen; it may read what else it needs, and writes nothing itself."""


def find_nothing(_connection: sa.Connection, _seen: Seen) -> Found:
    """Looks for nothing: only the sums are kept."""
    return Found()
