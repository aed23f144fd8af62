"""`modelfleet biases` and `monitoring`: what is found over all tenants, and how that is doing."""

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from modelfleet.cli.printing import AsJson, print_json
from modelfleet.cli.roles import Config, Data, DatabaseUrl, existing_fleet
from modelfleet.monitoring import MonitoringStatus


def biases(
    days: Annotated[float, typer.Option(help="Of how many days requests are looked at.")] = 7.0,
    as_json: AsJson = False,  # noqa: FBT002 - a flag
    data: Data = None,
    database: DatabaseUrl = None,
    config: Config = None,
) -> None:
    """Kinds of requests that nobody named and that are decided worse than the rest."""
    with existing_fleet(data, database, config) as fleet:
        found = fleet.biases(days)
    if as_json:
        print_json(found)
        return
    console = Console(highlight=False)
    if not found:
        console.print("No kind of request is decided worse than the rest.")
        return
    table = Table("requests with", "judged", "wrong", "expected", "odds")
    for one in found:
        where = escape(" and ".join(f"{field} {value}" for field, value in one.where))
        shares = f"{one.wrong:.1%}", f"{one.expected:.1%}"
        table.add_row(where, f"{one.requests:,}", *shares, f"x {one.odds:.1f}")
    console.print(table)


def monitoring(
    as_json: AsJson = False,  # noqa: FBT002 - a flag
    data: Data = None,
    database: DatabaseUrl = None,
    config: Config = None,
) -> None:
    """How far monitoring is behind, what alerts promise, and whether that is kept."""
    with existing_fleet(data, database, config) as fleet:
        status = fleet.monitoring_status()
    if as_json:
        print_json(status)
        return
    console = Console(highlight=False)
    console.print(status.promise)
    console.print(_table(status))
    if status.canaries.broken:
        console.print("More of them rang than chance explains: the promise wants a look.")


def _table(status: MonitoringStatus) -> Table:
    canaries = status.canaries
    took, missed = canaries.outcomes_to_find, canaries.missed
    table = Table(show_header=False, box=None)
    for name, value in (
        ("events behind the log", f"{status.lag.events:,} ({status.lag.seconds:,.0f} s)"),
        ("outcomes of canaries", f"{canaries.outcomes:,}"),
        ("false alarms of theirs, allowed", f"{canaries.promised:.2f}"),
        ("false alarms of theirs, raised", f"{canaries.realised:,}"),
        ("broken canaries found", f"{canaries.found:,}"),
        ("outcomes that this took", "-" if took is None else f"{took:,} (median)"),
        (f"not found within {canaries.horizon}", "-" if missed is None else f"{missed:.1%}"),
    ):
        table.add_row(name, value)
    return table
