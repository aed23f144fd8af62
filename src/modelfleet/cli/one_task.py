"""What commands about one task share: its name, opening it, and the answer to an order."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from modelfleet.cli.roles import Config, existing_fleet
from modelfleet.decisions import Receipt, Swapped
from modelfleet.errors import InvalidInput, NotFound
from modelfleet.task import Task

BY = "command line"
"""Who it was, in the log."""

Which = Annotated[str, typer.Argument(help="A task, written tenant/task.")]


@contextmanager
def opened_task(
    which: str, data: str | None, database: str | None, config: Config
) -> Iterator[Task]:
    """The task of that name, in the fleet that the options describe.

    Raises:
        InvalidInput: it isn't written tenant/task.
        NotFound: nothing was ever logged of it.
    """
    tenant, _, task = which.partition("/")
    if not task:
        raise InvalidInput.at("task", f"must be written tenant/task; got {which!a}")
    with existing_fleet(data, database, config) as fleet:
        opened = fleet.task(tenant, task)
        if not fleet.catalog.has_task(tenant, task):
            raise NotFound.at("task", f"nothing was ever logged of {which}")
        yield opened


def say(receipt: Receipt) -> None:
    """Tell that an order is in the log, and which version is live by it."""
    told = f"{receipt.version} is live: " if isinstance(receipt, Swapped) else ""
    typer.echo(f"{told}logged as event {receipt.seq}; servers follow within a second")
