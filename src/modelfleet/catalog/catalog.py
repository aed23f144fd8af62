"""Reading the catalog: tenants, tasks, labels, versions, outcomes and keys as they are now."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from modelfleet.catalog.alerts import Alert, AlertSums, count_alerts, find
from modelfleet.catalog.made_by import MadeBy, Move, moves_back, moves_on
from modelfleet.catalog.pooled import Pooled, pooled_without
from modelfleet.catalog.rows import outcomes, task_states
from modelfleet.catalog.schema import (
    ALERTS,
    FLEET,
    KEYS,
    LABELS,
    OPEN,
    OUTCOMES,
    TASKS,
    TENANTS,
    VERSIONS,
)
from modelfleet.catalog.task_state import ALIASES, TaskState
from modelfleet.errors import NotFound
from modelfleet.events import Database, Logged
from modelfleet.events.key_lookup import ByKeys
from modelfleet.events.kinds import RequestDecided
from modelfleet.events.schema import EVENTS

AnyRow = sa.Row[*tuple[Any, ...]]


class Label(msgspec.Struct, frozen=True):
    """A label as it is now; ``seq`` is where in the log it was last changed."""

    label: str
    name: str
    description: str
    keywords: tuple[str, ...]
    seq: int

    @property
    def texts(self) -> tuple[str, ...]:
        """What describes it, in words: name (or the label itself), description, keywords."""
        named = self.name or self.label.replace("_", " ").replace("-", " ")
        return tuple(text for text in (named, self.description, *self.keywords) if text.strip())


class Outcome(msgspec.Struct, frozen=True):
    """The last word about a decision: the verdict, the label that is right by it, and whose."""

    verdict: str
    label: str | None
    by: str | None


class Version(msgspec.Struct, frozen=True):
    """A published checkpoint of a task; times in microseconds."""

    version: str
    published: int
    watermark: int
    recipe: str
    fingerprint: str
    training_digest: str
    examples: int
    why: str
    metrics: dict[str, float]
    recipe_digest: str = ""


class FleetSums(msgspec.Struct, frozen=True):
    """Sums over all tenants; trainings were published, kept back, or failed."""

    tenants: int
    tasks: int
    decided: int
    abstained: int
    answered: int
    confirmed: int
    corrected: int
    published: int
    kept: int = 0
    failed: int = 0


class Key(msgspec.Struct, frozen=True):
    """An API key without its secret; an empty tenant means the whole fleet."""

    key: str
    tenant: str
    role: str
    name: str
    active: bool


class Catalog:
    """Queries on what the log adds up to; each costs the same however many tenants exist."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def labels(self, tenant: str, task: str) -> list[Label]:
        """The labels that may be predicted now, by name."""
        query = sa.select(*_columns(LABELS, Label)).where(
            *_of(LABELS, tenant, task), LABELS.c.active
        )
        labels = [
            Label(label, name, description, tuple(keywords), seq)
            for label, name, description, keywords, seq in self._all(query)
        ]
        return sorted(labels, key=lambda label: label.label)  # not as the database collates

    def task(self, tenant: str, task: str) -> TaskState:
        """What is known of a task; a task that was never named is as one without events."""
        with self._database.reading() as connection:
            found = task_states(connection, [(tenant, task)])
        return found.get((tenant, task)) or TaskState(tenant, task)

    def served(self, tenant: str, task: str) -> tuple[TaskState, Version | None]:
        """What is known of a task, and its live version if it has one."""
        with self._database.autocommit() as connection:
            row = connection.execute(_SERVED, {"tenant": tenant, "task": task}).first()
        return (TaskState(tenant, task), None) if row is None else _served(row)

    def served_together(
        self, tasks: Sequence[tuple[str, str]]
    ) -> list[tuple[TaskState, Version | None]]:
        """The same of several tasks, in no order; those that were never named are left out."""
        with self._database.autocommit() as connection:
            return list(map(_served, _SERVED_TOGETHER.rows(connection, tasks)))

    def has_task(self, tenant: str, task: str) -> bool:
        """Whether the log holds anything of a task."""
        query = sa.select(TASKS.c.task).where(*_of(TASKS, tenant, task))
        return bool(self._all(query))

    def tasks(self, tenant: str) -> list[TaskState]:
        """All tasks of a tenant."""
        query = sa.select(*_columns(TASKS, TaskState)).where(TASKS.c.tenant == tenant)
        return [TaskState(*row) for row in self._all(query.order_by(TASKS.c.task))]

    def tasks_after(
        self, after: tuple[str, str] | None, limit: int, tenant: str | None = None
    ) -> list[TaskState]:
        """The next tasks by tenant and name, of all tenants or of one."""
        query = sa.select(*_columns(TASKS, TaskState)).order_by(TASKS.c.tenant, TASKS.c.task)
        if after is not None:
            query = query.where(sa.tuple_(TASKS.c.tenant, TASKS.c.task) > after)
        if tenant is not None:
            query = query.where(TASKS.c.tenant == tenant)
        return [TaskState(*row) for row in self._all(query.limit(limit))]

    def tenants(self, after: str = "", limit: int = 100) -> list[str]:
        """The next tenants by name."""
        query = sa.select(TENANTS.c.tenant).where(TENANTS.c.tenant > after)
        rows = self._all(query.order_by(TENANTS.c.tenant).limit(limit))
        return [row.tenant for row in rows]

    def failing(self, limit: int = 100) -> list[TaskState]:
        """Tasks whose last training ended in an error."""
        query = sa.select(*_columns(TASKS, TaskState)).where(TASKS.c.error.is_not(None))
        return [TaskState(*row) for row in self._all(query.limit(limit))]

    def fleet(self) -> FleetSums:
        """Sums over all tenants."""
        (row,) = self._all(sa.select(*_columns(FLEET, FleetSums)))
        return FleetSums(*row)

    def versions(self, tenant: str, task: str) -> list[Version]:
        """The versions of a task, the newest first."""
        query = sa.select(*_columns(VERSIONS, Version)).where(*_of(VERSIONS, tenant, task))
        return [Version(*row) for row in self._all(query.order_by(VERSIONS.c.seq.desc()))]

    def version(self, tenant: str, task: str, version: str) -> Version | None:
        """One version of a task, None if there is none of this name."""
        asked = {"tenant": tenant, "task": task, "version": version}
        with self._database.autocommit() as connection:
            row = connection.execute(_VERSION, asked).first()
        return None if row is None else Version(*row)

    def named(self, tenant: str, task: str, version: str) -> str:
        """The name of a version: itself, or the version that plays this part.

        Raises:
            NotFound: the task has no such version.
        """
        if version in ALIASES:
            found = self.task(tenant, task).aliases.get(version)
            if found is None:
                raise NotFound.at("version", f"{tenant}/{task} has no {version} version")
            return found
        if self.version(tenant, task, version) is None:
            raise NotFound.at("version", f"{tenant}/{task} has no version '{version}'")
        return version

    def moves_back(self, made: MadeBy) -> Iterator[list[Move]]:
        """Tasks whose live version is one of these, with the newest before it that isn't."""
        return moves_back(self._database, made)

    def moves_on(self, made: MadeBy) -> Iterator[list[Move]]:
        """Tasks that have such versions and aren't served by one, with the newest of them."""
        return moves_on(self._database, made)

    def pooled(self, recipe: str, tenant: str, task: str) -> Pooled:
        """What the other tasks of a recipe have shown."""
        with self._database.reading() as connection:
            return pooled_without(connection, recipe, tenant, task)

    def awaiting(self, tenant: str, task: str, limit: int = 100) -> list[Logged]:
        """The newest decisions that nobody has said anything about."""
        answered = sa.select(OUTCOMES.c.decision).where(
            OUTCOMES.c.tenant == EVENTS.c.tenant, OUTCOMES.c.decision == EVENTS.c.id
        )
        query = (
            sa.select(EVENTS)
            .where(*_of(EVENTS, tenant, task), EVENTS.c.kind == RequestDecided.kind)
            .where(~answered.exists(), EVENTS.c.fields["forgotten"].as_string().is_(None))
            .order_by(EVENTS.c.seq.desc())
            .limit(limit)
        )
        return [Logged(*row) for row in self._all(query)]

    def outcome(self, tenant: str, decision: str) -> Outcome | None:
        """The last word about a decision, None if nobody has said anything."""
        query = sa.select(OUTCOMES.c.outcome, OUTCOMES.c.label, OUTCOMES.c.by).where(
            OUTCOMES.c.tenant == tenant, OUTCOMES.c.decision == decision
        )
        rows = self._all(query)
        return Outcome(*rows[0]) if rows else None

    def outcomes(self, tenant: str, decisions: Sequence[str]) -> dict[str, str | None]:
        """The labels that people gave to decisions; those that nobody spoke of are left out."""
        pairs = [(tenant, decision) for decision in decisions]
        with self._database.reading() as connection:
            return {pair[1]: label for pair, label in outcomes(connection, pairs).items()}

    def alerts(
        self, tenant: str, task: str, *, ended: bool = False, limit: int = 100
    ) -> list[Alert]:
        """The open alerts of a task, the newest first; with ``ended`` those that are over as well.

        Without a tenant and a task: what concerns a recipe or the whole fleet.
        """
        where = list(_of(ALERTS, tenant, task))
        with self._database.reading() as connection:
            return find(connection, where if ended else [*where, OPEN], limit)

    def open_alerts(self, limit: int = 100, *, muted: bool = True) -> list[Alert]:
        """The open alerts of all tenants, of recipes and of the fleet, the newest first.

        Without ``muted`` those that another explains are left out.
        """
        where = [OPEN] if muted else [OPEN, ALERTS.c.muted_by.is_(None)]
        with self._database.reading() as connection:
            return find(connection, where, limit)

    def alert_sums(self) -> AlertSums:
        """How many alerts there are and were."""
        with self._database.reading() as connection:
            return count_alerts(connection)

    def alert(self, tenant: str, task: str, alert: str) -> Alert | None:
        """One alert by its name, also one that has ended; None if the task has none of it."""
        with self._database.reading() as connection:
            found = find(connection, [*_of(ALERTS, tenant, task), ALERTS.c.alert == alert], 1)
        return found[0] if found else None

    def alert_named(self, alert: str) -> Alert | None:
        """The newest alert of a name, whosever it is; for operators, who needn't know that."""
        with self._database.reading() as connection:
            found = find(connection, [ALERTS.c.alert == alert], 1)
        return found[0] if found else None

    def key_by_digest(self, digest: str) -> Key | None:
        """The active key whose secret has this digest, None if there is none."""
        query = sa.select(*_columns(KEYS, Key)).where(KEYS.c.digest == digest, KEYS.c.active)
        rows = self._all(query)
        return Key(*rows[0]) if rows else None

    def has_keys(self) -> bool:
        """Whether any key is in force."""
        return any(key.active for key in self.all_keys())

    def all_keys(self, tenant: str | None = None) -> list[Key]:
        """All keys ever made, or those of a tenant."""
        query = sa.select(*_columns(KEYS, Key)).order_by(KEYS.c.key)
        if tenant is not None:
            query = query.where(KEYS.c.tenant == tenant)
        return [Key(*row) for row in self._all(query)]

    def _all(self, query: sa.Select[Any]) -> "Sequence[AnyRow]":
        with self._database.reading() as connection:
            return connection.execute(query).all()


def _columns(table: sa.Table, struct: type[msgspec.Struct]) -> list[sa.Column[Any]]:
    return [table.c[name] for name in struct.__struct_fields__]


def _of(table: sa.Table, tenant: str, task: str) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.tenant == tenant, table.c.task == task


_VERSION = sa.select(*_columns(VERSIONS, Version)).where(
    VERSIONS.c.tenant == sa.bindparam("tenant"),
    VERSIONS.c.task == sa.bindparam("task"),
    VERSIONS.c.version == sa.bindparam("version"),
)
_STATE_WIDTH = len(TaskState.__struct_fields__)
_STATE_AND_LIVE = sa.select(*_columns(TASKS, TaskState), *_columns(VERSIONS, Version)).select_from(
    TASKS.outerjoin(
        VERSIONS,
        sa.and_(
            VERSIONS.c.tenant == TASKS.c.tenant,
            VERSIONS.c.task == TASKS.c.task,
            VERSIONS.c.version == TASKS.c.live,
        ),
    )
)
_SERVED = _STATE_AND_LIVE.where(
    TASKS.c.tenant == sa.bindparam("tenant"), TASKS.c.task == sa.bindparam("task")
)
_SERVED_TOGETHER = ByKeys(_STATE_AND_LIVE, TASKS.c.tenant, TASKS.c.task)


def _served(row: AnyRow) -> tuple[TaskState, Version | None]:
    state, version = row[:_STATE_WIDTH], row[_STATE_WIDTH:]
    return TaskState(*state), None if version[0] is None else Version(*version)
