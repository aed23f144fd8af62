"""A file of past requests, read: tickets in the order in which they came, and what was left out."""

import random
import zlib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from modelfleet.clock import MINUTE, to_datetime
from modelfleet.errors import InvalidInput
from modelfleet.events.kinds import Json
from modelfleet.events.validation import check_request, check_text
from modelfleet.replay.columns import METADATA, Asked, Columns, choose
from modelfleet.replay.rows import Row, read_rows
from modelfleet.replay.ticket import Malformed, Ticket
from modelfleet.replay.times import best_reader, read_time

_LONGEST_NAME = 500
_MOST_REASONS = 20
_FIRST_MADE_UP_TIME = 1_735_689_600_000_000  # 2025-01-01T00:00:00Z


class Order(msgspec.Struct, frozen=True):
    """Another order than the file's times, or only the beginning."""

    shuffle: int | None = None
    """Seed of a random order, for files that are sorted by label; times are then made up."""
    limit: int | None = None
    """Only so many tickets, the first in the order of the replay."""


class History(msgspec.Struct, frozen=True):
    """What a file holds. ``rows`` counts all that were read, malformed ones included."""

    file: str
    columns: Columns
    tickets: tuple[Ticket, ...]
    malformed: tuple[Malformed, ...]
    rows: int
    made_up_times: bool
    notes: tuple[str, ...]


def read_history(path: Path, asked: Asked, order: Order) -> History:
    """Read a file into the order of its replay.

    Rows without a usable text, label, tenant or time are left out and listed.

    Raises:
        InvalidInput: the file can't be read, a column is neither named nor guessed, or no row is
            usable.
    """
    read = _all_rows(path)
    malformed = [row for row in read if isinstance(row, Malformed)]
    rows = [row for row in read if not isinstance(row, Malformed)]
    if not rows:
        raise _none_usable(path, malformed)
    columns = choose(_names(rows), asked)
    made_up = columns.time is None or order.shuffle is not None
    maker = _TicketMaker(columns, _name_of(path), rows, made_up=made_up)
    tickets: list[Ticket] = []
    for line, row in rows:
        try:
            tickets.append(maker.ticket(line, row))
        except InvalidInput as error:
            malformed.append(Malformed(line, str(error)))
    malformed.sort(key=lambda one: one.line)
    if not tickets:
        raise _none_usable(path, malformed)
    return History(
        file=path.name,
        columns=columns,
        tickets=_in_order(tickets, order, made_up=made_up),
        malformed=tuple(malformed),
        rows=len(read),
        made_up_times=made_up,
        notes=_notes(columns, order, maker.tenant),
    )


def _all_rows(path: Path) -> list[tuple[int, Row] | Malformed]:
    try:
        return list(read_rows(path))
    except (OSError, EOFError, zlib.error) as error:
        raise InvalidInput.at("file", f"{path} can't be read: {error}") from error


def _none_usable(path: Path, malformed: Sequence[Malformed]) -> InvalidInput:
    if not malformed:
        return InvalidInput.at("file", f"{path} has no rows")
    said = [f"no row of {path} can be used:"]
    said += [f"  line {row.line}: {row.reason}" for row in malformed[:_MOST_REASONS]]
    if len(malformed) > _MOST_REASONS:
        said.append(f"  … and {len(malformed) - _MOST_REASONS:,} more")
    return InvalidInput.at("file", "\n".join(said))


class _TicketMaker:
    """Makes tickets of rows whose columns are known."""

    def __init__(
        self, columns: Columns, tenant: str, rows: Sequence[tuple[int, Row]], *, made_up: bool
    ) -> None:
        self.tenant = tenant
        self._columns = columns
        self._made_up = made_up
        times = [] if made_up else [row.get(columns.time or "") for _, row in rows]
        self._reader = best_reader(times)

    def ticket(self, line: int, row: Row) -> Ticket:
        """The ticket of a row.

        Raises:
            InvalidInput: it can't be one; names the part.
        """
        columns = self._columns
        text = "\n".join(filter(None, (_string(row, name, "text") for name in columns.text)))
        metadata = _metadata(row, columns.metadata)
        check_request(text, metadata)
        time = 0 if self._made_up else read_time(self._reader, row.get(columns.time or ""))
        tenant = self.tenant
        if columns.tenant is not None:
            tenant = _name(row, columns.tenant, "tenant")
        if not tenant:
            raise InvalidInput.at("tenant", "is missing")
        label = _name(row, columns.label, "label")
        return Ticket(line, time, tenant, label or None, text, metadata)


def _in_order(tickets: list[Ticket], order: Order, *, made_up: bool) -> tuple[Ticket, ...]:
    if order.shuffle is not None:
        random.Random(order.shuffle).shuffle(tickets)  # noqa: S311 - an order, not a secret
    if not made_up:
        tickets = sorted(tickets, key=lambda ticket: (ticket.time, ticket.line))
    first = tickets[: order.limit]
    if not made_up:
        return tuple(first)
    return tuple(
        msgspec.structs.replace(ticket, time=_FIRST_MADE_UP_TIME + index * MINUTE)
        for index, ticket in enumerate(first)
    )


def _notes(columns: Columns, order: Order, tenant: str) -> tuple[str, ...]:
    notes = []
    if columns.tenant is None:
        notes.append(f"No tenant column: all rows belong to one tenant, '{tenant}'.")
    if order.shuffle is not None:
        notes.append(
            f"The rows were shuffled (seed {order.shuffle}); times are made up, one request a "
            f"minute from {to_datetime(_FIRST_MADE_UP_TIME):%Y-%m-%d} on."
        )
    elif columns.time is None:
        notes.append(
            "No time column: the file's order counts, and times are made up, one request a minute "
            f"from {to_datetime(_FIRST_MADE_UP_TIME):%Y-%m-%d} on. If the file is sorted by label, "
            "use --shuffle."
        )
    return tuple(notes)


def _names(rows: Sequence[tuple[int, Row]]) -> list[str]:
    """The columns that any row has, in the order of their first appearance."""
    return list(dict.fromkeys(name for _, row in rows for name in row))


def _name_of(path: Path) -> str:
    return path.name.partition(".")[0] or path.name


def _string(row: Row, column: str, field: str) -> str:
    """A value as a stripped text; numbers as they are written, empty if it is missing."""
    value = row.get(column)
    if value is None:
        return ""
    if isinstance(value, dict | list):
        raise InvalidInput.at(field, f"must be a text; '{column}' holds a nested value")
    return str(value).strip()


def _name(row: Row, column: str, field: str) -> str:
    return check_text(_string(row, column, field), field, most=_LONGEST_NAME)


def _metadata(row: Row, columns: Sequence[str]) -> dict[str, Json]:
    """The named columns; a nested mapping named `metadata` is taken as it is."""
    found: dict[str, Json] = {}
    for column in columns:
        value = row.get(column)
        if column == METADATA and isinstance(value, dict):
            found |= value
        elif value is not None and value != "":
            found[column] = _plain(value)
    return found


def _plain(value: Json) -> Json:
    """Parquet's times become texts; what JSON can hold stays."""
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value
