"""`modelfleet metrics`: how good decisions were, in tables."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated

import msgspec
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from modelfleet.api.faults import convert
from modelfleet.cli.one_task import opened_task
from modelfleet.cli.printing import AsJson
from modelfleet.cli.roles import Config, Data, DatabaseUrl, existing_fleet
from modelfleet.monitoring import Interval, LabelScores, Measured, Metrics, Period
from modelfleet.monitoring.reporting.figures import begun
from modelfleet.monitoring.reporting.figures import days as days_of

TaskOrFleet = Annotated[
    str | None, typer.Argument(help="A task, written tenant/task; the fleet if left out.")
]
Days = Annotated[int, typer.Option(help="How many days, beside as many before.")]
Until = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day after the last, in UTC.")
]
By = Annotated[
    str | None,
    typer.Option(
        help="Tell decisions apart by label, version, recipe, hour, weekday, length, script or "
        "metadata.NAME."
    ),
]
Bucket = Annotated[str | None, typer.Option(help="Tell times apart by day or week.")]

_SHARES = {
    "coverage": "coverage",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "audited": "precision, by audits",
    "top_3": "right among first three",
    "misrouted": "misrouted",
    "reassigned": "reassigned",
    "no_label_fits": "no label fits (people)",
    "new_domain": "no label fits (model)",
    "irrelevant": "irrelevant",
    "helpful": "helpful",
    "response_rate": "response rate",
    "calibration_error": "calibration error",
    "bias": "bias of confidence",
}
_COUNTS = {
    "requests": "requests",
    "decided": "decided",
    "matured": "final",
    "confirmed": "confirmed",
    "corrected": "corrected",
    "silent": "silent",
    "late": "late words",
}

_NONE_FINAL = (
    "No outcome of these days is final yet. What people say counts once feedback has had its time, "
    "a week at first, if a watcher runs (modelfleet up or modelfleet watch)."
)


def metrics(  # noqa: PLR0913, PLR0917 - one parameter for each option
    task: TaskOrFleet = None,
    days: Days = 28,
    until: Until = None,
    by: By = None,
    bucket: Bucket = None,
    as_json: AsJson = False,  # noqa: FBT002 - a flag
    data: Data = None,
    database: DatabaseUrl = None,
    config: Config = None,
) -> None:
    """How good decisions were, by what people said of them, beside the days before."""
    asked = {"days": days, "until": until and until.date(), "by": by, "bucket": bucket}
    period = convert(asked, Period)
    if task is None:
        with existing_fleet(data, database, config) as fleet:
            found = fleet.metrics(period)
    else:
        with opened_task(task, data, database, config) as opened:
            found = opened.metrics(**msgspec.structs.asdict(period))
    if as_json:
        typer.echo(msgspec.json.encode(found))
        return
    console = Console(highlight=False)
    for table in _tables(found):
        console.print(table)
    if found.now.metrics.requests and not found.now.metrics.matured:
        console.print(_NONE_FINAL)


def _tables(found: Measured) -> Iterable[Table]:
    yield _compared(found)
    if found.now.labels:
        yield _labels(found.now.labels)
    if found.kinds:
        pairs = [(kind.value or "none", kind.now) for kind in found.kinds]
        yield _listed("value", pairs)
    if found.buckets:
        times = [(begun(one.since, is_over=one.is_over), one.metrics) for one in found.buckets]
        yield _listed("since", times)


def _compared(found: Measured) -> Table:
    """The two windows side by side."""
    spans = (found.before, found.now)
    said = (days_of(one.since, one.until, is_over=one.is_over) for one in spans)
    heads = [Column(one, justify="right") for one in said]
    table = Table(Column(""), *heads)
    for field, name in _COUNTS.items():
        table.add_row(name, *(f"{getattr(span.metrics, field):,}" for span in spans))
    for field, name in _SHARES.items():
        table.add_row(name, *(_shown(getattr(span.metrics, field)) for span in spans))
    hours = [span.metrics.hours_to_feedback for span in spans]
    table.add_row("hours to feedback", *("" if one is None else f"{one:.1f}" for one in hours))
    if found.now.labels or found.before.labels:
        table.add_row("F1, mean of labels", *(_shown(span.macro.f1) for span in spans))
    return table


def _labels(labels: Sequence[LabelScores]) -> Table:
    heads = ("right", "wrong", "missed", "precision", "recall", "F1")
    table = Table("label", *(Column(head, justify="right") for head in heads))
    for one in labels:
        counts = (f"{count:,}" for count in (one.right, one.wrong, one.missed))
        scores = (_shown(score) for score in (one.precision, one.recall, one.f1))
        table.add_row(escape(one.label), *counts, *scores)
    return table


def _listed(head: str, rows: Iterable[tuple[str, Metrics]]) -> Table:
    heads = ("requests", "coverage", "precision", "recall", "F1", "top 3", "response rate")
    columns = (Column(one, justify="right") for one in heads)
    first = Column(head, min_width=len("2026-01-31,"))
    table = Table(first, *columns, box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for name, one in rows:
        scores = (one.precision.share, one.recall, one.f1)
        shares = (one.coverage, *scores, one.top_3, one.response_rate)
        table.add_row(escape(name), f"{one.requests:,}", *map(_shown, shares))
    return table


def _shown(share: float | Interval | None) -> str:
    """A share in percent; with bounds, if it has some."""
    if isinstance(share, Interval):
        bounds = f" ({share.least:.0%} to {share.most:.0%})"
        return "" if share.share is None else f"{share.share:.1%}{bounds}"
    return "" if share is None else f"{share:.1%}"
