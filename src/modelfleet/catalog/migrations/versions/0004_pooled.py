"""What the tasks of each recipe have shown together."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """Create the tables; of versions before, nothing is counted."""
    for name, keys in (("findings", ("tenant", "task")), ("pooled", ("recipe",))):
        op.create_table(
            name,
            *(sa.Column(key, sa.Text(), primary_key=True) for key in keys),
            *(() if "recipe" in keys else (sa.Column("recipe", sa.Text(), nullable=False),)),
            sa.Column("requests", sa.BigInteger(), nullable=False),
            sa.Column("thousandths", sa.BigInteger(), nullable=False),
            sa.Column("bins", _JSON, nullable=False),
        )
