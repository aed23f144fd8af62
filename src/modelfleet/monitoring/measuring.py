"""Reading metrics: of any days of a task or of the fleet, beside the days before."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Literal

import msgspec

from modelfleet.catalog import Catalog
from modelfleet.clock import Clock
from modelfleet.errors import InvalidInput
from modelfleet.events import Database
from modelfleet.monitoring import slicing
from modelfleet.monitoring.counts import Counts, add
from modelfleet.monitoring.memory import FLEET
from modelfleet.monitoring.metrics import (
    Bucket,
    Kind,
    Measured,
    Metrics,
    Span,
    confusion_of,
    macro,
    metrics_by_label,
    metrics_of,
    micro,
    scores_of,
)
from modelfleet.monitoring.rows import between
from modelfleet.monitoring.sums import CONFUSION, LABEL, RECIPE, VERSION, Day, day_of

MOST_DAYS = 1_100
_DAYS = 28
_EPOCH = date(1970, 1, 1)
_BUCKETS = {"day": 1, "week": 7}
_WEEKDAY = "weekday"
_FIELDS = (LABEL, VERSION, RECIPE, "hour", _WEEKDAY, "length", "script")
_METADATA = "metadata."

Days = Sequence[tuple[int, Day]]
Every = Literal["day", "week"]
ByValue = Callable[[Days, str], Mapping[str, Counts]]


class Period(msgspec.Struct, frozen=True):
    """Which days are asked for, in UTC: ``days`` up to today or ``until``, or those from ``since``.

    Without either it is 28 days. ``until`` is not included. ``by`` is a field to tell decisions
    apart by; ``bucket`` tells days or weeks apart.
    """

    days: int | None = None
    since: date | None = None
    until: date | None = None
    by: str | None = None
    bucket: Every | None = None


class Measures:
    """Metrics from the sums of days; a window costs as much as it has days."""

    def __init__(self, database: Database, catalog: Catalog, clock: Clock) -> None:
        self._database = database
        self._catalog = catalog
        self._clock = clock

    def of_task(self, tenant: str, task: str, period: Period) -> Measured:
        """The metrics of a task.

        Raises:
            InvalidInput: the days or the field can't be accepted.
        """

        def by_value(days: Days, field: str) -> Mapping[str, Counts]:
            if field != RECIPE:
                return _by_value(days, field)
            found = self._catalog.versions(tenant, task)
            recipes = {version.version: version.recipe for version in found}
            versions = _by_value(days, VERSION).items()
            return _together((recipes.get(name, ""), of) for name, of in versions)

        return self._measured((tenant, task), period, LABEL, by_value)

    def by_fields(
        self, tenant: str, task: str, span: Span, fields: Iterable[str]
    ) -> dict[str, dict[str, Metrics]]:
        """The metrics of a task's days by the values of fields, the recipe not among them."""
        bounds = ((day - _EPOCH).days for day in (span.since, span.until))
        with self._database.reading() as connection:
            found = between(connection, (tenant, task), *bounds)
        return {
            field: {value: of[value] for value in _in_order(field, of)}
            for field, of in ((one, _metrics_by(found, one, _by_value)) for one in fields)
        }

    def of_fleet(self, period: Period) -> Measured:
        """The metrics of all tasks together, which can be told apart by recipe.

        Raises:
            InvalidInput: the days or the field can't be accepted.
        """
        if period.by not in {None, RECIPE}:
            raise InvalidInput.at("by", f"must be recipe; got {period.by!a}")
        return self._measured(FLEET, period, RECIPE, _by_value)

    def _measured(
        self, task: tuple[str, str], period: Period, partition: str, by_value: ByValue
    ) -> Measured:
        _check_field(period.by)
        _check_bucket(period.bucket)
        today = day_of(self._clock())
        since, until = _days(period, today + 1)
        before = 2 * since - until
        with self._database.reading() as connection:
            found = between(connection, task, before, until)
        now = [one for one in found if one[0] >= since]
        old = [one for one in found if one[0] < since]
        return Measured(
            now=_span(now, (since, until), partition, today),
            before=_span(old, (before, since), partition, today),
            fields=_fields(now, partition),
            kinds=()
            if period.by is None
            else _kinds(
                period.by, *(_metrics_by(days, period.by, by_value) for days in (now, old))
            ),
            buckets=_buckets(now, (since, until), partition, period.bucket, today),
        )


def _check_field(field: str | None) -> None:
    if field is None or field in _FIELDS or field.removeprefix(_METADATA) not in {field, ""}:
        return
    known = ", ".join(_FIELDS)
    raise InvalidInput.at("by", f"must be {known} or metadata. and a name; got {field!a}")


def _check_bucket(every: object) -> None:
    if every is not None and every not in tuple(_BUCKETS):
        raise InvalidInput.at("bucket", f"must be one of {', '.join(_BUCKETS)}; got {every!a}")


def _days(period: Period, tomorrow: int) -> tuple[int, int]:
    """The first day and the one after the last."""
    if period.since is not None and period.days is not None:
        raise InvalidInput.at("days", "doesn't go with since, which says when they begin")
    until = tomorrow if period.until is None else (period.until - _EPOCH).days
    days = _DAYS if period.days is None else period.days
    since = until - days if period.since is None else (period.since - _EPOCH).days
    if not 1 <= until - since <= MOST_DAYS:
        field = "days" if period.since is None else "since"
        raise InvalidInput.at(field, f"must begin 1 to {MOST_DAYS:,} days before the end")
    if since < 0:  # no decision is that old, and dates of the days before might not exist
        field = "until" if period.since is None else "since"
        raise InvalidInput.at(field, "must not reach back before 1970-01-01")
    return since, until


def _span(days: Days, bounds: tuple[int, int], partition: str, today: int) -> Span:
    pairs = _by_value(days, CONFUSION)
    labels = scores_of(pairs)
    return Span(
        since=_date(bounds[0]),
        until=_date(bounds[1]),
        metrics=metrics_of(_all(days, partition)),
        micro=micro(labels),
        macro=macro(labels),
        labels=labels,
        confusion=confusion_of(pairs),
        is_over=bounds[1] <= today,
    )


def _metrics_by(days: Days, field: str, by_value: ByValue) -> dict[str, Metrics]:
    found = by_value(days, field)
    if field == LABEL:
        return metrics_by_label(found, _by_value(days, CONFUSION))
    return {value: metrics_of(of) for value, of in found.items()}


def _kinds(
    field: str, now: Mapping[str, Metrics], before: Mapping[str, Metrics]
) -> tuple[Kind, ...]:
    none = metrics_of({})
    return tuple(
        Kind(value, now.get(value, none), before.get(value, none))
        for value in _in_order(field, now.keys() | before.keys())
    )


def _in_order(field: str, values: Iterable[str]) -> list[str]:
    """Values of a field as people list them: days from Monday on, the rest by the alphabet."""
    return sorted(values, key=slicing.WEEKDAYS.index if field == _WEEKDAY else None)


def _buckets(
    days: Days, bounds: tuple[int, int], partition: str, every: Every | None, today: int
) -> tuple[Bucket, ...]:
    """Days or weeks that end with the window; the first week may be short."""
    if every is None:
        return ()
    since, until = bounds
    ends = range(until, since, -_BUCKETS[every])
    spans = [(max(end - _BUCKETS[every], since), end) for end in reversed(ends)]
    return tuple(
        Bucket(
            _date(first),
            _date(end),
            metrics_of(_all([one for one in days if first <= one[0] < end], partition)),
            end <= today,
        )
        for first, end in spans
    )


def _all(days: Days, partition: str) -> Counts:
    return _together(("", of) for of in _by_value(days, partition).values()).get("", {})


def _by_value(days: Days, field: str) -> Mapping[str, Counts]:
    """The counts of all days, by the values of a field."""
    if field == _WEEKDAY:
        return _together((slicing.weekday_of(day), _all([(day, of)], LABEL)) for day, of in days)
    tables = [table for _, of in days for table in (of.sums.table, of.slices.table)]
    return _together(one for table in tables for one in table.get(field, {}).items())


def _together(parts: Iterable[tuple[str, Counts]]) -> dict[str, Counts]:
    totals: dict[str, Counts] = {}
    for value, of in parts:
        add(totals.setdefault(value, {}), of)
    return {value: of for value, of in totals.items() if of}


def _fields(days: Days, partition: str) -> tuple[str, ...]:
    if partition == RECIPE:
        return (RECIPE,)
    found = {field for _, of in days for field in (*of.sums.table, *of.slices.table)} - {CONFUSION}
    return tuple(sorted(found | {RECIPE, _WEEKDAY})) if found else ()


def _date(day: int) -> date:
    return _EPOCH + timedelta(days=day)
