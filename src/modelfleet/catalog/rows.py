"""The SQL of the catalog's fold: reading and writing rows, the same on both databases."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec
import sqlalchemy as sa

from modelfleet.catalog import alerts
from modelfleet.catalog.inserting import insert
from modelfleet.catalog.pooled import pool
from modelfleet.catalog.schema import FLEET, KEYS, LABELS, OUTCOMES, TASKS, TENANTS, VERSIONS
from modelfleet.catalog.task_state import TaskState, watermark_of
from modelfleet.events import kinds
from modelfleet.events.event import Logged
from modelfleet.events.key_lookup import ByKeys
from modelfleet.events.statements import by_ids

SUMMED = ("decided", "abstained", "answered", "confirmed", "corrected")
"""Columns of a task that are summed over the fleet."""
FLEET_SUMS = (*SUMMED, "tenants", "tasks", "published", "kept", "failed")

_STATE_COLUMNS = [TASKS.c[name] for name in TaskState.__struct_fields__]
_TASKS = ByKeys(sa.select(*_STATE_COLUMNS), TASKS.c.tenant, TASKS.c.task)
_OUTCOMES = ByKeys(
    sa.select(OUTCOMES.c.tenant, OUTCOMES.c.decision, OUTCOMES.c.label),
    OUTCOMES.c.tenant,
    OUTCOMES.c.decision,
)
# Straight to the driver: statements that never change, on the path of every request.
_COUNT_SQLITE = (
    "UPDATE tasks SET decided = decided + ?, abstained = abstained + ? "
    "WHERE tenant = ? AND task = ? AND labels_seq <= ?"
)
_COUNT_POSTGRESQL = (
    "UPDATE tasks SET decided = tasks.decided + more.decided, "
    "abstained = tasks.abstained + more.abstained FROM unnest("
    "%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::bigint[]"
    ") AS more(decided, abstained, tenant, task, read) "
    "WHERE tasks.tenant = more.tenant AND tasks.task = more.task AND labels_seq <= more.read"
)
_COUNT_FOR_FLEET = {
    "sqlite": "UPDATE fleet SET decided = decided + ?, abstained = abstained + ?",
    "postgresql": "UPDATE fleet SET decided = decided + %s, abstained = abstained + %s",
}
_REMOVE_OUTCOME = sa.delete(OUTCOMES).where(
    OUTCOMES.c.tenant == sa.bindparam("of_tenant"),
    OUTCOMES.c.decision == sa.bindparam("of_decision"),
)
_END_LEASE = (
    sa.update(TASKS)
    .where(TASKS.c.tenant == sa.bindparam("of_tenant"), TASKS.c.task == sa.bindparam("of_task"))
    .values(worker=None, leased_until=None)
)
_ADD_TO_FLEET = sa.update(FLEET).values(
    {name: FLEET.c[name] + sa.bindparam(f"more_{name}") for name in FLEET_SUMS}
)

Row = dict[str, Any]


def upsert(connection: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    """Write rows; where the primary key is there already, the row's other columns replace it."""
    statement = _upsert(connection.dialect.name, table, tuple(rows[0]))
    connection.execute(statement, list(rows))


@cache
def _upsert(dialect: str, table: sa.Table, columns: tuple[str, ...]) -> sa.Insert:
    statement = insert(dialect, table)
    keys = [column.name for column in table.primary_key]
    replaced = {name: statement.excluded[name] for name in columns if name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=replaced)


def task_states(
    connection: sa.Connection, keys: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], TaskState]:
    """The states of tasks; those that were never heard of are left out."""
    if not keys:
        return {}
    rows = _TASKS.rows(connection, keys)
    return {(state.tenant, state.task): state for state in (TaskState(*row) for row in rows)}


def write_task_states(connection: sa.Connection, states: Sequence[TaskState]) -> None:
    """Write the states of tasks over what was there."""
    if states:
        upsert(connection, TASKS, [msgspec.structs.asdict(state) for state in states])


def count_decisions(
    connection: sa.Connection, decisions: Sequence[Logged], known: Mapping[int, int]
) -> bool:
    """Add decisions to the counts of their tasks and of the fleet.

    False if a task has no row, or labels that changed after what a decision knew; nothing is
    counted then.
    """
    decided = Counter((event.tenant, event.task) for event in decisions)
    abstained = Counter(
        (event.tenant, event.task) for event in decisions if event.fields.get("label") is None
    )
    read: dict[tuple[str, str], int] = {}
    for event in decisions:
        key = event.tenant, event.task
        read[key] = min(read.get(key, event.seq), known.get(event.seq, event.seq))
    counts = [(decided[key], abstained[key], *key, read[key]) for key in sorted(decided)]
    if _count(connection, counts) < len(counts):
        _count(connection, [(-decided, -abstained, *rest) for decided, abstained, *rest in counts])
        return False
    sums = decided.total(), abstained.total()
    connection.exec_driver_sql(_COUNT_FOR_FLEET[connection.dialect.name], sums)
    return True


def _count(connection: sa.Connection, counts: Sequence[tuple[Any, ...]]) -> int:
    """Add to the counts of tasks; to those of how many.

    PostgreSQL takes them as columns, in one statement and not one for each task.
    """
    if connection.dialect.name == "sqlite":
        return connection.exec_driver_sql(_COUNT_SQLITE, list(counts)).rowcount
    columns = tuple(map(list, zip(*counts, strict=True)))
    return connection.exec_driver_sql(_COUNT_POSTGRESQL, columns).rowcount


def write_tenants(connection: sa.Connection, since: Mapping[str, int]) -> int:
    """Note tenants that may be new, with the time of their first event; how many are."""
    if not since:
        return 0
    known = connection.execute(
        sa.select(TENANTS.c.tenant).where(TENANTS.c.tenant.in_(sorted(since)))
    ).scalars()
    new = sorted(since.keys() - set(known))
    if new:
        connection.execute(
            sa.insert(TENANTS), [{"tenant": name, "since": since[name]} for name in new]
        )
    return len(new)


def add_to_fleet(connection: sa.Connection, sums: Mapping[str, int]) -> None:
    """Add to the fleet's sums; there is one for each of ``FLEET_SUMS``."""
    if any(sums.values()):
        connection.execute(_ADD_TO_FLEET, {f"more_{name}": sums[name] for name in FLEET_SUMS})


def outcomes(
    connection: sa.Connection, ids: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], str | None]:
    """The labels that people gave to decisions; those without an outcome are left out."""
    rows = _OUTCOMES.rows(connection, ids)
    return {(tenant, decision): label for tenant, decision, label in rows}


def write_outcomes(connection: sa.Connection, rows: Sequence[Row]) -> None:
    """Write the last words about decisions."""
    if rows:
        upsert(connection, OUTCOMES, rows)


def remove_outcomes(connection: sa.Connection, ids: Sequence[tuple[str, str]]) -> None:
    """Nothing is said of decisions any more."""
    if ids:
        named = [{"of_tenant": tenant, "of_decision": decision} for tenant, decision in ids]
        connection.execute(_REMOVE_OUTCOME, named)


def write_details(connection: sa.Connection, events: Iterable[tuple[Logged, kinds.Body]]) -> None:
    """Write what events say of labels, versions and keys."""
    for event, body in events:
        match body:
            case kinds.LabelDefined():
                upsert(connection, LABELS, [_label(event, body)])
            case kinds.LabelRemoved():
                _remove_label(connection, event, body)
            case kinds.EvidenceForgotten():
                _forget_who_said(connection, event, body)
            case kinds.VersionPublished():
                upsert(connection, VERSIONS, [_version(event, body)])
                pool(connection, event, body)
                _end_lease(connection, event)
            case kinds.VersionKept() | kinds.TrainingFailed():
                _end_lease(connection, event)
            case kinds.KeyCreated():
                row = msgspec.structs.asdict(body) | {"active": True}
                upsert(connection, KEYS, [row])
            case kinds.KeyRevoked():
                revoked = sa.update(KEYS).where(KEYS.c.key == body.key).values(active=False)
                connection.execute(revoked)
            case _ if body.kind in kinds.FOUND:
                alerts.fold(connection, event, body)


def _label(event: Logged, body: kinds.LabelDefined) -> Row:
    return msgspec.structs.asdict(body) | {
        "tenant": event.tenant,
        "task": event.task,
        "active": True,
        "seq": event.seq,
    }


def _remove_label(connection: sa.Connection, event: Logged, body: kinds.LabelRemoved) -> None:
    connection.execute(
        sa.update(LABELS)
        .where(
            LABELS.c.tenant == event.tenant,
            LABELS.c.task == event.task,
            LABELS.c.label == body.label,
        )
        .values(active=False, seq=event.seq)
    )


def _forget_who_said(
    connection: sa.Connection, event: Logged, body: kinds.EvidenceForgotten
) -> None:
    """The last words about decisions don't say any more whose they were, if these are forgotten."""
    said = by_ids(connection, [(event.tenant, id_) for id_ in body.events])
    seqs = [word.seq for word in said if word.fields.get("forgotten") == event.id]
    connection.execute(
        sa.update(OUTCOMES)
        .where(OUTCOMES.c.tenant == event.tenant, OUTCOMES.c.seq.in_(seqs))
        .values(by=None)
    )


def _end_lease(connection: sa.Connection, event: Logged) -> None:
    """Whoever trained the task is done with it."""
    ended = {"of_tenant": event.tenant, "of_task": event.task}
    connection.execute(_END_LEASE, ended)


def _version(event: Logged, body: kinds.VersionPublished) -> Row:
    return {
        "tenant": event.tenant,
        "task": event.task,
        "version": body.version,
        "seq": event.seq,
        "published": event.logged,
        "watermark": watermark_of(event, body),
        "recipe": body.recipe,
        "recipe_digest": body.recipe_digest,
        "fingerprint": body.fingerprint,
        "training_digest": body.training_digest,
        "examples": body.examples,
        "why": body.why,
        "metrics": body.metrics,
    }
