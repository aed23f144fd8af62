"""The tables of the log. Migrations create them; this is what queries are written against."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

METADATA = sa.MetaData()
"""All tables of modelfleet; the catalog adds its own."""

JSON = sa.JSON().with_variant(JSONB(), "postgresql")

IS_ALERT = sa.text("kind IN ('alert.ended', 'alert.raised')")
"""Written out, so that databases see that a partial index has what is asked for."""

EVENTS = sa.Table(
    "events",
    METADATA,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("logged", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("tenant", sa.Text, nullable=False),
    sa.Column("time", sa.BigInteger, nullable=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("task", sa.Text, nullable=False),
    sa.Column("fields", JSON, nullable=False),
    sa.UniqueConstraint("tenant", "id", name="events_tenant_id"),
    sa.Index("events_tenant_task_kind", "tenant", "task", "kind", "seq"),
    sa.Index("events_alerts", "seq", sqlite_where=IS_ALERT, postgresql_where=IS_ALERT),
)

POSITION = sa.Table(
    "log_position",
    METADATA,
    sa.Column("only", sa.Integer, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
    comment="One row: the last number given. Its lock is what puts commits in order.",
)
