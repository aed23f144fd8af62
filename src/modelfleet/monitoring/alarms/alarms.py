"""The watcher's look for trouble: outcomes and states in, states and events out."""

from collections.abc import Collection, Iterator, Sequence

import msgspec
import sqlalchemy as sa
import structlog
from sqlalchemy.exc import SQLAlchemyError

from modelfleet.clock import Clock
from modelfleet.events import Logged, kinds
from modelfleet.monitoring.alarms.allowance import day_of
from modelfleet.monitoring.alarms.policy import Policy
from modelfleet.monitoring.alarms.step import Step
from modelfleet.monitoring.finding import Found, Seen, TaskKey
from modelfleet.monitoring.matured import Matured

Part = list[Matured]

_logger = structlog.get_logger()


class Alarms:
    """Looks for trouble; what it is shown decides all that it finds.

    The clock is asked for one thing alone: what lies more than a week back isn't acted on.
    """

    def __init__(self, policy: Policy, clock: Clock) -> None:
        self._policy = policy
        self._clock = clock

    def __call__(self, connection: sa.Connection, seen: Seen) -> Found:
        """What is found in what was seen; a task that can't be looked at stops no other's watch."""
        try:
            return self._found(connection, seen)
        except SQLAlchemyError:
            raise  # the database is everybody's
        except Exception as error:
            poison = self._poison(connection, seen)
            if not poison:
                raise
            named = ["/".join(task) for task in sorted(poison)]
            _logger.exception("these tasks can't be watched", tasks=named, error=str(error))
            return self._found(connection, _without(seen, poison))

    def _found(self, connection: sa.Connection, seen: Seen) -> Found:
        step = Step(connection, seen, self._policy, self._clock)
        for part in _parts(seen.happened):
            if isinstance(part, Logged):
                step.end(part)
            else:
                step.take_in(part)
        return step.found()

    def _poison(self, connection: sa.Connection, seen: Seen) -> set[TaskKey]:
        """The tasks that can't be looked at even alone."""
        tasks = {(one.tenant, one.task) for one in seen.happened}
        poison = set()
        for task in tasks:
            try:
                self._found(connection, _without(seen, tasks - {task}))
            except Exception:  # noqa: BLE001 - whatever it is, it is this task's alone
                poison.add(task)
        return poison


def _without(seen: Seen, tasks: Collection[TaskKey]) -> Seen:
    """What was seen of all other tasks."""
    others = [one for one in seen.happened if (one.tenant, one.task) not in tasks]
    return msgspec.structs.replace(seen, happened=others)


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
