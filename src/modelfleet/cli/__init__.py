"""The `modelfleet` command.

*In*: arguments, settings files and the environment. *Out*: running processes, tables, exit codes.
*Keeps*: nothing. *Ignores*: how anything is done; it calls `Fleet` and shows what comes back.
Stands on top of all other rooms.
"""

import sys

import typer
from rich.console import Console
from rich.markup import escape

from modelfleet.cli import (
    alerts,
    awaiting,
    demo,
    doctor,
    forgetting,
    keys,
    log,
    measures,
    monitoring,
    outlets,
    pinned,
    reasons,
    replay,
    report,
    roles,
    suggestions,
    target,
    tasks,
    trials,
)
from modelfleet.errors import ModelfleetError

app = typer.Typer(
    name="modelfleet",
    help="A model for every customer, trained and served with no one's hands.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

_RUN, _LOOK, _TRY = "Run", "Look and operate", "Try"

app.command("up", rich_help_panel=_RUN)(roles.up)
app.command("serve", rich_help_panel=_RUN)(roles.serve_only)
app.command("train", rich_help_panel=_RUN)(roles.train_only)
app.command("watch", rich_help_panel=_RUN)(roles.watch_only)
app.command("demo", rich_help_panel=_TRY)(demo.demo)
app.command("replay", rich_help_panel=_TRY)(replay.replay)
app.command("status", rich_help_panel=_LOOK)(tasks.status)
app.command("versions", rich_help_panel=_LOOK)(tasks.versions)
app.command("serving", rich_help_panel=_LOOK)(tasks.serving)
app.command("rollback", rich_help_panel=_LOOK)(tasks.rollback)
app.command("promote", rich_help_panel=_LOOK)(tasks.promote)
app.command("pin", rich_help_panel=_LOOK)(tasks.pin)
app.command("promote-recipe", rich_help_panel=_LOOK)(tasks.promote_recipe)
app.command("canary", rich_help_panel=_LOOK)(trials.canary)
app.command("shadow", rich_help_panel=_LOOK)(trials.shadow)
app.command("unpin", rich_help_panel=_LOOK)(tasks.unpin)
app.command("retry", rich_help_panel=_LOOK)(tasks.retry)
app.command("metrics", rich_help_panel=_LOOK)(measures.metrics)
app.command("awaiting", rich_help_panel=_LOOK)(awaiting.awaiting)
app.command("why", rich_help_panel=_LOOK)(reasons.why)
app.command("forget", rich_help_panel=_LOOK)(forgetting.forget)
app.command("forgotten", rich_help_panel=_LOOK)(forgetting.forgotten)
app.command("target", rich_help_panel=_LOOK)(target.target)
app.command("outlets", rich_help_panel=_LOOK)(outlets.outlets)
app.command("report", rich_help_panel=_LOOK)(report.report)
app.command("doctor", rich_help_panel=_LOOK)(doctor.doctor)
app.command("drift", rich_help_panel=_LOOK)(suggestions.drift)
app.command("suggestions", rich_help_panel=_LOOK)(suggestions.suggestions)
app.command("accept", rich_help_panel=_LOOK)(suggestions.accept)
app.command("pinned", rich_help_panel=_LOOK)(pinned.pinned)
app.command("pin-example", rich_help_panel=_LOOK)(pinned.pin_example)
app.command("unpin-example", rich_help_panel=_LOOK)(pinned.unpin_example)
app.command("events", rich_help_panel=_LOOK)(log.events)
app.command("export", rich_help_panel=_LOOK)(log.export)
app.command("import", rich_help_panel=_LOOK)(log.import_)
app.command("rebuild", rich_help_panel=_LOOK)(log.rebuild)
app.command("settings", rich_help_panel=_LOOK)(log.settings)
app.command("biases", rich_help_panel=_LOOK)(monitoring.biases)
app.command("monitoring", rich_help_panel=_LOOK)(monitoring.monitoring)
app.add_typer(alerts.app, name="alerts", rich_help_panel=_LOOK)
app.add_typer(keys.app, name="keys", rich_help_panel=_LOOK)


def main() -> None:
    """Run the command; our own errors are shown in words, with exit code 1."""
    try:
        app()
    except ModelfleetError as error:
        Console(stderr=True, highlight=False).print(
            f"[red]modelfleet:[/] {escape(str(error))}", soft_wrap=True
        )
        sys.exit(1)


__all__ = ["app", "main"]
