"""`modelfleet status`, `versions` and `serving`, and the orders about versions."""

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from modelfleet.catalog import FleetSums, TaskState
from modelfleet.cli.log import Since
from modelfleet.cli.one_task import BY, Which, opened_task, say
from modelfleet.cli.roles import Config, Data, DatabaseUrl, existing_fleet
from modelfleet.clock import from_datetime
from modelfleet.decisions import Moved
from modelfleet.errors import InvalidInput, NotFound

WhichVersion = Annotated[str, typer.Argument(help="A version's name; see modelfleet versions.")]


def status(
    tenant: Annotated[str | None, typer.Argument(help="A tenant; the fleet if left out.")] = None,
    data: Data = None,
    database: DatabaseUrl = None,
    config: Config = None,
) -> None:
    """What is live, how far behind, and what went wrong: of the fleet, or of a tenant's tasks."""
    with existing_fleet(data, database, config) as fleet:
        sums = fleet.status()
        tasks = fleet.tenant_status(tenant) if tenant else fleet.catalog.failing()
    if tenant and not tasks:
        raise NotFound.at("tenant", f"nothing was ever logged of {tenant}")
    console = Console()
    if tenant is None:
        console.print(_sums(sums))
        if tasks:
            console.print("\nTasks whose last training failed:")
    if tasks:
        console.print(_tasks(tasks))


def versions(
    task: Which, data: Data = None, database: DatabaseUrl = None, config: Config = None
) -> None:
    """The versions of a task, the newest first."""
    with opened_task(task, data, database, config) as opened:
        state = opened.status()
        found = opened.versions()
    table = Table(Column("version", no_wrap=True), "examples", "accuracy", "coverage", "")
    for version in found:
        accuracy, coverage = (version.metrics.get(name) for name in ("accuracy", "coverage"))
        table.add_row(
            version.version,
            f"{version.examples:,}",
            "" if accuracy is None else f"{accuracy:.1%}",
            "" if coverage is None else f"{coverage:.1%}",
            _alias(version.version, state),
        )
    Console().print(table)
    reasons = [(version.version, version.why) for version in reversed(found)]
    if state.found and state.found not in {version.why for version in found[:1]}:
        reasons.append(("the last training", state.found))
    for what, why in reasons:
        Console().print(f"{what}: {why}", markup=False, highlight=False)


def serving(
    task: Which, data: Data = None, database: DatabaseUrl = None, config: Config = None
) -> None:
    """Which version a server that starts now answers with, and why if it isn't the live one."""
    with opened_task(task, data, database, config) as opened:
        found = opened.serving()
    table = Table(show_header=False, box=None)
    for name, value in (
        ("answers", found.version or "label texts"),
        ("live", found.wanted or "none yet"),
        ("wrong", found.why),
        ("memory", f"{found.nbytes:,} bytes"),
    ):
        if value:
            table.add_row(name, escape(value))
    Console().print(table)


def rollback(  # noqa: PLR0913, PLR0917 - one parameter for each option
    task: Annotated[str | None, typer.Argument(help="A task, written tenant/task.")] = None,
    recipe: Annotated[
        str | None, typer.Option(help="Instead: all tasks whose live version it made.")
    ] = None,
    digest: Annotated[str | None, typer.Option(help="Only of this recipe digest.")] = None,
    since: Since = None,
    data: Data = None,
    database: DatabaseUrl = None,
    config: Config = None,
) -> None:
    """Make the version before the live one live again: of a task, or wherever a recipe made it."""
    if (task is None) == (recipe is None):
        raise InvalidInput.at("task", "give one, written tenant/task, or --recipe")
    if recipe is None:
        if digest is not None or since is not None:
            raise InvalidInput.at("digest and since", "go with --recipe")
        with opened_task(task or "", data, database, config) as opened:
            say(opened.roll_back(by=BY))
        return
    with existing_fleet(data, database, config) as fleet:
        at = None if since is None else from_datetime(since)
        moved = fleet.roll_back_recipe(recipe, digest=digest, since=at, by=BY)
    _say_moved(moved, none=f"no task is served by such a version made by recipe {recipe}")


def promote_recipe(
    recipe: Annotated[str, typer.Argument(help="A recipe's name.")],
    digest: Annotated[str | None, typer.Option(help="Only of this recipe digest.")] = None,
    since: Since = None,
    data: Data = None,
    database: DatabaseUrl = None,
    config: Config = None,
) -> None:
    """Make the newest version made by a recipe live, in every task that has one."""
    with existing_fleet(data, database, config) as fleet:
        at = None if since is None else from_datetime(since)
        moved = fleet.promote_recipe(recipe, digest=digest, since=at, by=BY)
    _say_moved(moved, none=f"no task has such a version made by recipe {recipe} that isn't live")


def promote(
    task: Which,
    version: WhichVersion,
    data: Data = None,
    database: DatabaseUrl = None,
    config: Config = None,
) -> None:
    """Make a version (or `canary`) the live one; training goes on and may replace it."""
    with opened_task(task, data, database, config) as opened:
        say(opened.promote(version, by=BY))


def pin(
    task: Which,
    version: WhichVersion,
    data: Data = None,
    database: DatabaseUrl = None,
    config: Config = None,
) -> None:
    """Fix a version as the live one until `unpin`."""
    with opened_task(task, data, database, config) as opened:
        say(opened.pin(version, by=BY))


def unpin(
    task: Which, data: Data = None, database: DatabaseUrl = None, config: Config = None
) -> None:
    """Give a task back to automatic publication."""
    with opened_task(task, data, database, config) as opened:
        say(opened.unpin(by=BY))


def retry(
    task: Which, data: Data = None, database: DatabaseUrl = None, config: Config = None
) -> None:
    """Have a task trained now, also if it was set aside after failures."""
    with opened_task(task, data, database, config) as opened:
        say(opened.retry_training(by=BY))


def _marked(task: TaskState) -> str:
    return " (pinned)" if task.pinned else " (watched)" if task.watched else ""


def _alias(version: str, state: TaskState) -> str:
    if version == state.live:
        return "pinned" if state.pinned else "live, watched" if state.watched else "live"
    parts = [alias for alias, name in state.aliases.items() if name == version]
    share = f" ({state.canary_share:.0%})" if version == state.canary else ""
    return ", ".join(parts) + share


def _say_moved(moved: Moved, *, none: str) -> None:
    if moved == Moved(0, 0, 0):
        typer.echo(f"nothing changed: {none}")
        return
    typer.echo(f"{moved.changed:,} tasks changed; servers follow within a second")
    if moved.without:
        typer.echo(f"{moved.without:,} have no version to go to and stay as they are")
    if moved.pinned:
        typer.echo(f"{moved.pinned:,} are pinned and stay as they are")


def _sums(sums: FleetSums) -> Table:
    table = Table(show_header=False, box=None)
    judged = sums.confirmed + sums.corrected
    for name, value in (
        ("tenants", f"{sums.tenants:,}"),
        ("tasks", f"{sums.tasks:,}"),
        ("versions published", f"{sums.published:,}"),
        ("decisions", f"{sums.decided:,}"),
        ("coverage", _share(sums.decided - sums.abstained, sums.decided)),
        ("precision by feedback", _share(sums.confirmed, judged)),
    ):
        table.add_row(name, value)
    return table


def _tasks(tasks: list[TaskState]) -> Table:
    table = Table("tenant", "task", "live", "behind", "decisions", "coverage", "precision", "error")
    for task in tasks:
        table.add_row(
            task.tenant,
            task.task,
            (task.live or "label texts") + _marked(task),
            f"{task.behind:,}" if task.behind else "",
            f"{task.decided:,}",
            _share(task.decided - task.abstained, task.decided),
            _share(task.confirmed, task.confirmed + task.corrected),
            escape(task.error or "") + (" (set aside)" if task.set_aside else ""),
        )
    return table


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%} of {whole:,}" if whole else "-"
