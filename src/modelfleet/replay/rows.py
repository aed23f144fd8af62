"""The rows of a CSV, JSONL or Parquet file; one that can't be read says why and stops nothing."""

import csv
import gzip
import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec

from modelfleet.errors import InvalidInput
from modelfleet.events.files import parquet_batches
from modelfleet.events.kinds import Json
from modelfleet.replay.ticket import Malformed

Row = dict[str, Json]
Rows = Iterator[tuple[int, Row] | Malformed]
"""Each row with the line that it begins at (Parquet: its number), from 1."""

_MORE = "\0more"


def read_rows(path: Path) -> Rows:
    """The rows of ``*.csv``, ``*.tsv``, ``*.jsonl``, ``*.ndjson`` (also ``.gz``), ``*.parquet``.

    Raises:
        InvalidInput: there is no such file, it can't be opened, or it is of another kind.
    """
    kind = path.name.lower().removesuffix(".gz").rpartition(".")[2]
    if not path.is_file():
        raise InvalidInput.at("file", f"there is no file {path}")
    if kind == "parquet":
        return _parquet(path)
    if kind in {"csv", "tsv"}:
        return _csv(path)
    if kind in {"jsonl", "ndjson", "json"}:
        return _jsonl(path)
    raise InvalidInput.at("file", f"must be .csv, .jsonl (either also .gz) or .parquet; got {path}")


def _open(path: Path) -> gzip.GzipFile | io.BufferedReader:
    return gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb")


def _jsonl(path: Path) -> Rows:
    with _open(path) as file:
        for line, content in enumerate(file, 1):
            if not content.strip():
                continue
            try:
                row = msgspec.json.decode(content)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                yield Malformed(line, f"isn't JSON: {error}")
                continue
            if isinstance(row, dict):
                yield line, row
            else:
                yield Malformed(line, "isn't a JSON object")


def _csv(path: Path) -> Rows:
    # Bytes that aren't UTF-8 become lone surrogates, which the check of each row's text names.
    with (
        _open(path) as raw,
        io.TextIOWrapper(raw, "utf-8-sig", errors="surrogateescape", newline="") as file,
    ):
        head = file.readline()
        file.seek(0)
        reader = csv.DictReader(file, restkey=_MORE, delimiter=_delimiter(head))
        names = reader.fieldnames or []
        while True:
            line = reader.line_num + 1
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Malformed(line, f"isn't CSV: {error}")
                continue
            yield _complete(line, row, len(names))


def _delimiter(head: str) -> str:
    counts = Counter(character for character in head if character in ",;\t|")
    return counts.most_common(1)[0][0] if counts else ","


def _complete(line: int, row: Row, wanted: int) -> tuple[int, Row] | Malformed:
    """The row if it has as many fields as the header."""
    if _MORE in row:
        found = wanted + len(row[_MORE])
    else:
        found = sum(value is not None for value in row.values())
    if found != wanted:
        return Malformed(line, f"has {found} fields where the header has {wanted}")
    return line, row


def _parquet(path: Path) -> Rows:
    line = 0
    for batch in parquet_batches(path):
        names = batch.schema.names
        columns = [batch.column(name).to_pylist() for name in names]
        for values in zip(*columns, strict=True):
            line += 1
            yield line, dict(zip(names, values, strict=True))
