"""What the last training of a task found, in words, and whether its live version is watched."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; of trainings before, nothing is known until the next, or a rebuild."""
    op.add_column("tasks", sa.Column("found", sa.Text(), nullable=True))
    op.add_column(
        "tasks", sa.Column("watched", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
