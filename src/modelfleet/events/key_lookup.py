"""Rows by many keys of several parts at once, asked in the form that suits each database."""

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

_MOST = 2_000  # a statement takes so many parameters and no more


class ByKeys:
    """``select`` for the rows whose columns are among given keys.

    PostgreSQL joins with arrays, since it plans a long list of keys badly; SQLite looks each key of
    a list up in its index.
    """

    def __init__(self, select: sa.Select[Any], *columns: sa.Column[Any]) -> None:
        listed: sa.BindParameter[Any] = sa.bindparam("keys", expanding=True)
        self._sqlite = select.where(sa.tuple_(*columns).in_(listed))
        self._names = [f"part_{place}" for place in range(len(columns))]
        arrays = [
            sa.bindparam(name, type_=ARRAY(column.type))
            for name, column in zip(self._names, columns, strict=True)
        ]
        wanted = sa.func.unnest(*arrays).table_valued(*self._names, name="wanted")
        wanted = wanted.render_derived()
        pairs = zip(columns, self._names, strict=True)
        equal = [column == wanted.c[name] for column, name in pairs]
        self._postgresql = select.join(wanted, sa.and_(*equal))

    def rows(
        self, connection: sa.Connection, keys: Sequence[tuple[Any, ...]]
    ) -> Iterator[sa.Row[*tuple[Any, ...]]]:
        """The rows of all keys that there are, in no order."""
        for start in range(0, len(keys), _MOST):
            some = keys[start : start + _MOST]
            if connection.dialect.name == "sqlite":
                yield from connection.execute(self._sqlite, {"keys": some}).all()
            else:
                parts = zip(*some, strict=True)
                arrays = {name: list(part) for name, part in zip(self._names, parts, strict=True)}
                yield from connection.execute(self._postgresql, arrays).all()
