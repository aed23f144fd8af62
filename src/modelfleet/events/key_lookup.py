"""Rows by many keys of several parts at once, asked in the form that suits each database."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

_MOST = 2_000
"""Keys of one statement."""


class ByKeys:
    """``select`` for the rows whose columns are among given keys.

    Keys are joined with, each looked up in an index. A list of them written out is planned anew
    each time by PostgreSQL, and has SQLite read the whole table as soon as there are two.
    """

    def __init__(self, select: sa.Select[Any], *columns: sa.Column[Any]) -> None:
        self._names = [f"part_{place}" for place in range(len(columns))]
        arrays = [
            sa.bindparam(name, type_=ARRAY(column.type))
            for name, column in zip(self._names, columns, strict=True)
        ]
        unnested = sa.func.unnest(*arrays).table_valued(*self._names, name="wanted")
        unnested = unnested.render_derived()
        same = [
            column == unnested.c[name] for column, name in zip(columns, self._names, strict=True)
        ]
        self._postgresql = select.join(unnested, sa.and_(*same))
        listed = sa.func.json_each(sa.bindparam("keys", type_=sa.Text)).table_valued("value")
        same = [
            column == sa.func.json_extract(listed.c.value, f"$[{place}]")
            for place, column in enumerate(columns)
        ]
        self._sqlite = select.join(listed, sa.and_(*same))

    def rows(
        self, connection: sa.Connection, keys: Sequence[tuple[Any, ...]]
    ) -> Iterator[sa.Row[*tuple[Any, ...]]]:
        """The rows of all keys that there are, in no order."""
        for start in range(0, len(keys), _MOST):
            some = keys[start : start + _MOST]
            if connection.dialect.name == "sqlite":
                listed = msgspec.json.encode(some).decode()
                yield from connection.execute(self._sqlite, {"keys": listed}).all()
            else:
                parts = zip(*some, strict=True)
                arrays = {name: list(part) for name, part in zip(self._names, parts, strict=True)}
                yield from connection.execute(self._postgresql, arrays).all()
