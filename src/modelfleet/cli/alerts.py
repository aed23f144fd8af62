"""`modelfleet alerts`: what got worse, since when and why, and what was done about it."""

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from modelfleet.catalog import Action, Alert
from modelfleet.cli.one_task import BY, say
from modelfleet.cli.roles import Config, Data, DatabaseUrl, existing_fleet
from modelfleet.clock import to_datetime
from modelfleet.errors import NotFound
from modelfleet.fleet import Fleet
from modelfleet.monitoring import cost_of, triaged

app = typer.Typer(
    help="What got worse, since when and why, and what was done about it.",
    invoke_without_command=True,
)


@app.callback()
def alerts(  # noqa: PLR0913, PLR0917 - one parameter for each option
    context: typer.Context,
    tenant: Annotated[str | None, typer.Option(help="Those of one tenant's tasks.")] = None,
    ended: Annotated[bool, typer.Option("--ended", help="A tenant's that are over, too.")] = False,  # noqa: FBT002 - a flag
    triage: Annotated[bool, typer.Option("--triage", help="By cost, a line each.")] = False,  # noqa: FBT002 - a flag
    data: Data = None,
    database: DatabaseUrl = None,
    config: Config = None,
) -> None:
    """What got worse, since when and why, and what was done about it: the newest first."""
    if context.invoked_subcommand is not None:
        return
    with existing_fleet(data, database, config) as fleet:
        if tenant is None:
            found = fleet.alerts(triage=triage)
        else:
            found = _of_tenant(fleet, tenant, ended=ended)
            found = triaged(found) if triage else found
    if found:
        Console().print(_triage(found) if triage else _table(found))
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
    with existing_fleet(data, database, config) as fleet:
        found = fleet.catalog.alert_named(alert)
        if found is None:
            raise NotFound.at("alert", f"none has the name '{alert}'")
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


def _triage(found: list[Alert]) -> Table:
    """One line for each: how many go wrong, whose, what, since when, why, and where to look."""
    table = Table("too many a week", "whose", "what", "since", "likely cause", "more", box=None)
    for alert in found:
        since = alert.raised if alert.inception is None else alert.inception.time
        whose, more = _whose(alert)
        table.add_row(
            f"{cost_of(alert):,.0f}",
            escape(whose),
            escape(_what(alert)),
            f"{to_datetime(since):%d %b %H:%M}",
            escape(alert.causes[0].what if alert.causes else "-"),
            escape(f"modelfleet {more}"),
        )
    return table


def _whose(alert: Alert) -> tuple[str, str]:
    """Whose an alert is, and the command that shows more."""
    if alert.task:
        return f"{alert.tenant}/{alert.task}", f"report {alert.tenant}/{alert.task}"
    if alert.scope == "recipe":
        return f"recipe {alert.recipe}", "metrics --by recipe"
    return "the fleet", "biases" if alert.slice else "metrics"


def _what(alert: Alert) -> str:
    what = alert.finding.replace("_", " ") + (f" of {alert.slice}" if alert.slice else "")
    if alert.expected is None or alert.observed is None:
        return what
    return f"{what}: {alert.observed:.0%} instead of {alert.expected:.0%}"


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
