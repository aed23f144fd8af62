"""Which tasks are served by versions of a recipe, and what they could be served by instead."""

from collections.abc import Iterator
from typing import Any

import msgspec
import sqlalchemy as sa

from modelfleet.catalog.schema import TASKS, VERSIONS
from modelfleet.events import Database

_PAGE = 1_000


class MadeBy(msgspec.Struct, frozen=True):
    """Versions made by a recipe of this name; of this digest, and published since, if given."""

    recipe: str
    digest: str | None = None
    since: int | None = None

    def among(self, versions: sa.FromClause) -> sa.ColumnElement[bool]:
        """The condition that a version is one of them."""
        conditions = [versions.c.recipe == self.recipe]
        if self.digest is not None:
            conditions.append(versions.c.recipe_digest == self.digest)
        if self.since is not None:
            conditions.append(versions.c.published >= self.since)
        return sa.and_(*conditions)


class Move(msgspec.Struct, frozen=True):
    """A task whose live version should be another; None if there is none that it could be."""

    tenant: str
    task: str
    pinned: bool
    version: str | None


def moves_back(database: Database, made: MadeBy) -> Iterator[list[Move]]:
    """Tasks whose live version is one of these, with the newest before it that isn't; by pages."""
    live, before = VERSIONS.alias("live"), VERSIONS.alias("before")
    newest = (
        sa.select(before.c.version)
        .where(_same_task(before, live), before.c.seq < live.c.seq, ~made.among(before))
        .order_by(before.c.seq.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = (
        sa.select(TASKS.c.tenant, TASKS.c.task, TASKS.c.pinned, newest)
        .join(live, sa.and_(_same_task(TASKS, live), TASKS.c.live == live.c.version))
        .where(made.among(live))
    )
    return _pages(database, query)


def moves_on(database: Database, made: MadeBy) -> Iterator[list[Move]]:
    """Tasks that have such versions and aren't served by one, with the newest; by pages."""
    live, made_by = VERSIONS.alias("live"), VERSIONS.alias("made_by")
    newest = (
        sa.select(made_by.c.version)
        .where(_same_task(made_by, TASKS), made.among(made_by))
        .order_by(made_by.c.seq.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = (
        sa.select(TASKS.c.tenant, TASKS.c.task, TASKS.c.pinned, newest)
        .outerjoin(live, sa.and_(_same_task(TASKS, live), TASKS.c.live == live.c.version))
        .where(newest.is_not(None))
        .where(sa.or_(live.c.version.is_(None), ~made.among(live)))
    )
    return _pages(database, query)


def _same_task(one: sa.FromClause, other: sa.FromClause) -> sa.ColumnElement[bool]:
    return sa.and_(one.c.tenant == other.c.tenant, one.c.task == other.c.task)


def _pages(database: Database, query: sa.Select[Any]) -> Iterator[list[Move]]:
    """All rows, a page at a time; what is done with one page may change the rows behind it."""
    place = sa.tuple_(TASKS.c.tenant, TASKS.c.task)
    after: sa.ColumnElement[bool] = sa.true()
    while True:
        page = query.where(after).order_by(TASKS.c.tenant, TASKS.c.task).limit(_PAGE)
        with database.reading() as connection:
            moves = [Move(*row) for row in connection.execute(page)]
        if moves:
            yield moves
        if len(moves) < _PAGE:
            return
        last = moves[-1]
        after = place > sa.tuple_(sa.literal(last.tenant), sa.literal(last.task))
