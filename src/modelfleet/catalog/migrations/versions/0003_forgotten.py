"""Where in the log something was last forgotten is known of each task."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; nothing could be forgotten before."""
    forgotten = sa.Column("forgotten_seq", sa.BigInteger(), server_default="0", nullable=False)
    op.add_column("tasks", forgotten)
