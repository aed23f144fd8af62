"""Inserts that say what to do where a key is there already, in either database's words."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite


def insert(dialect: str, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    """An insert into a table, for the dialect by its name."""
    return (sqlite.insert if dialect == "sqlite" else postgresql.insert)(table)
