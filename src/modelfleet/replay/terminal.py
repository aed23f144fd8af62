"""The report as tables for a terminal."""

from collections.abc import Sequence
from datetime import datetime

from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from modelfleet.replay.measures import Band, Measures
from modelfleet.replay.report import Part, Report

_MOST_TENANTS = 15
_MOST_MALFORMED = 20
_MOST_FALLS = 8
_MEASURED = ("accuracy", "baseline", "top 3", "coverage", "precision")


def print_report(report: Report, console: Console) -> None:
    """Print what a replay showed: tenants, the way from the first request on, falls, bad rows."""
    if report.total.measures.requests:
        console.print(_tenants(report))
        console.print(_bands(report.total.bands))
        _print_falls(report, console)
    _print_malformed(report, console)


def band_name(band: Band) -> str:
    """The requests of a band, such as ``11-50`` or ``5001-``."""
    return f"{band.first}-{'' if band.last is None else band.last}"


def percent(share: float | None) -> str:
    """A share for people; a dash where there was nothing to measure."""
    return "–" if share is None else f"{share:.1%}"  # noqa: RUF001 - a dash between nothing and nothing


def day(moment: datetime) -> str:
    """A date as people sort it."""
    return f"{moment:%Y-%m-%d}"


def _tenants(report: Report) -> Table:
    table = _table(f"replay of {escape(report.file)}")
    table.add_column("tenant", overflow="ellipsis", no_wrap=True, min_width=6, max_width=24)
    for name in ("requests", "labels", *_MEASURED, "leads", "models"):
        table.add_column(name, justify="right", no_wrap=True)
    table.caption = (
        "leads: the request from which the model beat the baseline; models: versions published"
    )
    for part in report.tenants[:_MOST_TENANTS]:
        _add_part(table, Text(part.tenant), part)
    left = len(report.tenants) - _MOST_TENANTS
    if left > 0:
        table.add_row(Text(f"… {left:,} more", style="dim"))
    table.add_section()
    _add_part(table, Text("all", style="bold"), report.total)
    return table


def _table(title: str) -> Table:
    return Table(title=title, title_style="bold", box=SIMPLE, padding=0)


def _add_part(table: Table, name: Text, part: Part) -> None:
    measures = part.measures
    leads = f"{part.lead.nth:,}" if part.lead else "–" if part.tenant else ""  # noqa: RUF001
    table.add_row(
        name,
        f"{measures.requests:,}",
        f"{part.labels:,}",
        _compared(measures),
        percent(measures.baseline),
        percent(measures.top_3),
        percent(measures.coverage),
        percent(measures.precision),
        leads,
        f"{part.trainings.published:,}",
    )


def _compared(measures: Measures) -> Text:
    """The accuracy, green where it beats the most frequent label."""
    better = (measures.accuracy or 0) > (measures.baseline or 0)
    return Text(percent(measures.accuracy), style="green" if better else "yellow")


def _bands(bands: Sequence[Band]) -> Table:
    table = _table("by the n-th request of its tenant")
    for name in ("n-th", "requests", *_MEASURED):
        table.add_column(name, justify="right", no_wrap=True)
    for band in bands:
        measures = band.measures
        table.add_row(
            band_name(band),
            f"{measures.requests:,}",
            _compared(measures),
            percent(measures.baseline),
            percent(measures.top_3),
            percent(measures.coverage),
            percent(measures.precision),
        )
    return table


def _print_falls(report: Report, console: Console) -> None:
    found = [(part, fall) for part in report.tenants for fall in part.falls]
    if not found:
        console.print("Quality fell on no day or week by more than chance.")
        return
    worst = sorted(found, key=lambda pair: (pair[1].chance, pair[1].start, pair[0].tenant))
    console.print(f"Quality fell by more than chance {len(found):,} times; the clearest:")
    for part, fall in worst[:_MOST_FALLS]:
        span = "day" if fall.days == 1 else "week"
        console.print(
            f"  {escape(part.tenant)}, {span} of {day(fall.start)}: {percent(fall.accuracy)} right "
            f"after {percent(fall.before)} before ({fall.labelled:,} requests)",
            highlight=False,
        )


def _print_malformed(report: Report, console: Console) -> None:
    if not report.malformed:
        console.print(f"None of {report.rows:,} rows was malformed.")
        return
    console.print(
        f"[yellow]{len(report.malformed):,} of {report.rows:,} rows were left out:[/]",
        highlight=False,
    )
    for row in report.malformed[:_MOST_MALFORMED]:
        console.print(f"  line {row.line}: {escape(row.reason)}", highlight=False)
    if len(report.malformed) > _MOST_MALFORMED:
        console.print("  … all of them are in the report that --json writes")
