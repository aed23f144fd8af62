"""Rows by many keys of two parts at once, asked in the form that suits each database."""

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

_MOST = 2_000  # a statement takes so many parameters and no more


class ByPairs:
    """``select`` for the rows whose two columns are among given pairs.

    PostgreSQL joins with two arrays, since it plans a long list of pairs badly; SQLite looks each
    pair of a list up in its index.
    """

    def __init__(
        self, select: sa.Select[Any], first: sa.Column[str], second: sa.Column[str]
    ) -> None:
        listed: sa.BindParameter[Any] = sa.bindparam("pairs", expanding=True)
        self._sqlite = select.where(sa.tuple_(first, second).in_(listed))
        arrays = [sa.bindparam(name, type_=ARRAY(sa.Text)) for name in ("firsts", "seconds")]
        wanted = sa.func.unnest(*arrays).table_valued("first", "second", name="wanted")
        wanted = wanted.render_derived()
        self._postgresql = select.join(
            wanted, sa.and_(first == wanted.c.first, second == wanted.c.second)
        )

    def rows(
        self, connection: sa.Connection, pairs: Sequence[tuple[str, str]]
    ) -> Iterator[sa.Row[*tuple[Any, ...]]]:
        """The rows of all pairs that there are, in no order."""
        for start in range(0, len(pairs), _MOST):
            some = pairs[start : start + _MOST]
            if connection.dialect.name == "sqlite":
                yield from connection.execute(self._sqlite, {"pairs": some})
            else:
                firsts, seconds = zip(*some, strict=True)
                arrays = {"firsts": list(firsts), "seconds": list(seconds)}
                yield from connection.execute(self._postgresql, arrays)
