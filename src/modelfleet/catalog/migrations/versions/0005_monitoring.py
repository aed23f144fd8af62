"""What monitoring keeps, and the alerts that there are."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """Create the tables; all of the log is still to be taken in."""
    _create_position()
    _create("maturing", ("tenant", "decision"), ("task",), ("seq", "due"), ("facts", "slices?"))
    op.create_index("maturing_due", "maturing", ["due", "seq"])
    _create("measures", ("tenant", "task", "day#"), (), (), ("sums", "slices?"))
    _create("monitor_states", ("tenant", "task"), (), (), ("learned?", "state?"))
    _create("monitor_slices", ("scope", "recipe", "field", "value"), (), (), ("state",))
    _create_alerts()


def _create_position() -> None:
    numbers = [sa.Column(name, sa.BigInteger(), nullable=False) for name in ("seq", "time")]
    only = sa.Column("only", sa.Integer(), primary_key=True)
    position = op.create_table("monitor_position", only, *numbers)
    op.bulk_insert(position, [{"only": 1, "seq": 0, "time": 0}])


def _create(
    name: str,
    keys: tuple[str, ...],
    texts: tuple[str, ...],
    numbers: tuple[str, ...],
    values: tuple[str, ...],
) -> None:
    """A table; ``#`` marks a key that is a number, ``?`` a value that may be missing."""
    op.create_table(
        name,
        *(
            sa.Column(
                key.rstrip("#"), sa.BigInteger() if "#" in key else sa.Text(), primary_key=True
            )
            for key in keys
        ),
        *(sa.Column(text, sa.Text(), nullable=False) for text in texts),
        *(sa.Column(number, sa.BigInteger(), nullable=False) for number in numbers),
        *(
            sa.Column(value.rstrip("?"), sa.LargeBinary(), nullable="?" in value)
            for value in values
        ),
    )


def _create_alerts() -> None:
    op.create_table(
        "alerts",
        *(sa.Column(key, sa.Text(), primary_key=True) for key in ("tenant", "alert")),
        *(sa.Column(text, sa.Text(), nullable=False) for text in ("task", "finding", "scope")),
        sa.Column("recipe", sa.Text()),
        sa.Column("slice", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("raised", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.BigInteger()),
        sa.Column("why", sa.Text()),
        sa.Column("muted_by", sa.Text()),
        sa.Column("body", _JSON, nullable=False),
    )
    is_open = sa.text("ended IS NULL")
    op.create_index(
        "alerts_open", "alerts", ["seq"], sqlite_where=is_open, postgresql_where=is_open
    )
    op.create_index("alerts_of_task", "alerts", ["tenant", "task", "seq"])
