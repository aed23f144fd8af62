"""`modelfleet awaiting`: decisions that somebody should look at."""

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from modelfleet.cli.one_task import Which, opened_task
from modelfleet.cli.roles import Config, Data, DatabaseUrl
from modelfleet.clock import to_datetime

Audits = Annotated[bool, typer.Option("--audits", help="Only those drawn for a person to look at.")]

_MOST_SHOWN = 80


def awaiting(
    task: Which,
    limit: Annotated[int, typer.Option(help="How many at most.")] = 20,
    audits: Audits = False,  # noqa: FBT002 - a flag
    data: Data = None,
    database: DatabaseUrl = None,
    config: Config = None,
) -> None:
    """Decisions that nobody has said anything about: those drawn for a look, then the newest."""
    with opened_task(task, data, database, config) as opened:
        found = opened.awaiting(limit, audits=audits)
    console = Console(highlight=False)
    if not found:
        console.print("Nothing awaits a person's look.")
        return
    table = Table(Column("decision", no_wrap=True), "time", "label", "drawn", "text")
    for one in found:
        time = f"{to_datetime(one.decision.time):%Y-%m-%d %H:%M}"
        drawn = "" if one.audit is None else f"1 in {1 / one.audit:.0f}"
        text = escape(one.text[:_MOST_SHOWN])
        table.add_row(escape(one.decision.id), time, one.decision.label or "", drawn, text)
    console.print(table)
