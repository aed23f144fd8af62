"""`modelfleet target`: how often decisions must be right."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from modelfleet.cli.one_task import BY, Which, opened_task, say
from modelfleet.cli.roles import Config, Data, DatabaseUrl
from modelfleet.decisions import Aim, Preview
from modelfleet.errors import InvalidInput

Precision = Annotated[
    str | None,
    typer.Argument(help="Such as 0.95, or 'recipe' for the recipe's; shown if left out."),
]
OneLabel = Annotated[str | None, typer.Option("--label", help="Decisions for this label only.")]
WhatIf = Annotated[
    bool, typer.Option("--preview", help="Say what it would have changed, and change nothing.")
]


def target(  # noqa: PLR0913, PLR0917 - one parameter for each setting
    task: Which,
    precision: Precision = None,
    label: OneLabel = None,
    preview: WhatIf = False,  # noqa: FBT002 - a flag
    data: Data = None,
    database: DatabaseUrl = None,
    config: Config = None,
) -> None:
    """How often decisions must be right: shown, asked for, or tried on the newest requests."""
    with opened_task(task, data, database, config) as opened:
        if precision is None:
            Console().print(_table(opened.targets()))
        elif preview:
            found = opened.preview_target(_share(precision), label=label)
            Console().print(_table([found.aim]))
            typer.echo(_words(found))
        else:
            say(opened.set_target_precision(_share(precision), label=label, by=BY))
            Console().print(_table(opened.targets()))


def _share(precision: str) -> float | None:
    if precision == "recipe":
        return None
    try:
        return float(precision)
    except ValueError as error:
        shown = f"must be a share such as 0.95, or 'recipe'; got {precision!a}"
        raise InvalidInput.at("precision", shown) from error


def _table(aims: list[Aim]) -> Table:
    table = Table("decisions", "precision", "", "threshold", "coverage", "certified")
    for aim in aims:
        table.add_row(
            aim.label or "all others" if len(aims) > 1 else aim.label or "all",
            f"{aim.precision:.1%}",
            "asked for" if aim.asked else "the recipe's",
            f"{aim.threshold:.3f}",
            "-" if aim.coverage is None else f"{aim.coverage:.1%}",
            "yes" if aim.certified else "not yet: too few examples, or too many errors",
        )
    return table


def _words(found: Preview) -> str:
    return (
        f"of the newest {found.requests} requests {found.would_be_decided} would be decided "
        f"instead of {found.decided}; of decisions no longer made, people confirmed "
        f"{found.right_lost} and corrected {found.wrong_avoided}; of those made instead of "
        f"abstaining, {found.right_gained} would be right and {found.wrong_gained} wrong"
    )
