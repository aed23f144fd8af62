"""What a replay shows, as plain data: what `--json` writes, and what table and page are made of."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from modelfleet.clock import SECOND, to_datetime
from modelfleet.replay import lead, periods
from modelfleet.replay.durations import show_duration
from modelfleet.replay.history import History
from modelfleet.replay.lead import first_lead
from modelfleet.replay.measures import Band, Measures, by_band, measure
from modelfleet.replay.names import safe_name
from modelfleet.replay.observed import Observed
from modelfleet.replay.periods import by_period, days_of_period, falls
from modelfleet.replay.run import Course, Options, Trained
from modelfleet.replay.ticket import Malformed
from modelfleet.training import Failed, Kept, Published

FORMAT = 1
"""Rises when a field of the report changes its meaning; new fields may come without."""


class LeadFrom(msgspec.Struct, frozen=True):
    """From which request of its tenant, and when, a model first beat the most frequent label."""

    nth: int
    time: datetime


class PeriodReport(msgspec.Struct, frozen=True):
    """Measures of ``days`` (1 or 7) from ``start`` on."""

    start: datetime
    days: int
    measures: Measures


class FallReport(msgspec.Struct, frozen=True):
    """A day or week whose accuracy was below that of the four weeks before by more than chance."""

    start: datetime
    days: int
    labelled: int
    accuracy: float
    before: float
    chance: float


class Trainings(msgspec.Struct, frozen=True):
    """What came of trainings; ``kept``: the gate kept the live version, ``failed``: an error."""

    trained: int
    published: int
    kept: int
    failed: int


class Part(msgspec.Struct, frozen=True):
    """One tenant, or all of them together (``tenant`` and ``name`` are then empty).

    ``name`` is the tenant in the fleet, which differs where the original can't be one. ``first``
    and ``last`` are the times of its requests; ``labels`` counts those that people gave. The lead
    of all together is null: each model has its own.
    """

    tenant: str
    name: str
    first: datetime
    last: datetime
    labels: int
    measures: Measures
    bands: tuple[Band, ...]
    periods: tuple[PeriodReport, ...]
    falls: tuple[FallReport, ...]
    lead: LeadFrom | None
    trainings: Trainings


class Behaviour(msgspec.Struct, frozen=True):
    """How the replay was run; spans of time as `2h`."""

    delay: str
    feedback_rate: float
    recipe: str
    staleness: str
    settle: str


class Report(msgspec.Struct, frozen=True):
    """All that a replay shows; times are RFC 3339 in UTC, shares lie from 0 to 1."""

    format: int
    file: str
    columns: str
    notes: tuple[str, ...]
    made_up_times: bool
    rows: int
    behaviour: Behaviour
    rules: dict[str, str]
    total: Part
    tenants: tuple[Part, ...]
    malformed: tuple[Malformed, ...]


def report_on(history: History, options: Options, course: Course) -> Report:
    """What a replay showed; the tenants with the most requests come first."""
    days = days_of_period(course.observed)
    by_tenant: dict[str, list[Observed]] = {}
    for one in course.observed:
        by_tenant.setdefault(one.tenant, []).append(one)
    trained: dict[str, list[Trained]] = {}
    for training in course.trained:
        trained.setdefault(training.outcome.tenant, []).append(training)
    tenants = [
        _part(tenant, observed, trained.get(safe_name(tenant), ()), days)
        for tenant, observed in by_tenant.items()
    ]
    return Report(
        format=FORMAT,
        file=history.file,
        columns=history.columns.described(),
        notes=history.notes,
        made_up_times=history.made_up_times,
        rows=history.rows,
        behaviour=_behaviour(options),
        rules={"lead": lead.RULE, "falls": periods.RULE},
        total=_part("", course.observed, course.trained, days),
        tenants=tuple(sorted(tenants, key=lambda part: (-part.measures.requests, part.tenant))),
        malformed=history.malformed,
    )


def as_json(report: Report) -> bytes:
    """The report as one JSON document."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"


def _part(tenant: str, observed: Sequence[Observed], trained: Sequence[Trained], days: int) -> Part:
    spans = by_period(observed, days)
    led = first_lead(observed) if tenant else None
    return Part(
        tenant=tenant,
        name=safe_name(tenant) if tenant else "",
        first=_moment(observed[0].time if observed else 0),
        last=_moment(observed[-1].time if observed else 0),
        labels=len({one.truth for one in observed if one.truth is not None}),
        measures=measure(observed),
        bands=by_band(observed),
        periods=tuple(PeriodReport(_moment(p.start), p.days, p.measures) for p in spans),
        falls=tuple(
            FallReport(_moment(f.start), f.days, f.labelled, f.accuracy, f.before, f.chance)
            for f in falls(spans)
        ),
        lead=None if led is None else LeadFrom(led.nth, _moment(led.time)),
        trainings=_trainings(trained),
    )


def _trainings(trained: Sequence[Trained]) -> Trainings:
    kinds = Counter(type(training.outcome) for training in trained)
    return Trainings(len(trained), kinds[Published], kinds[Kept], kinds[Failed])


def _behaviour(options: Options) -> Behaviour:
    return Behaviour(
        delay=show_duration(options.delay),
        feedback_rate=options.feedback_rate,
        recipe=options.recipe,
        staleness=show_duration(options.staleness),
        settle=show_duration(options.settle),
    )


def _moment(time: int) -> datetime:
    """To the second, as people read it."""
    return to_datetime(time // SECOND * SECOND).astimezone(UTC)
