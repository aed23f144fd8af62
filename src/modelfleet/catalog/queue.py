"""Who is trained next: tasks that fell due are queued fairly, and leased to workers.

Nothing here costs more because other tenants exist: each step follows an index that holds only
the tasks that are due, queued or leased.
"""

import msgspec
import sqlalchemy as sa

from modelfleet.catalog.schema import AWAITS_ITS_TIME, LEASED, QUEUED, TASKS
from modelfleet.clock import SECOND
from modelfleet.events import Database

_MOST_QUEUED_AT_ONCE = 500
_SET_TURN = sa.update(TASKS).where(
    TASKS.c.tenant == sa.bindparam("of_tenant"), TASKS.c.task == sa.bindparam("of_task")
)
_KEY = sa.tuple_(TASKS.c.tenant, TASKS.c.task)


class Lease(msgspec.Struct, frozen=True):
    """A task that a worker may train until ``until`` (microseconds)."""

    tenant: str
    task: str
    worker: str
    until: int


class QueueState(msgspec.Struct, frozen=True):
    """How many tasks wait for a training that is due, or are in one.

    ``oldest`` is when the first of those that wait fell due, in microseconds.
    """

    waiting: int
    training: int
    oldest: int | None


class Queue:
    """The tasks that are due, in a fair order.

    A task that falls due takes the turn behind the last one that its tenant holds, counted from
    the turn that is served now (start-time fair queueing, Goyal, Vin and Cheng 1996). So a tenant
    with a thousand tasks, or with one that is always behind, delays another by one task at most
    for each of its own.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def next_time(self) -> int | None:
        """When there is something to lease: 0 if there is now, None if nothing is awaited."""
        times = (
            sa.select(sa.func.min(TASKS.c.due)).where(AWAITS_ITS_TIME),
            sa.select(sa.func.min(TASKS.c.leased_until)).where(LEASED),
            sa.select(sa.func.min(sa.literal(0))).where(sa.exists().where(QUEUED)),
        )
        with self._database.reading() as connection:
            found = [connection.execute(query).scalar() for query in times]
        return min((time for time in found if time is not None), default=None)

    def state(self, now: int) -> QueueState:
        """How many tasks wait and are trained."""
        held = sa.select(sa.func.count(), sa.func.min(TASKS.c.due))
        queries = (held.where(QUEUED), held.where(AWAITS_ITS_TIME, TASKS.c.due <= now))
        training = sa.select(sa.func.count()).where(LEASED)
        with self._database.reading() as connection:
            (queued, first), (due, next_) = (connection.execute(one).one() for one in queries)
            running = connection.execute(training).scalar_one()
        oldest = min((time for time in (first, next_) if time is not None), default=None)
        return QueueState(queued + due, running, oldest)

    def lease(self, worker: str, now: int, seconds: float, limit: int = 1) -> list[Lease]:
        """Queue what has fallen due, and take the next tasks in turn."""
        until = now + round(seconds * SECOND)
        with self._database.writing() as connection:
            _end_leases(connection, now)
            _queue_due(connection, now)
            taken = _take(connection, worker, until, limit)
        return [Lease(tenant, task, worker, until) for tenant, task in taken]

    def renew(self, worker: str, now: int, seconds: float) -> int:
        """Prolong all that a worker has leased; how many tasks that is."""
        until = now + round(seconds * SECOND)
        held = _unlocked(LEASED, TASKS.c.worker == worker)
        renewed = sa.update(TASKS).where(_KEY.in_(held)).values(leased_until=until)
        with self._database.writing() as connection:
            return connection.execute(renewed).rowcount

    def release(self, lease: Lease) -> bool:
        """Give a task back; False if the lease had run out and another worker has it."""
        released = _one(lease).values(worker=None, leased_until=None)
        with self._database.writing() as connection:
            return connection.execute(released).rowcount == 1


def _one(lease: Lease) -> sa.Update:
    return sa.update(TASKS).where(
        TASKS.c.tenant == lease.tenant,
        TASKS.c.task == lease.task,
        TASKS.c.worker == lease.worker,
    )


def _unlocked(*conditions: sa.ColumnElement[bool]) -> sa.Select[str, str]:
    """The tasks that fulfil conditions and that no other transaction is writing.

    So the queue never waits for an append, and can't be caught in a deadlock with one.
    """
    return (
        sa.select(TASKS.c.tenant, TASKS.c.task).where(*conditions).with_for_update(skip_locked=True)
    )


def _end_leases(connection: sa.Connection, now: int) -> None:
    """Take back what workers have leased and let lapse."""
    lapsed = _unlocked(LEASED, TASKS.c.leased_until <= now)
    connection.execute(
        sa.update(TASKS).where(_KEY.in_(lapsed)).values(worker=None, leased_until=None)
    )


def _queue_due(connection: sa.Connection, now: int) -> None:
    """Give a turn to each task that has fallen due."""
    fallen_due = _unlocked(AWAITS_ITS_TIME, TASKS.c.due <= now)
    first = fallen_due.order_by(TASKS.c.due).limit(_MOST_QUEUED_AT_ONCE)
    found = [(tenant, task) for tenant, task in connection.execute(first)]
    if not found:
        return
    served = connection.execute(sa.select(sa.func.min(TASKS.c.turn)).where(QUEUED)).scalar() or 0
    held = sa.select(TASKS.c.tenant, sa.func.max(TASKS.c.turn)).where(
        QUEUED, TASKS.c.tenant.in_({tenant for tenant, _ in found})
    )
    rows = connection.execute(held.group_by(TASKS.c.tenant)).all()
    last = {tenant: turn or 0 for tenant, turn in rows}
    turns = []
    for tenant, task in found:
        last[tenant] = max(last.get(tenant, 0), served) + 1
        turns.append({"of_tenant": tenant, "of_task": task, "turn": last[tenant]})
    connection.execute(_SET_TURN, turns)


def _take(connection: sa.Connection, worker: str, until: int, limit: int) -> list[tuple[str, str]]:
    """Lease the first tasks in the queue; one that isn't due any more only leaves it."""
    in_turn = _unlocked(QUEUED).order_by(TASKS.c.turn, TASKS.c.due).limit(limit)
    rows = connection.execute(in_turn.add_columns(TASKS.c.due)).all()
    for tenant, task, due in rows:
        leased = {} if due is None else {"worker": worker, "leased_until": until}
        connection.execute(
            sa.update(TASKS)
            .where(TASKS.c.tenant == tenant, TASKS.c.task == task)
            .values(turn=None, **leased)
        )
    return [(tenant, task) for tenant, task, due in rows if due is not None]
