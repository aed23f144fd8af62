"""`modelfleet forget` and `forgotten`."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from modelfleet.cli.one_task import BY, Which, opened_task
from modelfleet.cli.roles import Config, Data, DatabaseUrl
from modelfleet.clock import to_datetime
from modelfleet.decisions import Forgotten
from modelfleet.errors import InvalidInput
from modelfleet.events import parse_condition


def forget(  # noqa: PLR0913, PLR0917 - one parameter for each option
    task: Which,
    example: Annotated[
        str | None, typer.Option(help="One request: decision:… or example:… and its id.")
    ] = None,
    person: Annotated[str | None, typer.Option(help="All that somebody said.")] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(help="All requests with this metadata, such as customer=c-1182; repeatable."),
    ] = None,
    why: Annotated[str, typer.Option(help="For what reason; it stays in the log.")] = "",
    data: Data = None,
    database: DatabaseUrl = None,
    config: Config = None,
) -> None:
    """Empty a request, a person's words, or a customer's requests out of log and models."""
    metadata = dict(_field(text) for text in where or ())
    with opened_task(task, data, database, config) as opened:
        steps = opened.forget(example, person=person, metadata=metadata, by=BY, why=why)
    if steps:
        Console().print(_table(steps))
    else:
        typer.echo("nothing was found that isn't forgotten")


def forgotten(
    task: Which, data: Data = None, database: DatabaseUrl = None, config: Config = None
) -> None:
    """What was forgotten, and whether the version that answers is free of it."""
    with opened_task(task, data, database, config) as opened:
        steps = opened.forgotten()
    Console().print(_table(steps))


def _field(text: str) -> tuple[str, Any]:
    asked = parse_condition(text)
    if asked.operator != "=":
        raise InvalidInput.at("where", f"must be a field and its value, a=b; got {text!a}")
    return asked.field, asked.value


def _table(steps: Sequence[Forgotten]) -> Table:
    table = Table("when", "events", "why", "live version", "versions that may have learned from it")
    for step in steps:
        table.add_row(
            f"{to_datetime(step.time):%Y-%m-%d %H:%M:%S}",
            f"{step.events:,}",
            escape(step.why),
            "free of it" if step.free else "not free yet",
            ", ".join(step.versions),
        )
    return table
