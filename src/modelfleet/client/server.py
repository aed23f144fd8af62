"""Connections to a server; what it answers, as values and errors of ours."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx
import msgspec

from modelfleet.client.translation import Json, encode, read, receipt
from modelfleet.decisions import Receipt
from modelfleet.errors import (
    Conflict,
    Declined,
    Fault,
    InvalidInput,
    ModelfleetError,
    NotAllowed,
    NotFound,
    ServerRefused,
)
from modelfleet.events import Logged

_ATTEMPTS = 4
_FIRST_PAUSE = 0.1
_DECLINED: dict[int, type[Declined]] = {
    400: InvalidInput,
    401: NotAllowed,
    403: NotAllowed,
    404: NotFound,
    409: Conflict,
    413: InvalidInput,
    415: InvalidInput,
}
_LINES = "application/x-ndjson"

T = TypeVar("T")


class Server:
    """Connections to a server, and what it answers as values and errors of ours."""

    def __init__(self, http: httpx.Client, pause: Callable[[float], None]) -> None:
        self.http = http
        self._pause = pause

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, str] | None = None,
        attempts: int = _ATTEMPTS,
    ) -> Any:  # noqa: ANN401 - whatever JSON the path answers with
        """The answer; asked again when the connection is lost, each time after a longer pause."""
        content = None if body is None else encode(body)
        headers = {} if content is None else {"Content-Type": "application/json"}
        for attempt in range(1, attempts):
            try:
                response = self.http.request(
                    method, path, content=content, headers=headers, params=query
                )
            except httpx.TransportError:
                self._pause(_FIRST_PAUSE * 2 ** (attempt - 1))
            else:
                return _answered(response)
        with _reached():
            response = self.http.request(
                method, path, content=content, headers=headers, params=query
            )
        return _answered(response)

    def send_lines(
        self, path: str, items: Iterable[T], body: Callable[[T], Json]
    ) -> list[Receipt | ModelfleetError]:
        """What became of each item, in their order, sent on a line each; isn't sent again.

        One that has no ``body`` is answered for here: the others are on their way already.
        """
        refused: dict[int, InvalidInput] = {}

        def lines() -> Iterator[bytes]:
            for number, item in enumerate(items):
                try:
                    line = encode(body(item))
                except InvalidInput as error:
                    refused[number] = error
                else:
                    yield line + b"\n"

        with _reached():
            response = self.http.post(path, content=lines(), headers={"Content-Type": _LINES})
        _raise_refusal(response)
        answered = response.content.splitlines()
        others = map(_of_line, answered)
        numbers = range(len(answered) + len(refused))
        return [refused[number] if number in refused else next(others) for number in numbers]

    def read_lines(self, path: str, parameters: Mapping[str, str | list[str]]) -> Iterator[Logged]:
        """The events that the server streams."""
        with (
            _reached(),
            self.http.stream("GET", path, params=parameters, headers={"Accept": _LINES}) as found,
        ):
            if found.is_error:
                found.read()
            _raise_refusal(found)
            for line in found.iter_lines():
                yield read(Logged, msgspec.json.decode(line))


@contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except httpx.TransportError as error:
        raise ServerRefused(f"the server can't be reached: {error}") from error


def _answered(response: httpx.Response) -> object:
    _raise_refusal(response)
    return msgspec.json.decode(response.content)


def _of_line(line: bytes) -> Receipt | ModelfleetError:
    answer = msgspec.json.decode(line)
    return _error(answer["error"]) if "error" in answer else receipt(answer)


def _raise_refusal(response: httpx.Response) -> None:
    if not response.is_success:
        try:
            problem = msgspec.json.decode(response.content, type=Json)
        except msgspec.DecodeError:
            problem = {"detail": response.reason_phrase}
        raise _error({"status": response.status_code, **problem})


def _error(problem: Json) -> ModelfleetError:
    kind = _DECLINED.get(problem["status"])
    faults = problem.get("faults")
    if kind and faults:
        return kind(*msgspec.convert(faults, tuple[Fault, ...]))
    detail = str(problem.get("detail", ""))
    return kind.at("request", detail) if kind else ServerRefused(f"{problem['status']}: {detail}")
