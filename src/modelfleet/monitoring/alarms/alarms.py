"""The watcher's look for trouble: outcomes and states in, states and events out."""

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from modelfleet.clock import Clock
from modelfleet.events import Logged, kinds
from modelfleet.monitoring.alarms.allowance import day_of
from modelfleet.monitoring.alarms.policy import Policy
from modelfleet.monitoring.alarms.step import Step
from modelfleet.monitoring.finding import Found, Seen
from modelfleet.monitoring.matured import Matured

Part = list[Matured]


class Alarms:
    """Looks for trouble; what it is shown decides all that it finds.

    The clock is asked for one thing alone: what lies more than a week back isn't acted on.
    """

    def __init__(self, policy: Policy, clock: Clock) -> None:
        self._policy = policy
        self._clock = clock

    def __call__(self, connection: sa.Connection, seen: Seen) -> Found:
        """What is found in what was seen."""
        step = Step(connection, seen, self._policy, self._clock)
        for part in _parts(seen.happened):
            if isinstance(part, Logged):
                step.end(part)
            else:
                step.take_in(part)
        return step.found()


def _parts(happened: Sequence[Matured | Logged]) -> Iterator[Part | Logged]:
    """Outcomes in parts of one day, and between them the words that alerts are over."""
    part: Part = []
    for one in happened:
        if isinstance(one, Logged):
            if one.kind != kinds.AlertEnded.kind:
                continue
            if part:
                yield part
            part = []
            yield one
        else:
            if part and day_of(one.matured) != day_of(part[0].matured):
                yield part
                part = []
            part.append(one)
    if part:
        yield part
