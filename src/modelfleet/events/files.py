"""Events as files: NDJSON, one event a line, and Parquet, one event a row; out and in again."""

import gzip
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from datetime import datetime
from io import SEEK_END
from itertools import islice
from pathlib import Path
from typing import IO, Any

import msgspec
from arro3.core import Array, DataType, RecordBatchReader, Table
from arro3.io import read_parquet, write_parquet

from modelfleet.clock import from_datetime, to_datetime
from modelfleet.errors import InvalidInput
from modelfleet.events.event import Event, Logged
from modelfleet.events.kinds import Json

_ROWS = 5_000
_PARQUET = b"PAR1"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it is written down. ``seq`` and ``logged`` are left out of account on the way in.

    Times are RFC 3339; one without a zone is UTC.
    """

    kind: str
    tenant: str
    id: str
    time: datetime
    task: str = ""
    fields: dict[str, Json] = {}
    seq: int | None = None
    logged: datetime | None = None


_decoder = msgspec.json.Decoder(Line)


def line_of(event: Logged) -> Line:
    """A logged event as it is written down."""
    return Line(
        kind=event.kind,
        tenant=event.tenant,
        id=event.id,
        time=to_datetime(event.time),
        task=event.task,
        fields=event.fields,
        seq=event.seq,
        logged=to_datetime(event.logged),
    )


def event_of(line: bytes | str) -> Event:
    """The event that a line of NDJSON says.

    Raises:
        InvalidInput: it isn't JSON, or not an event; names the field.
    """
    try:
        read = _decoder.decode(line)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$.")
        raise InvalidInput.at(path.rstrip("`") or "line", message) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput.at("line", f"must be JSON: {error}") from error
    return _event(read)


def write_events(events: Iterable[Logged], path: Path) -> int:
    """Write events to ``*.ndjson``, ``*.jsonl`` (either also ``.gz``) or ``*.parquet``; how many.

    Raises:
        InvalidInput: the file's name ends otherwise, or its folder isn't there.
    """
    check_writable(path, "file")
    counted = _Counted(events)
    if path.suffix == ".parquet":
        batches = (batch for table in _tables(counted) for batch in table.to_batches())
        first = Table.from_batches([], schema=_table([]).schema).schema
        write_parquet(RecordBatchReader.from_batches(first, batches), path, compression="zstd(3)")
    else:
        with _open(path, "wb") as file:
            for event in counted:
                file.write(msgspec.json.encode(line_of(event)) + b"\n")
    return counted.count


def read_events(path: Path) -> Iterator[tuple[int, Event | InvalidInput]]:
    """The events of a file that `write_events` or another wrote, with their line or row numbers.

    One that can't be read comes as the error that says why; the others come all the same.

    Raises:
        InvalidInput: the file's name ends in none of the known ways.
    """
    if path.suffix == ".parquet":
        yield from _read_parquet(path)
        return
    with _open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                # Programs on Windows begin files with a byte order mark, which is no JSON.
                yield number, event_of(line.removeprefix(BOM_UTF8))
            except InvalidInput as error:
                yield number, error


def parquet_batches(path: Path) -> RecordBatchReader:
    """The rows of a Parquet file, many at a time.

    Raises:
        InvalidInput: it isn't one.
    """
    # Looked at here because the library panics, past `except Exception`, on any other file.
    with path.open("rb") as file:
        head = file.read(len(_PARQUET))
        file.seek(-min(len(_PARQUET), path.stat().st_size), SEEK_END)
        if not head == file.read() == _PARQUET:
            raise InvalidInput.at("file", f"{path} isn't Parquet")
    return read_parquet(path)


def check_writable(path: Path, field: str) -> None:
    """Whether a file may be written there, found out before there is much to write.

    Raises:
        InvalidInput: its folder isn't there, or it is a folder.
    """
    if not path.absolute().parent.is_dir():
        raise InvalidInput.at(field, f"there is no folder {path.absolute().parent}")
    if path.is_dir():
        raise InvalidInput.at(field, f"{path} is a folder")


class _Counted:
    """Passes events on, and knows how many there were."""

    def __init__(self, events: Iterable[Logged]) -> None:
        self._events = events
        self.count = 0

    def __iter__(self) -> Iterator[Logged]:
        for event in self._events:
            self.count += 1
            yield event


def _open(path: Path, mode: str) -> IO[bytes]:
    plain = path.with_suffix("") if path.suffix == ".gz" else path
    if plain.suffix not in {".ndjson", ".jsonl"}:
        raise InvalidInput.at("file", "must end in .ndjson, .jsonl, .gz of these, or .parquet")
    opened: Any = gzip.open if plain != path else open
    file: IO[bytes] = opened(path, mode)
    return file


def _tables(events: Iterable[Logged]) -> Iterator[Table]:
    left = iter(events)
    while rows := list(islice(left, _ROWS)):
        yield _table(rows)


def _table(rows: list[Logged]) -> Table:
    time = DataType.timestamp("us", tz="UTC")

    def texts(name: str) -> Array:
        return Array([getattr(row, name) for row in rows], DataType.string())

    def numbers(name: str) -> Array:
        return Array([getattr(row, name) for row in rows], DataType.int64())

    fields = [msgspec.json.encode(row.fields).decode() for row in rows]
    return Table.from_pydict(
        {
            "seq": numbers("seq"),
            "logged": numbers("logged").cast(time),
            "kind": texts("kind"),
            "tenant": texts("tenant"),
            "time": numbers("time").cast(time),
            "id": texts("id"),
            "task": texts("task"),
            "fields": Array(fields, DataType.string()),
        }
    )


def _read_parquet(path: Path) -> Iterator[tuple[int, Event | InvalidInput]]:
    number = 0
    for batch in parquet_batches(path):
        columns = {name: batch.column(name).to_pylist() for name in batch.schema.names}
        for row in range(batch.num_rows):
            number += 1
            try:
                yield number, _event_of_row({name: column[row] for name, column in columns.items()})
            except InvalidInput as error:
                yield number, error


def _event_of_row(row: dict[str, Any]) -> Event:
    try:
        fields = msgspec.json.decode(row.get("fields") or "{}")
        return _event(msgspec.convert(row | {"fields": fields}, Line))
    except msgspec.DecodeError as error:
        raise InvalidInput.at("row", str(error)) from error


def _event(line: Line) -> Event:
    return Event(
        kind=line.kind,
        tenant=line.tenant,
        time=from_datetime(line.time),
        id=line.id,
        task=line.task,
        fields=line.fields,
    )
