"""`modelfleet pin-example`, `unpin-example` and `pinned`: texts that must go somewhere."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from modelfleet.cli.one_task import BY, Which, opened_task, say
from modelfleet.cli.roles import Config, Data, DatabaseUrl
from modelfleet.clock import to_datetime

Text = Annotated[str, typer.Argument(help="The text of the requests.")]
LabelName = Annotated[str, typer.Argument(help="The label that they must get.")]
Key = Annotated[str, typer.Argument(help="The pinned example's key; see modelfleet pinned.")]
OwnKey = Annotated[str | None, typer.Option("--key", help="A name to unpin it by.")]


def pin_example(  # noqa: PLR0913, PLR0917 - one parameter for each setting
    task: Which,
    text: Text,
    label: LabelName,
    key: OwnKey = None,
    data: Data = None,
    database: DatabaseUrl = None,
    config: Config = None,
) -> None:
    """Say where a text must go; no version that decides it otherwise is published."""
    with opened_task(task, data, database, config) as opened:
        say(opened.pin_example(text, label, key=key, by=BY))


def unpin_example(
    task: Which,
    key: Key,
    data: Data = None,
    database: DatabaseUrl = None,
    config: Config = None,
) -> None:
    """Give the requests of a pinned example back to the model."""
    with opened_task(task, data, database, config) as opened:
        say(opened.unpin_example(key, by=BY))


def pinned(
    task: Which, data: Data = None, database: DatabaseUrl = None, config: Config = None
) -> None:
    """The pinned examples of a task."""
    with opened_task(task, data, database, config) as opened:
        found = opened.pinned_examples()
        active = {label.label for label in opened.labels()}
    table = Table("key", "text", "metadata", "label", "by", "pinned")
    for one in found:
        table.add_row(
            one.key,
            one.text,
            ", ".join(f"{name}={value}" for name, value in one.metadata.items()),
            one.label if one.label in active else f"{one.label} (rests: the label is gone)",
            one.by or "",
            f"{to_datetime(one.time):%Y-%m-%d %H:%M}",
        )
    Console().print(table)
