"""`modelfleet forget` and `forgotten`."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from modelfleet.cli.one_task import BY, Which, opened_task
from modelfleet.cli.roles import Config, Data, DatabaseUrl
from modelfleet.clock import to_datetime
from modelfleet.decisions import Forgotten
from modelfleet.errors import InvalidInput, NotFound
from modelfleet.events import parse_condition


def forget(  # noqa: PLR0913, PLR0917 - one parameter for each option
    task: Which,
    example: Annotated[
        str | None, typer.Option(help="One request: decision:… or example:… and its id.")
    ] = None,
    person: Annotated[str | None, typer.Option(help="All that somebody said.")] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            help="All requests with this metadata, such as customer=c-1182; repeatable: with all "
            "of it. 1182 means the number and the text; quoted, customer='\"1182\"', the text."
        ),
    ] = None,
    why: Annotated[str, typer.Option(help="For what reason; it stays in the log.")] = "",
    data: Data = None,
    database: DatabaseUrl = None,
    config: Config = None,
) -> None:
    """Empty a request, a person's words, or a customer's requests out of log and models."""
    if sum((example is not None, person is not None, bool(where))) != 1:
        raise InvalidInput.at(
            "forget", "must be told what: exactly one of --example, --person and --where"
        )
    fields = _fields(where or ())
    with opened_task(task, data, database, config) as opened:
        steps = [
            step
            for metadata in _meant(fields)
            for step in opened.forget(example, person=person, metadata=metadata, by=BY, why=why)
        ]
    if not steps:
        raise _not_found(task, example, person, fields)
    Console().print(_table(steps))


def forgotten(
    task: Which, data: Data = None, database: DatabaseUrl = None, config: Config = None
) -> None:
    """What was forgotten, and whether the version that answers is free of it."""
    with opened_task(task, data, database, config) as opened:
        steps = opened.forgotten()
    Console().print(_table(steps))


def _fields(where: Sequence[str]) -> dict[str, list[Any]]:
    """What each field may be: a bare 1182 is a number, yet the log may have it as a text."""
    fields: dict[str, list[Any]] = {}
    for text in where:
        asked = parse_condition(text)
        if asked.operator != "=":
            raise InvalidInput.at("where", f"must be a field and its value, a=b; got {text!a}")
        if asked.field in fields:
            raise InvalidInput.at(
                "where", f"names {asked.field} twice, and no request has both; forget one at a time"
            )
        written = text.partition("=")[2].strip()
        is_text = isinstance(asked.value, str)
        fields[asked.field] = [asked.value] if is_text else [asked.value, written]
    return fields


def _meant(fields: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """The metadata of which any is to be forgotten."""
    return [dict(zip(fields, values, strict=True)) for values in product(*fields.values())]


def _not_found(
    task: str, example: str | None, person: str | None, fields: Mapping[str, Sequence[Any]]
) -> NotFound:
    if example is not None:
        field, what = "example", f"no request {example}"
    elif person is not None:
        field, what = "person", f"nothing said by {person}"
    else:
        field, what = "where", f"no request with {' and '.join(map(_shown, fields.items()))}"
    return NotFound.at(field, f"{task} has {what} that isn't forgotten already")


def _shown(field: tuple[str, Sequence[Any]]) -> str:
    name, values = field
    return f"{name}={' or '.join(msgspec.json.encode(value).decode() for value in values)}"


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
