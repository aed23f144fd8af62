"""`modelfleet outlets`: whether people can be told of alerts."""

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from modelfleet.cli.roles import Config, Data, DatabaseUrl, existing_fleet
from modelfleet.clock import to_datetime
from modelfleet.fleet import Fleet
from modelfleet.monitoring.outlets import OutletState, Taken

Try = Annotated[bool, typer.Option("--try", help="Tell each of an alert that is none.")]


def outlets(
    attempt: Try = False,  # noqa: FBT002 - a flag
    data: Data = None,
    database: DatabaseUrl = None,
    config: Config = None,
) -> None:
    """Whether people can be told of alerts; with --try, each outlet of the settings is told."""
    with existing_fleet(data, database, config) as fleet:
        if attempt:
            _try(fleet)
            return
        states = fleet.outlets.states()
    if not states:
        typer.echo("nobody was told of anything yet; settings name who is, see --try")
        return
    table = Table("outlet", "told up to event", "")
    for state in states:
        table.add_row(escape(state.outlet), f"{state.position:,}", escape(_trouble(state)))
    Console().print(table)


def _try(fleet: Fleet) -> None:
    """Tell, and say what each answers; exit code 1 if one can't be told."""
    answers = fleet.outlets.try_each()
    if not answers:
        typer.echo("the settings name no outlet: set alertmanager, webhooks or smtp")
    for name, answer in answers:
        said = "told" if isinstance(answer, Taken) else answer.why
        typer.echo(f"{name}: {said}")
    if not all(isinstance(answer, Taken) for _, answer in answers):
        raise typer.Exit(1)


def _trouble(state: OutletState) -> str:
    if state.failing_since is None:
        return "can be told"
    return f"can't since {to_datetime(state.failing_since):%Y-%m-%d %H:%M} UTC: {state.error}"
