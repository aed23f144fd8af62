"""Writing many rows at once, straight to the driver: most of the time went into getting there."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

_ON_POSTGRESQL: dict[type[Any], str] = {
    sa.BigInteger: "bigint",
    sa.Text: "text",
    sa.LargeBinary: "bytea",
}


def write_many(
    connection: sa.Connection,
    table: sa.Table,
    names: tuple[str, ...],
    rows: Sequence[tuple[Any, ...]],
) -> None:
    """Write rows of these columns; where a key is there already, they replace the others.

    The columns are numbers, texts and bytes, which both drivers take as they are. PostgreSQL gets
    them as one array each.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_for_sqlite(table, names), list(rows))
    else:
        columns = tuple(map(list, zip(*rows, strict=True)))
        connection.exec_driver_sql(_for_postgresql(table, names), columns)


@cache
def _for_sqlite(table: sa.Table, names: tuple[str, ...]) -> str:
    marks = ", ".join("?" * len(names))
    return f"{_into(table, names)} VALUES ({marks}) {_replacing(table, names)}"


@cache
def _for_postgresql(table: sa.Table, names: tuple[str, ...]) -> str:
    arrays = ", ".join(f"%s::{_ON_POSTGRESQL[type(table.c[name].type)]}[]" for name in names)
    return f"{_into(table, names)} SELECT * FROM unnest({arrays}) {_replacing(table, names)}"  # noqa: S608 - our own names


def _into(table: sa.Table, names: tuple[str, ...]) -> str:
    return f"INSERT INTO {table.name} ({', '.join(names)})"


def _replacing(table: sa.Table, names: tuple[str, ...]) -> str:
    keys = [column.name for column in table.primary_key]
    replaced = ", ".join(f"{name} = excluded.{name}" for name in names if name not in keys)
    return f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {replaced}"
