"""Decisions that await words are kept by their place in the log, to which new ones are added."""

import sqlalchemy as sa
from alembic import op

from modelfleet.events.redaction import overwriting

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_COLUMNS = "seq, due, tenant, decision, facts, slices"


def upgrade() -> None:
    """Make the table anew from what it holds; nothing of the old one stays in SQLite's file."""
    op.rename_table("maturing", "maturing_before")
    op.create_table(
        "maturing",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("due", sa.BigInteger(), nullable=False),
        *(sa.Column(text, sa.Text(), nullable=False) for text in ("tenant", "decision")),
        sa.Column("facts", sa.LargeBinary(), nullable=False),
        sa.Column("slices", sa.LargeBinary()),
    )
    copied = f"INSERT INTO maturing ({_COLUMNS}) SELECT {_COLUMNS} FROM maturing_before"  # noqa: S608 - our own names
    op.execute(copied)
    with overwriting(op.get_bind()):
        op.drop_table("maturing_before")
    op.create_index("maturing_due", "maturing", ["due", "seq"])
