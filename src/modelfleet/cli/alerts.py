"""`modelfleet alerts`: what got worse, since when and why, and what was done about it."""

from collections.abc import Iterable
from typing import Annotated

import typer
from rich.console import Console, Group
from rich.padding import Padding
from rich.text import Text

from modelfleet.api.alerts import alerts_answer
from modelfleet.catalog import Action, Alert
from modelfleet.cli.one_task import BY, say
from modelfleet.cli.printing import AsJson, print_json
from modelfleet.cli.roles import Config, Data, DatabaseUrl, existing_fleet
from modelfleet.clock import to_datetime
from modelfleet.errors import InvalidInput, NotFound
from modelfleet.events import kinds
from modelfleet.fleet import Fleet
from modelfleet.monitoring import cost_of, triaged
from modelfleet.monitoring.alarms.actions import in_words

app = typer.Typer(
    help="What got worse, since when and why, and what was done about it.",
    invoke_without_command=True,
)

Ended = Annotated[
    bool,
    typer.Option(
        "--ended", help="Those that are over, too: the tenant's, or recipes' and the fleet's."
    ),
]


@app.callback()
def alerts(  # noqa: PLR0913, PLR0917 - one parameter for each option
    context: typer.Context,
    tenant: Annotated[str | None, typer.Option(help="Those of one tenant's tasks.")] = None,
    ended: Ended = False,  # noqa: FBT002 - a flag
    triage: Annotated[bool, typer.Option("--triage", help="By cost, in few words.")] = False,  # noqa: FBT002 - a flag
    as_json: AsJson = False,  # noqa: FBT002 - a flag
    data: Data = None,
    database: DatabaseUrl = None,
    config: Config = None,
) -> None:
    """What got worse, since when and why, and what was done about it: the newest first."""
    if context.invoked_subcommand is not None:
        return
    if ended and triage:
        raise InvalidInput.at("ended", "doesn't go with --triage, which is of open alerts alone")
    with existing_fleet(data, database, config) as fleet:
        if tenant is not None:
            found = _of_tenant(fleet, tenant, ended=ended)
            found = triaged(found) if triage else found
        else:
            found = _of_fleet(fleet) if ended else fleet.alerts(triage=triage)
    if as_json:
        print_json(alerts_answer(found))
    elif found:
        Console(highlight=False).print(*map(_in_brief if triage else _in_full, found))
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
    states = fleet.tenant_status(tenant)
    if not states:
        raise NotFound.at("tenant", f"nothing was ever logged of {tenant}")
    return _newest_first(
        alert for state in states for alert in fleet.task(tenant, state.task).alerts(ended=ended)
    )


def _of_fleet(fleet: Fleet) -> list[Alert]:
    """The open ones of everybody, and those of recipes and of the fleet that are over."""
    of_all = fleet.rooms.alerts.of_task(kinds.PLATFORM_TENANT, "", ended=True)
    return _newest_first([*fleet.alerts(), *(one for one in of_all if one.ended is not None)])


def _newest_first(found: Iterable[Alert]) -> list[Alert]:
    return sorted(found, key=lambda alert: -alert.raised)


def _in_brief(alert: Alert) -> Group:
    """How many go wrong, whose, what, since when, why, and where to look."""
    since = alert.raised if alert.inception is None else alert.inception.time
    whose, more = _whose(alert)
    cause = f"; likely cause: {alert.causes[0].what}" if alert.causes else ""
    return _block(
        f"{cost_of(alert):,.0f} too many a week: {whose}, {_what(alert)}",
        [f"since {_moment(since)}{cause}", f"alert {alert.alert}; more: modelfleet {more}"],
    )


def _in_full(alert: Alert) -> Group:
    """Its name, its sentence, what was done, and how it stands."""
    head = f"alert {alert.alert}, raised {_moment(alert.raised)}"
    return _block(head, [alert.sentence, *map(_done, alert.actions), *_marks(alert)])


def _block(head: str, lines: Iterable[str]) -> Group:
    """Lines below a head: a table would cut names, and leaves sentences no room."""
    indented = (Padding(Text(line), (0, 0, 0, 2), expand=False) for line in lines)
    return Group(Text(head, "bold"), *indented, "")


def _moment(time: int) -> str:
    return f"{to_datetime(time):%d %b %Y %H:%M} UTC"


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


def _done(action: Action) -> str:
    return f"{in_words(action.what)}: {action.found or action.why}"


def _marks(alert: Alert) -> list[str]:
    marks = [f"ended: {alert.why}"] if alert.ended is not None else []
    marks += [f"explained by {alert.muted_by}"] if alert.muted_by else []
    marks += ["feedback is scarce"] if alert.low_trust else []
    return marks + (["being seen to"] if alert.quiet and alert.ended is None else [])
