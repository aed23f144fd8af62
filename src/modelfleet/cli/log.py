"""`modelfleet events`, `export`, `import`, `rebuild` and `settings`."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from modelfleet.cli.roles import Config, Data, DatabaseUrl, existing_fleet, settings_from
from modelfleet.clock import from_datetime
from modelfleet.errors import InvalidInput, ModelfleetError
from modelfleet.events import Event, Query, kinds, parse_condition
from modelfleet.events.files import line_of, read_events, write_events
from modelfleet.fleet import Fleet

_TOGETHER = 500
_SHOWN = 20

Tenant = Annotated[str | None, typer.Option(help="Of this tenant only.")]
TaskName = Annotated[str | None, typer.Option("--task", help="Of tasks with this name only.")]
Kinds = Annotated[list[str] | None, typer.Option("--kind", help="Of this kind; repeatable.")]
Since = Annotated[datetime | None, typer.Option(help="Happened at this time (UTC) or later.")]
Until = Annotated[datetime | None, typer.Option(help="Happened before this time (UTC).")]
Where = Annotated[
    list[str] | None,
    typer.Option(
        help="A condition: metadata.office=Oslo, threshold>=0.9, text:printer; repeatable. A value "
        "is read as JSON, else as a text; quote a number that is a text: customer='\"1182\"'."
    ),
]


def events(  # noqa: PLR0913, PLR0917 - one parameter for each option
    tenant: Tenant = None,
    task: TaskName = None,
    kind: Kinds = None,
    since: Since = None,
    until: Until = None,
    where: Where = None,
    limit: Annotated[int, typer.Option(help="The most to show.", min=1)] = 20,
    data: Data = None,
    database: DatabaseUrl = None,
    config: Config = None,
) -> None:
    """Search the log by any field; the newest first, one JSON object a line."""
    query = _query(tenant, task, kind, (since, until), where)
    newest = msgspec.structs.replace(query, newest_first=True)
    with existing_fleet(data, database, config) as fleet:
        for event in islice(fleet.events(newest), limit):
            typer.echo(msgspec.json.encode(line_of(event)))


def export(  # noqa: PLR0913, PLR0917 - one parameter for each option
    file: Annotated[Path, typer.Argument(help="*.ndjson, *.ndjson.gz or *.parquet.")],
    tenant: Tenant = None,
    task: TaskName = None,
    kind: Kinds = None,
    since: Since = None,
    until: Until = None,
    where: Where = None,
    data: Data = None,
    database: DatabaseUrl = None,
    config: Config = None,
) -> None:
    """Write events to a file, oldest first."""
    query = _query(tenant, task, kind, (since, until), where)
    with existing_fleet(data, database, config) as fleet:
        count = write_events(fleet.events(query), file)
    typer.echo(f"{count:,} events written to {file}")


def import_(
    file: Annotated[Path, typer.Argument(help="What `modelfleet export` wrote, or alike.")],
    data: Data = None,
    database: DatabaseUrl = None,
    config: Config = None,
) -> None:
    """Log the events of a file; those that are there already are left as they are."""
    if not file.exists():
        raise InvalidInput.at("file", f"there is no {file}")
    new = known = 0
    refused: list[str] = []
    published: set[str] = set()
    with Fleet.open(settings_from(data, database, config, {}), train=False) as fleet:
        read = _noting_published(read_events(file), published)
        lines = (line for group in _groups(read) for line in _imported(fleet, group))
        for number, outcome in lines:
            if isinstance(outcome, ModelfleetError):
                refused.append(f"{number}: {outcome}")
            else:
                known += outcome
                new += not outcome
    typer.echo(f"{new:,} events logged; {known:,} were there; {len(refused):,} refused")
    for line in refused[:_SHOWN]:
        typer.echo(f"  line {line}", err=True)
    if published:
        typer.echo(
            f"versions of {len(published):,} tasks were published, but their files aren't events: "
            f"copy them into the store, too, or have them trained anew (modelfleet retry "
            f"{min(published)})",
            err=True,
        )
    raise typer.Exit(1 if refused else 0)


def rebuild(data: Data = None, database: DatabaseUrl = None, config: Config = None) -> None:
    """Derive the catalog and monitoring's sums again from the log alone; appends wait."""
    with existing_fleet(data, database, config) as fleet:
        typer.echo(f"all was derived again from {fleet.rebuild():,} events")


def settings(data: Data = None, database: DatabaseUrl = None, config: Config = None) -> None:
    """Print the settings in force, passwords hidden, as a settings file."""
    for name, value in settings_from(data, database, config, {}).masked().items():
        typer.echo(f"{name} = {msgspec.json.encode(value).decode()}")


def _query(
    tenant: str | None,
    task: str | None,
    kinds: list[str] | None,
    times: tuple[datetime | None, datetime | None],
    where: list[str] | None,
) -> Query:
    since, until = (None if time is None else from_datetime(time) for time in times)
    return Query(
        tenant=tenant,
        task=task,
        kinds=tuple(kinds or ()),
        since=since,
        until=until,
        where=tuple(parse_condition(text) for text in where or ()),
    )


Read = tuple[int, Event | InvalidInput]


def _noting_published(lines: Iterable[Read], published: set[str]) -> Iterator[Read]:
    """The same lines; of which tasks some published a version is noted."""
    for number, event in lines:
        if isinstance(event, Event) and event.kind == kinds.VersionPublished.kind:
            published.add(f"{event.tenant}/{event.task}")
        yield number, event


def _groups(lines: Iterable[Read]) -> Iterator[list[Read]]:
    left = iter(lines)
    while group := list(islice(left, _TOGETHER)):
        yield group


def _imported(fleet: Fleet, lines: list[Read]) -> Iterator[tuple[int, bool | ModelfleetError]]:
    """Each line's number, and whether it was there before, or why it was refused.

    Lines are logged together; only if one of them can't be, each is logged alone.
    """
    good = [(number, event) for number, event in lines if isinstance(event, Event)]
    yield from ((number, error) for number, error in lines if isinstance(error, InvalidInput))
    try:
        receipts = fleet.import_events([event for _, event in good])
    except ModelfleetError as error:
        if len(good) == 1:
            yield good[0][0], error
            return
        for line in good:
            yield from _imported(fleet, [line])
        return
    yield from zip((n for n, _ in good), (r.duplicate for r in receipts), strict=True)
