"""More decisions of a task are drawn for people to look at, where an alert wants it."""

import sqlalchemy as sa
from alembic import op

from modelfleet.events.schema import JSON

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; no alert could want it before."""
    op.add_column("tasks", sa.Column("audits", JSON, nullable=False, server_default="{}"))
