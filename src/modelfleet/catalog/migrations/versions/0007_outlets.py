"""Who was told of which alerts, and an index that finds alerts in the log."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables and the index; nobody has been told of anything."""
    op.create_table(
        "outlets",
        sa.Column("outlet", sa.Text(), primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("holder", sa.Text()),
        sa.Column("held_until", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("failing_since", sa.BigInteger()),
        sa.Column("error", sa.Text()),
    )
    op.create_table(
        "told",
        *(sa.Column(key, sa.Text(), primary_key=True) for key in ("outlet", "tenant", "alert")),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.BigInteger()),
    )
    is_alert = sa.text("kind IN ('alert.ended', 'alert.raised')")
    op.create_index(
        "events_alerts", "events", ["seq"], sqlite_where=is_alert, postgresql_where=is_alert
    )
