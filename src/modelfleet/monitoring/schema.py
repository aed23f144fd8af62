"""The tables of what monitoring keeps, all derived from the log. Migrations create them.

What is read and written as a whole lies in one value, in MessagePack: a page of the log touches
few rows then, however much is counted.
"""

import sqlalchemy as sa

from modelfleet.events.schema import METADATA

MONITOR_POSITION = sa.Table(
    "monitor_position",
    METADATA,
    sa.Column("only", sa.Integer, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("time", sa.BigInteger, nullable=False),
    comment="One row: up to where the log was taken in, and up to when decisions have matured.",
)

MATURING = sa.Table(
    "maturing",
    METADATA,
    # SQLite appends to its table by whole numbers, and only by those called so.
    sa.Column(
        "seq",
        sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
        primary_key=True,
        autoincrement=False,
    ),
    sa.Column("due", sa.BigInteger, nullable=False),
    sa.Column("tenant", sa.Text, nullable=False),
    sa.Column("decision", sa.Text, nullable=False),
    sa.Column("facts", sa.LargeBinary, nullable=False),
    sa.Column("slices", sa.LargeBinary),
    sa.Index("maturing_due", "due", "seq"),
    comment="Decisions that await words; the slices are what a person's request was like.",
)

MEASURES = sa.Table(
    "measures",
    METADATA,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("task", sa.Text, primary_key=True),
    sa.Column("day", sa.BigInteger, primary_key=True),
    sa.Column("sums", sa.LargeBinary, nullable=False),
    sa.Column("slices", sa.LargeBinary),
    comment="Counts of a task's decisions of a day, by label, version, …; without names: all.",
)

MONITOR_STATES = sa.Table(
    "monitor_states",
    METADATA,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("task", sa.Text, primary_key=True),
    sa.Column("learned", sa.LargeBinary),
    sa.Column("state", sa.LargeBinary),
    comment="Of a task: how long words take and which slices there are; and its detectors.",
)

MONITOR_SLICES = sa.Table(
    "monitor_slices",
    METADATA,
    sa.Column("scope", sa.Text, primary_key=True),
    sa.Column("recipe", sa.Text, primary_key=True),
    sa.Column("field", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, primary_key=True),
    sa.Column("state", sa.LargeBinary, nullable=False),
    comment="The detectors of a kind of request, over the tasks of the fleet or of a recipe.",
)

OUTLETS = sa.Table(
    "outlets",
    METADATA,
    sa.Column("outlet", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("holder", sa.Text),
    sa.Column("held_until", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("failing_since", sa.BigInteger),
    sa.Column("error", sa.Text),
    comment="Up to where in the log each outlet was told of alerts; stays in a rebuild.",
)

TOLD = sa.Table(
    "told",
    METADATA,
    sa.Column("outlet", sa.Text, primary_key=True),
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("alert", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("ended", sa.BigInteger),
    comment="The alerts that an outlet knows: which events raised and, lately, ended them.",
)

MONITORED = (MATURING, MEASURES, MONITOR_STATES, MONITOR_SLICES)
"""Every table that a rebuild empties and fills again; the position goes back to the beginning."""
