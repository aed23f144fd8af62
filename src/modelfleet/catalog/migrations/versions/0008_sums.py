"""Trainings and alerts are counted."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the counts; what came before is counted by a rebuild."""
    for name in ("kept", "failed"):
        op.add_column("fleet", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
    op.create_table(
        "alert_sums",
        sa.Column("finding", sa.Text(), primary_key=True),
        sa.Column("scope", sa.Text(), primary_key=True),
        sa.Column("raised", sa.BigInteger(), nullable=False, server_default="0"),
    )
