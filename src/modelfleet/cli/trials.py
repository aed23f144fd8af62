"""`modelfleet canary` and `shadow`: versions that are tried out beside the live one."""

from typing import Annotated

import typer

from modelfleet.cli.one_task import BY, Which, opened_task, say
from modelfleet.cli.roles import Config, Data, DatabaseUrl
from modelfleet.errors import InvalidInput

WhichOrNone = Annotated[
    str | None, typer.Argument(help="A version's name; see modelfleet versions.")
]
End = Annotated[bool, typer.Option("--end", help="Try no version out any more.")]


def canary(  # noqa: PLR0913, PLR0917 - one parameter for each option
    task: Which,
    version: WhichOrNone = None,
    share: Annotated[float, typer.Option(help="Of the requests, up to 1.")] = 0.1,
    end: End = False,  # noqa: FBT002 - a flag
    data: Data = None,
    database: DatabaseUrl = None,
    config: Config = None,
) -> None:
    """Have a version answer a share of the requests, beside the live one."""
    wanted = _wanted(version, end=end)
    with opened_task(task, data, database, config) as opened:
        say(opened.set_canary(wanted, share, by=BY))


def shadow(
    task: Which,
    version: WhichOrNone = None,
    end: End = False,  # noqa: FBT002 - a flag
    data: Data = None,
    database: DatabaseUrl = None,
    config: Config = None,
) -> None:
    """Have a version score all requests without answering; each decision's event has its word."""
    wanted = _wanted(version, end=end)
    with opened_task(task, data, database, config) as opened:
        say(opened.set_shadow(wanted, by=BY))


def _wanted(version: str | None, *, end: bool) -> str | None:
    if (version is None) != end:
        raise InvalidInput.at("version", "give one, or --end")
    return version
