"""Bringing a database to the newest tables, once, however many processes start at a time."""

from pathlib import Path

import sqlalchemy as sa

from modelfleet.events import Database

_VERSIONS = Path(__file__).parent / "migrations" / "versions"
_NEWEST = max(file.name for file in _VERSIONS.glob("[0-9]*.py")).partition("_")[0]
_ONE_AT_A_TIME = 0x6D6F64656C  # an advisory lock's number: "model"
_VERSION = sa.table("alembic_version", sa.column("version_num"))


def migrate(database: Database) -> None:
    """Make or change the tables as needed; an up-to-date database costs one query."""
    with database.reading() as connection:
        if _current(connection) == _NEWEST:
            return
    with database.writing() as connection:
        if database.is_postgresql:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))
        if _current(connection) != _NEWEST:
            _upgrade(connection)


def _current(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table(_VERSION.name):
        return None
    current: str | None = connection.execute(sa.select(_VERSION.c.version_num)).scalar()
    return current


def _upgrade(connection: sa.Connection) -> None:
    # Imported here: it takes longer than opening the database, and is needed once in its life.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", "modelfleet.catalog:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
