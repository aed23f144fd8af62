"""`modelfleet replay`: what modelfleet would have done with the requests of the past."""

from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from modelfleet.cli.logging import configure_logging
from modelfleet.events.files import check_writable
from modelfleet.replay import (
    Asked,
    Course,
    History,
    Options,
    Order,
    page,
    print_report,
    read_history,
    report_on,
    run,
)
from modelfleet.replay.durations import parse_duration
from modelfleet.replay.report import Report, as_json

_STANDARD_OUTPUT = "-"

Columns = Annotated[
    str | None, typer.Option(help="Column of the text; several, joined by commas, make one text.")
]
Metadata = Annotated[
    str | None, typer.Option(help="Columns that are known with a request, joined by commas.")
]
Named = Annotated[str | None, typer.Option(help="Its column; guessed if not named.")]
Delay = Annotated[str, typer.Option(help="From a request to the word about it: 30m, 2h, 3d.")]
Rate = Annotated[
    float, typer.Option("--feedback-rate", help="Share of requests that people say a word about.")
]
Staleness = Annotated[
    str, typer.Option(help="Train on little news after this time; 0: as the recipe says.")
]
Settle = Annotated[str, typer.Option(help="Train so long after news; 0: as the recipe says.")]
Shuffle = Annotated[int | None, typer.Option(help="Seed of a random order, for sorted files.")]
Data = Annotated[Path | None, typer.Option(help="Keep the fleet in this new folder.")]
Json = Annotated[
    str | None, typer.Option("--json", help="Write the report as JSON to a file, or - to print it.")
]
Html = Annotated[Path | None, typer.Option(help="Write the report as one page to this file.")]


def replay(  # noqa: PLR0913, PLR0917 - one parameter for each option
    file: Annotated[Path, typer.Argument(help="*.csv, *.jsonl (either also .gz) or *.parquet.")],
    text: Columns = None,
    label: Named = None,
    tenant: Named = None,
    time: Named = None,
    metadata: Metadata = None,
    delay: Delay = "0",
    feedback_rate: Rate = 1.0,
    shuffle: Shuffle = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many.")] = None,
    recipe: Annotated[str, typer.Option(help="A recipe's name, or a TOML file.")] = "default",
    staleness: Staleness = "30d",
    settle: Settle = "0",
    data: Data = None,
    json: Json = None,
    html: Html = None,
) -> None:
    """Replay past requests as if modelfleet had been there, and report what it would have done."""
    configure_logging("warning")
    console = Console(stderr=json == _STANDARD_OUTPUT)
    if json not in {None, _STANDARD_OUTPUT}:
        check_writable(Path(str(json)), "json")
    if html is not None:
        check_writable(html, "html")
    asked = Asked(_listed(text), label, tenant, time, _listed(metadata))
    options = Options(
        delay=parse_duration(delay, "delay"),
        feedback_rate=feedback_rate,
        recipe=recipe,
        staleness=parse_duration(staleness, "staleness"),
        settle=parse_duration(settle, "settle"),
    )
    history = read_history(file, asked, Order(shuffle, limit))
    _introduce(history, console)
    report = report_on(history, options, _run_shown(history, options, data, console))
    print_report(report, console)
    _write(report, json, html, console)
    if data is not None:
        console.print(f"The fleet is in {data}; go on with: modelfleet up --data {data}")


def _listed(names: str | None) -> tuple[str, ...] | None:
    if names is None:
        return None
    return tuple(name.strip() for name in names.split(",") if name.strip())


def _introduce(history: History, console: Console) -> None:
    tenants = len({ticket.tenant for ticket in history.tickets})
    said = f"{history.file}: {len(history.tickets):,} requests of {tenants:,} tenant(s)"
    console.print(said, markup=False, highlight=False)
    for line in (history.columns.described(), *history.notes):
        console.print(line, markup=False, highlight=False, style="dim")


def _run_shown(history: History, options: Options, data: Path | None, console: Console) -> Course:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
    )
    start = perf_counter()
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("replaying", total=len(history.tickets))
        course = run(history, options, lambda count: progress.advance(task, count), data)
    seconds = perf_counter() - start
    rate = len(history.tickets) / seconds
    console.print(f"replayed in {seconds:.1f} s: {rate:,.0f} requests/s, trainings included")
    return course


class _Rate(ProgressColumn):
    """Requests per second, lately."""

    def render(self, task: Task) -> Text:
        """The rate in words."""
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f} requests/s", style="dim")


def _write(report: Report, json: str | None, html: Path | None, console: Console) -> None:
    if json == _STANDARD_OUTPUT:
        typer.echo(as_json(report).decode(), nl=False)
    elif json is not None:
        Path(json).write_bytes(as_json(report))
        console.print(f"The report as JSON: {json}")
    if html is not None:
        html.write_text(page(report), encoding="utf-8")
        console.print(f"The report as a page: {html}")
