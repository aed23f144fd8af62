"""NDJSON in, NDJSON out: each line is answered for, and memory stays bounded.

The answers are kept (in memory, then in a temporary file) until the whole body was read: many
clients read nothing before they have sent everything, and would wait for us as we for them.
"""

from codecs import BOM_UTF8
from collections.abc import AsyncIterator, Callable, Sequence
from tempfile import SpooledTemporaryFile
from typing import IO, TypeVar

import msgspec

from modelfleet.api.answers import LineAnswer
from modelfleet.api.call import Call, Streamed
from modelfleet.api.faults import decode
from modelfleet.api.problems import problem_of
from modelfleet.decisions import Receipt
from modelfleet.errors import Conflict, InvalidInput, ModelfleetError

LONGEST_LINE = 1_000_000
"""Bytes of one line."""

_TOGETHER = 500
_BYTES_TOGETHER = 2_000_000
_IN_MEMORY = 1_000_000
_CHUNK = 65_536

T = TypeVar("T")
Take = Callable[[Sequence[T]], Sequence[Receipt]]
"""Logs all of some items or none; says where each stands."""


class Line(msgspec.Struct, frozen=True):
    """A line of the body, numbered from 1; without data it was longer than is taken."""

    number: int
    data: bytes | None


class Splitter:
    """Cuts a body that comes in chunks into lines; keeps no more than one line."""

    def __init__(self, longest: int = LONGEST_LINE) -> None:
        self._longest = longest
        self._begun = bytearray()
        self._too_long = False
        self._number = 0

    def feed(self, chunk: bytes) -> list[Line]:
        """The lines that end in this chunk; empty ones are counted and left out."""
        *ended, begun = chunk.split(b"\n")
        lines = [line for part in ended if (line := self._end(part))]
        self._continue(begun)
        return lines

    def last(self) -> list[Line]:
        """The line that the body's end ends."""
        line = self._end(b"")
        return [line] if line else []

    def _end(self, part: bytes) -> Line | None:
        self._continue(part)
        self._number += 1
        line = Line(self._number, None if self._too_long else bytes(self._begun).strip())
        self._begun.clear()
        self._too_long = False
        return line if line.data != b"" else None

    def _continue(self, part: bytes) -> None:
        if self._too_long or len(self._begun) + len(part) > self._longest:
            self._too_long = True
            self._begun.clear()
        else:
            self._begun += part


async def take_lines(call: Call, decoder: "msgspec.json.Decoder[T]", take: "Take[T]") -> Streamed:
    """Log each line of the body, some hundred together; the answer says what became of each.

    Raises:
        BodyBroken: the client went away; what came before is in the log.
    """
    spool = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed by whoever sends it
    try:
        async for group in _groups(call.chunks()):
            await call.in_thread(_answer, group, decoder, take, spool)
    except BaseException:
        spool.close()
        raise
    spool.seek(0)
    return Streamed(_sent(call, spool), b"application/x-ndjson")


async def _groups(chunks: AsyncIterator[bytes]) -> AsyncIterator[list[Line]]:
    """Lines as they come, in groups that are logged together."""
    splitter = Splitter()
    group: list[Line] = []
    size = 0
    async for chunk in chunks:
        for line in splitter.feed(chunk):
            group.append(line)
            size += len(line.data or b"")
            if len(group) >= _TOGETHER or size >= _BYTES_TOGETHER:
                yield group
                group, size = [], 0
    group += splitter.last()
    if group:
        yield group


async def _sent(call: Call, spool: "IO[bytes]") -> AsyncIterator[bytes]:
    with spool:
        while chunk := await call.in_thread(spool.read, _CHUNK):
            yield chunk


def _answer(
    group: list[Line], decoder: "msgspec.json.Decoder[T]", take: "Take[T]", spool: "IO[bytes]"
) -> None:
    answers: list[LineAnswer] = []
    items: list[tuple[int, T]] = []
    for line in group:
        try:
            items.append((line.number, _decoded(line, decoder)))
        except InvalidInput as error:
            answers.append(_refused(line.number, error))
    answers += _taken(items, take)
    answers.sort(key=lambda answer: answer.line)
    spool.write(b"".join(msgspec.json.encode(answer) + b"\n" for answer in answers))


def _decoded(line: Line, decoder: "msgspec.json.Decoder[T]") -> T:
    if line.data is None:
        raise InvalidInput.at("line", f"must be at most {LONGEST_LINE:,} bytes")
    # Programs on Windows begin files with a byte order mark, which is no JSON.
    return decode(decoder, line.data.removeprefix(BOM_UTF8))


def _taken(items: list[tuple[int, T]], take: "Take[T]") -> list[LineAnswer]:
    """Log items together; when that fails, in halves, until those are found that can't be."""
    if not items:
        return []
    try:
        receipts = take([item for _, item in items])
    except ModelfleetError as error:
        if len(items) == 1 or not isinstance(error, InvalidInput | Conflict):
            return [_refused(number, error) for number, _ in items]
        half = len(items) // 2
        return _taken(items[:half], take) + _taken(items[half:], take)
    return [
        LineAnswer(number, receipt.id, receipt.seq, receipt.duplicate)
        for (number, _), receipt in zip(items, receipts, strict=True)
    ]


def _refused(number: int, error: ModelfleetError) -> LineAnswer:
    return LineAnswer(number, error=problem_of(error))
