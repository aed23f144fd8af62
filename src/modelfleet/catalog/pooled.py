"""What the tasks of each recipe have shown together: a fold of counts, the newest of each task.

A task counts as many requests as it measured, up to a bound, so that none drowns the others. Each
publication replaces what its task counted before, at the cost of two look-ups.
"""

import math
from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from modelfleet.catalog.schema import FINDINGS, POOLED
from modelfleet.events import kinds
from modelfleet.events.event import Logged

_MOST = 200
"""Requests that one task counts at most."""
_BINS = 20
_THOUSANDTHS = 1_000

Bins = tuple[tuple[int, int], ...]
_NO_BINS: Bins = ((0, 0),) * _BINS


class Pooled(msgspec.Struct, frozen=True):
    """Counts of held-out requests; those of several tasks add up.

    Attributes:
        requests: how many were looked at.
        thousandths: the sum, over requests, of their models' log temperatures in thousandths.
        bins: of each twentieth of confidence, how many there were and how many were right.
    """

    requests: int = 0
    thousandths: int = 0
    bins: Bins = _NO_BINS

    @property
    def log_temperature(self) -> float:
        """The sum of log temperatures over requests."""
        return self.thousandths / _THOUSANDTHS

    def plus(self, other: "Pooled", sign: int = 1) -> "Pooled":
        """Both together, or, with a sign of -1, one without the other."""
        return Pooled(
            self.requests + sign * other.requests,
            self.thousandths + sign * other.thousandths,
            tuple(
                (seen + sign * more, right + sign * more_right)
                for (seen, right), (more, more_right) in zip(self.bins, other.bins, strict=True)
            ),
        )


def shown_by(body: kinds.VersionPublished) -> Pooled:
    """What one version showed; nothing where it doesn't say so, or not as we do."""
    temperature = body.metrics.get("temperature", 0.0)
    seen = sum(count for count, _ in body.reliability)
    fitting = all(0 <= right <= count for count, right in body.reliability)
    if len(body.reliability) != _BINS or not fitting or not 0 < temperature < math.inf or not seen:
        return Pooled()
    share = min(1.0, _MOST / seen)
    bins = tuple((round(count * share), round(right * share)) for count, right in body.reliability)
    requests = sum(count for count, _ in bins)
    return Pooled(requests, requests * round(math.log(temperature) * _THOUSANDTHS), bins)


def pool(connection: sa.Connection, event: Logged, body: kinds.VersionPublished) -> None:
    """Count what a version showed, in place of what its task counted before."""
    key = {"tenant": event.tenant, "task": event.task}
    mine = _read(connection, FINDINGS, key)
    shown = shown_by(body)
    if mine is not None:
        _add(connection, mine[0], mine[1], -1)
        connection.execute(sa.delete(FINDINGS).where(*_matching(FINDINGS, key)))
    _add(connection, body.recipe, shown, 1)
    connection.execute(sa.insert(FINDINGS), key | {"recipe": body.recipe} | _row(shown))


def pooled_without(connection: sa.Connection, recipe: str, tenant: str, task: str) -> Pooled:
    """What all tasks of a recipe have shown but this one."""
    of_recipe = _read(connection, POOLED, {"recipe": recipe})
    mine = _read(connection, FINDINGS, {"tenant": tenant, "task": task})
    together = Pooled() if of_recipe is None else of_recipe[1]
    return together if mine is None or mine[0] != recipe else together.plus(mine[1], -1)


def _add(connection: sa.Connection, recipe: str, shown: Pooled, sign: int) -> None:
    before = _read(connection, POOLED, {"recipe": recipe})
    if before is None:
        row = {"recipe": recipe} | _row(Pooled().plus(shown, sign))
        connection.execute(sa.insert(POOLED), row)
    else:
        row = _row(before[1].plus(shown, sign))
        connection.execute(sa.update(POOLED).where(POOLED.c.recipe == recipe).values(row))


def _read(
    connection: sa.Connection, table: sa.Table, key: dict[str, str]
) -> tuple[str, Pooled] | None:
    columns = [table.c[name] for name in ("recipe", "requests", "thousandths", "bins")]
    row = connection.execute(sa.select(*columns).where(*_matching(table, key))).one_or_none()
    if row is None:
        return None
    recipe, requests, thousandths, bins = row
    return recipe, Pooled(requests, thousandths, _pairs(bins))


def _pairs(bins: Sequence[Sequence[int]]) -> Bins:
    return tuple((seen, right) for seen, right in bins)


def _row(pooled: Pooled) -> dict[str, Any]:
    return {
        "requests": pooled.requests,
        "thousandths": pooled.thousandths,
        "bins": [list(pair) for pair in pooled.bins],
    }


def _matching(table: sa.Table, key: dict[str, str]) -> list[sa.ColumnElement[bool]]:
    return [table.c[name] == value for name, value in key.items()]
