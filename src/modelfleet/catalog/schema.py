"""The tables of what is folded from the log. Migrations create them."""

from typing import Any

import sqlalchemy as sa

from modelfleet.events.schema import JSON, METADATA


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False, server_default="0")


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false())


TENANTS = sa.Table(
    "tenants",
    METADATA,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("since", sa.BigInteger, nullable=False),
)

TASKS = sa.Table(
    "tasks",
    METADATA,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("task", sa.Text, primary_key=True),
    # what happened to its decisions
    _number("decided"),
    _number("abstained"),
    _number("answered"),
    _number("confirmed"),
    _number("corrected"),
    # what a model should know, and what was trained on
    _number("evidence"),
    _number("evidence_trained"),
    _number("evidence_seq"),
    _number("labels_seq"),
    _number("forgotten_seq"),
    _number("watermark"),
    # which version answers
    sa.Column("live", sa.Text),
    sa.Column("previous", sa.Text),
    sa.Column("canary", sa.Text),
    sa.Column("canary_share", sa.Float, nullable=False, server_default="0"),
    sa.Column("shadow", sa.Text),
    _flag("pinned"),
    _flag("watched"),
    # how many of its decisions people are asked to look at, by the alert that wants it
    sa.Column("audits", JSON, nullable=False, server_default="{}"),
    # what the last training found, when the next will be, and what went wrong
    sa.Column("found", sa.Text),
    sa.Column("behind_since", sa.BigInteger),
    sa.Column("changed", sa.BigInteger),
    sa.Column("failed", sa.BigInteger),
    _flag("forced"),
    _number("failures"),
    _flag("set_aside"),
    sa.Column("error", sa.Text),
    sa.Column("due", sa.BigInteger),
    # its place in the queue and who trains it: no fold, lost in a rebuild without harm
    sa.Column("turn", sa.BigInteger),
    sa.Column("worker", sa.Text),
    sa.Column("leased_until", sa.BigInteger),
)


def _partial_index(name: str, *columns: sa.Column[Any], where: sa.ColumnElement[bool]) -> sa.Index:
    """An index of the few rows for which something holds, so that the others cost nothing."""
    return sa.Index(name, *columns, sqlite_where=where, postgresql_where=where)


AWAITS_ITS_TIME = sa.and_(
    TASKS.c.due.is_not(None), TASKS.c.turn.is_(None), TASKS.c.leased_until.is_(None)
)
"""The task will be trained, and is neither queued nor leased."""
QUEUED = TASKS.c.turn.is_not(None)
LEASED = TASKS.c.leased_until.is_not(None)

_partial_index("tasks_due", TASKS.c.due, where=AWAITS_ITS_TIME)
_partial_index("tasks_turn", TASKS.c.turn, TASKS.c.due, where=QUEUED)
_partial_index("tasks_tenant_turn", TASKS.c.tenant, TASKS.c.turn, where=QUEUED)
_partial_index("tasks_leased", TASKS.c.leased_until, where=LEASED)
_partial_index("tasks_error", TASKS.c.tenant, TASKS.c.task, where=TASKS.c.error.is_not(None))

QUEUE_COLUMNS = ("turn", "worker", "leased_until")

LABELS = sa.Table(
    "labels",
    METADATA,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("task", sa.Text, primary_key=True),
    sa.Column("label", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("keywords", JSON, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
)

OUTCOMES = sa.Table(
    "outcomes",
    METADATA,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("decision", sa.Text, primary_key=True),
    sa.Column("task", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("label", sa.Text),
    sa.Column("by", sa.Text),
    sa.Column("seq", sa.BigInteger, nullable=False),
    comment="The last word about each decision that has one; the others await it.",
)

VERSIONS = sa.Table(
    "versions",
    METADATA,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("task", sa.Text, primary_key=True),
    sa.Column("version", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("published", sa.BigInteger, nullable=False),
    sa.Column("watermark", sa.BigInteger, nullable=False),
    sa.Column("recipe", sa.Text, nullable=False),
    sa.Column("recipe_digest", sa.Text, nullable=False, server_default=""),
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("training_digest", sa.Text, nullable=False),
    sa.Column("examples", sa.BigInteger, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("metrics", JSON, nullable=False),
)


def _counts() -> tuple[sa.Column[Any], ...]:
    """Held-out requests, the sum of their models' log temperatures, and counts by confidence."""
    return (
        sa.Column("requests", sa.BigInteger, nullable=False),
        sa.Column("thousandths", sa.BigInteger, nullable=False),
        sa.Column("bins", JSON, nullable=False),
    )


FINDINGS = sa.Table(
    "findings",
    METADATA,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("task", sa.Text, primary_key=True),
    sa.Column("recipe", sa.Text, nullable=False),
    *_counts(),
    comment="What the newest version of each task showed on requests that it hadn't seen.",
)

POOLED = sa.Table(
    "pooled",
    METADATA,
    sa.Column("recipe", sa.Text, primary_key=True),
    *_counts(),
    comment="The sums of the findings by each recipe.",
)

KEYS = sa.Table(
    "keys",
    METADATA,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("digest", sa.Text, nullable=False, unique=True),
    sa.Column("tenant", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
)

FLEET = sa.Table(
    "fleet",
    METADATA,
    sa.Column("only", sa.Integer, primary_key=True),
    _number("tenants"),
    _number("tasks"),
    _number("decided"),
    _number("abstained"),
    _number("answered"),
    _number("confirmed"),
    _number("corrected"),
    _number("published"),
    _number("kept"),
    _number("failed"),
    comment="One row: sums over all tasks.",
)

ALERTS = sa.Table(
    "alerts",
    METADATA,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("alert", sa.Text, primary_key=True),
    sa.Column("task", sa.Text, nullable=False),
    sa.Column("finding", sa.Text, nullable=False),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("recipe", sa.Text),
    sa.Column("slice", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("raised", sa.BigInteger, nullable=False),
    sa.Column("ended", sa.BigInteger),
    sa.Column("why", sa.Text),
    sa.Column("muted_by", sa.Text),
    sa.Column("body", JSON, nullable=False),
    comment="What monitoring found; an alert whose end is missing is open.",
)
OPEN = ALERTS.c.ended.is_(None)
_partial_index("alerts_open", ALERTS.c.seq, where=OPEN)
sa.Index("alerts_of_task", ALERTS.c.tenant, ALERTS.c.task, ALERTS.c.seq)
sa.Index("alerts_named", ALERTS.c.alert)

ALERT_SUMS = sa.Table(
    "alert_sums",
    METADATA,
    sa.Column("finding", sa.Text, primary_key=True),
    sa.Column("scope", sa.Text, primary_key=True),
    _number("raised"),
    comment="How many alerts there ever were.",
)

_OF_TASKS = (TENANTS, TASKS, LABELS, OUTCOMES, VERSIONS)
FOLDED = (*_OF_TASKS, KEYS, FLEET, FINDINGS, POOLED, ALERTS, ALERT_SUMS)
"""Every table that a rebuild empties and fills again."""
