"""Monitoring's tables are made by migration, as the queries expect them."""

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

import modelfleet.monitoring.schema as monitoring
from modelfleet.events import Database
from modelfleet.events.schema import METADATA

COMMENTS = ("add_table_comment", "remove_table_comment")
"""Only for who reads the code: PostgreSQL alone could keep them."""


def test_a_migrated_database_has_the_tables_that_queries_are_written_against(
    database: Database,
) -> None:
    with database.reading() as connection:
        context = MigrationContext.configure(
            connection, opts={"include_name": _ours, "compare_type": False}
        )
        found = compare_metadata(context, METADATA)
    assert [one for one in found if one[0] not in COMMENTS] == []


def test_a_new_database_has_taken_in_nothing(database: Database) -> None:
    with database.reading() as connection:
        (row,) = connection.execute(sa.select(monitoring.MONITOR_POSITION)).all()
    assert (row.seq, row.time) == (0, 0)


def _ours(name: str | None, type_: str, _parents: object) -> bool:
    return type_ != "table" or name in METADATA.tables
