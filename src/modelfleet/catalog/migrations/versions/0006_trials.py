"""Versions that are tried out: a task's canary and shadow; and which recipe made a version."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; nothing could be tried out before."""
    op.add_column("tasks", sa.Column("canary", sa.Text()))
    share = sa.Column("canary_share", sa.Float(), server_default="0", nullable=False)
    op.add_column("tasks", share)
    op.add_column("tasks", sa.Column("shadow", sa.Text()))
    digest = sa.Column("recipe_digest", sa.Text(), server_default="", nullable=False)
    op.add_column("versions", digest)
