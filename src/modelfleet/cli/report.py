"""`modelfleet report`: how a task did, as tables, as one page, or as JSON."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from modelfleet.api.report import report_answer
from modelfleet.catalog import Alert
from modelfleet.cli.one_task import Which, opened_task
from modelfleet.cli.roles import Config, Data, DatabaseUrl
from modelfleet.events.files import check_writable
from modelfleet.monitoring import Metrics
from modelfleet.monitoring.alarms.actions import in_words
from modelfleet.monitoring.reporting import Report, Slice, page
from modelfleet.monitoring.reporting.figures import begun, days, moment, percent, range_of

_ROWS = 8
_LONGEST_TEXT = 70
_NONE = "no label"

Columns = tuple[str, ...]


def report(  # noqa: PLR0913, PLR0917 - one parameter for each option
    task: Which,
    weeks: Annotated[int, typer.Option(help="How many, up to today.")] = 8,
    html: Annotated[Path | None, typer.Option(help="Write it as one page to this file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,  # noqa: FBT002 - a flag
    data: Data = None,
    database: DatabaseUrl = None,
    config: Config = None,
) -> None:
    """How good a task was, what got worse, what was done about it, and what went wrong."""
    if html is not None:
        check_writable(html, "html")
    with opened_task(task, data, database, config) as opened:
        found = opened.report(weeks)
    if as_json:
        typer.echo(msgspec.json.encode(report_answer(found)).decode())
    else:
        console = Console()
        for table in _tables(found):
            console.print(table)
    if html is not None:
        html.write_text(page(found), encoding="utf-8")
        Console(stderr=True).print(f"The report as a page: {html}", markup=False, highlight=False)


def _tables(found: Report) -> Iterator[Table]:
    """The figures, then what there is of alerts, slices, confusions and examples."""
    yield _figures(found)
    confused = [one for one in found.measured.now.confusion if one.decided != one.right]
    tables: dict[str, tuple[Columns, list[Columns]]] = {
        "Alerts": (
            ("began", "what", "state", "what was done"),
            [_alert(one) for one in found.alerts],
        ),
        "Where it is worst": (
            ("kind of request", "requests", "right", "interval"),
            [_slice(one) for one in found.slices],
        ),
        "Mixed up": (
            ("decided", "right", "times"),
            [(one.decided or _NONE, one.right or _NONE, f"{one.count:,}") for one in confused],
        ),
        "What went wrong lately": (
            ("request", "decided", "right"),
            [(one.text[:_LONGEST_TEXT], one.decided, one.right or one.said) for one in found.wrong],
        ),
    }
    yield from (_filled(title, *content) for title, content in tables.items() if content[1])


def _alert(alert: Alert) -> Columns:
    return (
        percent(None) if alert.inception is None else moment(alert.inception.time),
        alert.sentence,
        "open" if alert.ended is None else f"ended: {alert.why}",
        "\n".join(in_words(action.what) for action in alert.actions),
    )


def _slice(slice_: Slice) -> Columns:
    return (
        f"{slice_.field} = {slice_.value}",
        f"{slice_.metrics.requests:,}",
        percent(slice_.precision.share),
        range_of(slice_.precision),
    )


def _figures(found: Report) -> Table:
    """The metrics of the window and of the one before, and of each day or week."""
    now, before = found.measured.now, found.measured.before
    shown = days(now.since, now.until, is_over=now.is_over)
    title = escape(f"{found.tenant}/{found.task}, {shown} (UTC)")
    columns = ("", "requests", "decided alone", "right", "bounds", "people spoke of", "top 3")
    table = Table(*columns, title=title, title_justify="left")
    for bucket in found.measured.buckets:
        table.add_row(begun(bucket.since, is_over=bucket.is_over), *_row(bucket.metrics))
    table.add_section()
    table.add_row("all", *_row(now.metrics), style="bold")
    table.add_row("before", *_row(before.metrics), style="dim")
    return table


def _row(metrics: Metrics) -> tuple[str, ...]:
    precision = metrics.precision
    return (
        f"{metrics.requests:,}",
        percent(metrics.coverage),
        percent(precision.share),
        range_of(precision),
        percent(metrics.response_rate),
        percent(metrics.top_3),
    )


def _filled(title: str, columns: Columns, rows: list[Columns]) -> Table:
    more = f"and {len(rows) - _ROWS:,} more; see --json" if len(rows) > _ROWS else None
    table = Table(*columns, title=title, caption=more, title_justify="left")
    for row in rows[:_ROWS]:
        table.add_row(*(escape(cell) for cell in row))
    return table
