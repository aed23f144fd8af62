"""Who is trained next: fairly, by one worker at a time, again if it dies, without a scan."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from modelfleet.catalog import Queue
from modelfleet.catalog.schema import TASKS
from modelfleet.clock import SECOND
from modelfleet.events import Database

NOW = 1_000 * SECOND


def put(database: Database, tenant: str, count: int, *, due: int | None = NOW) -> None:
    """Tasks of a tenant that are due at a time."""
    rows = [{"tenant": tenant, "task": f"t{n:04}", "due": due} for n in range(count)]
    with database.writing() as connection:
        connection.execute(sa.insert(TASKS), rows)


def done(database: Database, tenant: str, task: str) -> None:
    """What the fold of a publication does to the queue's columns: nothing is due any more."""
    with database.writing() as connection:
        connection.execute(
            sa.update(TASKS).where(TASKS.c.tenant == tenant, TASKS.c.task == task).values(due=None)
        )


@pytest.fixture
def queue(database: Database) -> Queue:
    return Queue(database)


def test_nothing_is_leased_before_it_is_due(database: Database, queue: Queue) -> None:
    put(database, "acme", 1, due=NOW + 1)
    put(database, "idle", 1, due=None)
    assert queue.next_time() == NOW + 1
    assert queue.lease("w", NOW, 10) == []
    (lease,) = queue.lease("w", NOW + 1, 10)
    assert (lease.tenant, lease.until) == ("acme", NOW + 1 + 10 * SECOND)


def test_an_idle_fleet_awaits_nothing(database: Database, queue: Queue) -> None:
    put(database, "idle", 5, due=None)
    assert queue.next_time() is None


def test_a_tenant_with_a_flood_does_not_starve_one_with_a_single_task(
    database: Database, queue: Queue
) -> None:
    put(database, "flood", 1_000, due=NOW - SECOND)
    put(database, "small", 1, due=NOW)
    first = [queue.lease("w", NOW, 60)[0].tenant for _ in range(5)]
    assert "small" in first


def test_a_task_that_comes_while_a_flood_is_worked_off_is_next(
    database: Database, queue: Queue
) -> None:
    put(database, "flood", 1_000)
    for _ in range(50):
        (lease,) = queue.lease("w", NOW, 60)
        done(database, lease.tenant, lease.task)
        queue.release(lease)
    put(database, "small", 1)
    assert "small" in [queue.lease("w", NOW, 60)[0].tenant for _ in range(4)]


def test_tenants_take_turns(database: Database, queue: Queue) -> None:
    for tenant in ("a", "b", "c"):
        put(database, tenant, 4)
    order = [lease.tenant for lease in queue.lease("w", NOW, 60, limit=12)]
    for count in range(1, 13):
        served = [order[:count].count(tenant) for tenant in ("a", "b", "c")]
        assert max(served) - min(served) <= 2


def test_a_lease_lapses_and_is_taken_by_another_worker(database: Database, queue: Queue) -> None:
    put(database, "acme", 1)
    (first,) = queue.lease("dies", NOW, 10)
    assert queue.lease("lives", NOW + 9 * SECOND, 10) == []
    assert queue.next_time() == NOW + 10 * SECOND
    (second,) = queue.lease("lives", NOW + 10 * SECOND, 10)
    assert (second.tenant, second.task) == (first.tenant, first.task)
    assert not queue.release(first)
    assert queue.release(second)


def test_a_renewed_lease_is_not_taken(database: Database, queue: Queue) -> None:
    put(database, "acme", 2)
    assert len(queue.lease("w", NOW, 10, limit=2)) == 2
    assert queue.renew("w", NOW + 8 * SECOND, 10) == 2
    assert queue.lease("other", NOW + 15 * SECOND, 10) == []
    assert len(queue.lease("other", NOW + 18 * SECOND, 10, limit=5)) == 2


def test_what_is_still_due_after_its_release_is_taken_again(
    database: Database, queue: Queue
) -> None:
    put(database, "acme", 1)
    (lease,) = queue.lease("w", NOW, 10)
    assert queue.release(lease)
    assert len(queue.lease("w", NOW, 10)) == 1


def test_what_is_not_due_any_more_only_leaves_the_queue(database: Database, queue: Queue) -> None:
    put(database, "acme", 2)
    (lease,) = queue.lease("w", NOW, 10)
    other = next(t for t in ("t0000", "t0001") if t != lease.task)
    done(database, "acme", other)
    assert queue.lease("w", NOW, 10) == []
    queue.release(lease)
    done(database, "acme", lease.task)
    assert queue.next_time() is None


def test_no_two_workers_ever_hold_the_same_task(database: Database, queue: Queue) -> None:
    put(database, "acme", 60)
    put(database, "globex", 60)

    def work(name: str) -> list[tuple[str, str]]:
        taken: list[tuple[str, str]] = []
        empty = 0
        while empty < 3:  # another may hold the rows for a moment
            leases = queue.lease(name, NOW, 600, limit=3)
            taken += [(lease.tenant, lease.task) for lease in leases]
            empty = 0 if leases else empty + 1
        return taken

    with ThreadPoolExecutor(6) as threads:
        taken = [one for worker in threads.map(work, "abcdef") for one in worker]
    assert len(taken) == len(set(taken)) == 120


@contextmanager
def statements(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """What is asked of the database meanwhile."""
    asked: list[tuple[str, Any]] = []

    def note(
        _connection: object,
        _cursor: object,
        statement: str,
        parameters: Any,  # noqa: ANN401 - the driver's
        *_rest: object,
    ) -> None:
        if "tasks" in statement:
            asked.append((statement, parameters))

    sa.event.listen(database.engine, "before_cursor_execute", note)
    yield asked
    sa.event.remove(database.engine, "before_cursor_execute", note)


def _plan(database: Database, statement: str, parameters: Any) -> str:  # noqa: ANN401 - the driver's
    if isinstance(parameters, list):
        parameters = parameters[0]  # the same statement for each of many
    explain = "EXPLAIN " if database.is_postgresql else "EXPLAIN QUERY PLAN "
    with database.reading() as connection:
        rows = connection.exec_driver_sql(explain + statement, parameters).all()
    return "\n".join(str(row[-1]) for row in rows)


def test_finding_who_is_behind_never_reads_all_tasks(database: Database, queue: Queue) -> None:
    rows = [{"tenant": f"tenant{n:05}", "task": "team", "due": None} for n in range(20_000)]
    with database.writing() as connection:
        connection.execute(sa.insert(TASKS), rows)
    put(database, "behind", 10)
    with database.writing() as connection:
        connection.execute(sa.text("ANALYZE"))
    with statements(database) as asked:
        queue.next_time()
        (lease,) = queue.lease("w", NOW, 60)
        queue.renew("w", NOW, 60)
        queue.next_time()
        queue.release(lease)
    assert len(asked) > 8
    for statement, parameters in asked:
        plan = _plan(database, statement, parameters)
        whole = [
            line
            for line in plan.splitlines()
            if "Seq Scan on tasks" in line or ("SCAN tasks" in line and "USING" not in line)
        ]
        assert not whole, f"{statement}\n{plan}"
