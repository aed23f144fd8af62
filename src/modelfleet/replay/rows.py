"""The rows of a CSV, JSONL or Parquet file; one that can't be read says why and stops nothing."""

import csv
import gzip
import io
import re
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import msgspec

from modelfleet.errors import InvalidInput
from modelfleet.events.files import parquet_batches
from modelfleet.events.kinds import Json
from modelfleet.replay.encoding import check_encoding, is_undecoded
from modelfleet.replay.ticket import Malformed

Row = dict[str, Json]
Rows = Iterator[tuple[int, Row] | Malformed]
"""Each row with the line that it begins at (Parquet: its number), from 1."""

_DELIMITERS = ",;\t|"
_QUOTED = re.compile('"[^"]*"?')
_HEAD = 100_000


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
        check_encoding(file, path)
        file.seek(0)
        for line, content in enumerate(file, 1):
            # Programs on Windows begin files with a byte order mark, which is no JSON.
            text = content.removeprefix(BOM_UTF8).strip()
            if text:
                yield _decoded(line, text)


def _decoded(line: int, text: bytes) -> tuple[int, Row] | Malformed:
    try:
        row = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        return Malformed(line, f"isn't JSON: {error}")
    except UnicodeDecodeError:
        return Malformed(line, "isn't UTF-8")
    if not isinstance(row, dict):
        return Malformed(line, "isn't a JSON object")
    return line, row


def _csv(path: Path) -> Rows:
    with _open(path) as raw:
        check_encoding(raw, path)
        raw.seek(0)
        # So a row of bytes that aren't UTF-8 can be told from the others, and left out alone.
        with io.TextIOWrapper(raw, "utf-8-sig", errors="surrogateescape", newline="") as file:
            delimiter = _delimiter(file.read(_HEAD))
            file.seek(0)
            records = _records(file, delimiter)
            names = _heading(next(records, None), path)
            for line, record in records:
                yield _row(line, names, record)


def _records(file: TextIO, delimiter: str) -> Iterator[tuple[int, list[str] | csv.Error]]:
    """The records that aren't blank, each with the line that it begins at."""
    reader = csv.reader(file, delimiter=delimiter)
    while True:
        line = reader.line_num + 1
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, error
            continue
        if record:
            yield line, record


def _heading(first: tuple[int, list[str] | csv.Error] | None, path: Path) -> list[str]:
    """The names of the columns; the others depend on them, so none can be passed over."""
    if first is None:
        return []
    line, names = first
    if isinstance(names, csv.Error):
        raise InvalidInput.at("file", f"{path} isn't CSV: {names} in line {line}")
    if any(map(is_undecoded, names)):
        raise InvalidInput.at(
            "file", f"the header of {path} isn't UTF-8; convert it, e.g. iconv -f latin1 -t utf-8"
        )
    for name, count in Counter(filter(None, names)).items():
        if count > 1:
            raise InvalidInput.at("file", f"the column '{name}' stands twice in the header")
    return names


def _delimiter(head: str) -> str:
    """What separates the names in the first line; a name in quotes may hold anything."""
    heading = re.split("[\r\n]", _QUOTED.sub("", head).lstrip("\r\n"), maxsplit=1)[0]
    return max(_DELIMITERS, key=heading.count)


def _row(line: int, names: list[str], record: list[str] | csv.Error) -> tuple[int, Row] | Malformed:
    """The record by its columns' names, if it has as many fields as there are."""
    if isinstance(record, csv.Error):
        return Malformed(line, f"isn't CSV: {record}")
    if len(record) != len(names):
        return Malformed(line, f"has {len(record)} fields where the header has {len(names)}")
    if any(map(is_undecoded, record)):
        return Malformed(line, "isn't UTF-8")
    return line, {name: value for name, value in zip(names, record, strict=True) if name}


def _parquet(path: Path) -> Rows:
    line = 0
    for batch in parquet_batches(path):
        names = batch.schema.names
        columns = [batch.column(name).to_pylist() for name in names]
        for values in zip(*columns, strict=True):
            line += 1
            yield line, dict(zip(names, values, strict=True))
