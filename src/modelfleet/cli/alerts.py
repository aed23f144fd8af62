"""`modelfleet alerts`: what got worse, since when and why, and what was done about it."""

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from modelfleet.catalog import Action, Alert
from modelfleet.cli.one_task import BY, say
from modelfleet.cli.roles import Config, Data, DatabaseUrl, settings_from
from modelfleet.clock import to_datetime
from modelfleet.errors import NotFound
from modelfleet.fleet import Fleet

app = typer.Typer(
    help="What got worse, since when and why, and what was done about it.",
    invoke_without_command=True,
)


@app.callback()
def alerts(
    context: typer.Context,
    tenant: Annotated[str | None, typer.Option(help="Those of one tenant's tasks.")] = None,
    ended: Annotated[bool, typer.Option("--ended", help="A tenant's that are over, too.")] = False,  # noqa: FBT002 - a flag
    data: Data = None,
    database: DatabaseUrl = None,
    config: Config = None,
) -> None:
    """What got worse, since when and why, and what was done about it: the newest first."""
    if context.invoked_subcommand is not None:
        return
    with Fleet.open(settings_from(data, database, config, {}), train=False) as fleet:
        found = fleet.alerts() if tenant is None else _of_tenant(fleet, tenant, ended=ended)
    if found:
        Console().print(_table(found))
    else:
        typer.echo("no alert is open" if not ended else "there was no alert")


@app.command("end")
def end(
    alert: Annotated[str, typer.Argument(help="An alert's name; see modelfleet alerts.")],
    why: Annotated[str, typer.Option(help="Why it is over.")] = "",
    data: Data = None,
    database: DatabaseUrl = None,
    config: Config = None,
) -> None:
    """Say that an alert is over."""
    with Fleet.open(settings_from(data, database, config, {}), train=False) as fleet:
        found = fleet.catalog.alert_named(alert)
        if found is None:
            raise NotFound(f"alert: none has the name '{alert}'")
        if found.task:
            say(fleet.task(found.tenant, found.task).end_alert(alert, why=why, by=BY))
        else:
            say(fleet.end_alert(alert, why=why, by=BY))


def _of_tenant(fleet: Fleet, tenant: str, *, ended: bool) -> list[Alert]:
    found = [
        alert
        for state in fleet.tenant_status(tenant)
        for alert in fleet.task(tenant, state.task).alerts(ended=ended)
    ]
    return sorted(found, key=lambda alert: -alert.raised)


def _table(found: list[Alert]) -> Table:
    table = Table("alert", "raised", "", "what was done", show_lines=True)
    for alert in found:
        table.add_row(
            escape(alert.alert),
            f"{to_datetime(alert.raised):%d %b %Y %H:%M}",
            escape(alert.sentence + "".join(f" ({mark})" for mark in _marks(alert))),
            escape("\n".join(map(_done, alert.actions))),
        )
    return table


def _done(action: Action) -> str:
    return f"{action.what.replace('_', ' ')}: {action.found or action.why}"


def _marks(alert: Alert) -> list[str]:
    marks = [f"ended: {alert.why}"] if alert.ended is not None else []
    marks += [f"explained by {alert.muted_by}"] if alert.muted_by else []
    marks += ["feedback is scarce"] if alert.low_trust else []
    return marks + (["being seen to"] if alert.quiet and alert.ended is None else [])
