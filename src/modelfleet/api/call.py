"""One request on its way through a route: its body, its parameters, its answer."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

import msgspec
from litestar import Request
from litestar.types import Receive, Scope, Send

from modelfleet.api.access import Access
from modelfleet.api.faults import convert, decode
from modelfleet.api.metrics import Metrics
from modelfleet.api.problems import BodyBroken, BodyEncoded, TooLarge
from modelfleet.api.together import Together
from modelfleet.api.wakeups import Wakeups
from modelfleet.decisions import Scorer
from modelfleet.decisions.scoring import score_together
from modelfleet.events.validation import check_text
from modelfleet.fleet import Fleet
from modelfleet.task import Task

MOST_BYTES = 2_000_000
"""Of a body that is read at once."""

_THREADS = 32
_SEVERAL = {"kind", "where"}

P = ParamSpec("P")
T = TypeVar("T")
Q = TypeVar("Q", bound=msgspec.Struct)


class Platform:
    """What all routes of an application share."""

    def __init__(
        self, fleet: Fleet, access: Access, metrics: Metrics, *, document: bytes, page: bytes
    ) -> None:
        self.fleet = fleet
        self.access = access
        self.metrics = metrics
        self.document = document
        self.page = page
        self.wakeups = Wakeups()
        self.decisions = Together(fleet.decider.decide_together, self.wakeups.tell)
        self.predictions = Together(score_together)
        self.scorer = Scorer(fleet.cache)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="api")

    async def in_thread(self, do: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What ``do`` returns, without holding up other requests."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: do(*args, **kwargs))


class Answer:
    """A whole body, encoded already."""

    __slots__ = ("_body", "_headers", "_status")

    def __init__(
        self,
        body: bytes,
        media_type: bytes = b"application/json",
        headers: Sequence[tuple[bytes, bytes]] = (),
    ) -> None:
        self._body = body
        self._headers = [
            (b"content-type", media_type),
            (b"content-length", str(len(body)).encode()),
            *headers,
        ]

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Send it; to HEAD, which asks only whether there is one, without the body itself."""
        body = b"" if scope.get("method") == "HEAD" else self._body
        await send({"type": "http.response.start", "status": 200, "headers": self._headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})


class Streamed:
    """A body of unknown length, sent as it is made."""

    def __init__(self, chunks: AsyncIterator[bytes], media_type: bytes) -> None:
        self._chunks = chunks
        self._media_type = media_type

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send it; an error before the first chunk still gets a status of its own."""
        first = await anext(self._chunks, b"")
        headers = [(b"content-type", self._media_type)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": first, "more_body": True})
        async for chunk in self._chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class Call:
    """A request that may go on; what routes need of it."""

    __slots__ = ("_request", "fleet", "metrics", "parameters", "platform", "scope", "wakeups")

    def __init__(
        self, platform: Platform, request: "Request[Any, Any, Any]", scope: str | None
    ) -> None:
        self.platform = platform
        self.fleet = platform.fleet
        self.metrics = platform.metrics
        self.wakeups = platform.wakeups
        self.parameters: dict[str, str] = request.scope["path_params"]
        self.scope = scope  # the only tenant that the request's key may see; None for all
        self._request = request

    @property
    def task(self) -> Task:
        """The task that the path names.

        Raises:
            InvalidInput: a name can't be accepted.
        """
        return self.fleet.task(self.parameters["tenant"], self.parameters["task"])

    @property
    def accepts_lines(self) -> bool:
        """Whether the client asked for NDJSON."""
        return "application/x-ndjson" in self._request.headers.get("accept", "")

    async def read(self, decoder: "msgspec.json.Decoder[T]", *, empty: bytes = b"") -> T:
        """The body, or ``empty`` in its place if there is none.

        Raises:
            InvalidInput: it isn't JSON or has a fault; names the field.
            TooLarge: it has more than 2 MB.
        """
        return decode(decoder, await self.body() or empty)

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes.

        Raises:
            BodyEncoded: it is compressed.
            BodyBroken: the client went away in the middle.
        """
        encoding = self._request.headers.get("content-encoding", "identity")
        if encoding.strip().lower() not in {"", "identity"}:
            raise BodyEncoded(encoding)
        more = True
        while more:
            message = await self._request.receive()
            if message["type"] != "http.request":
                raise BodyBroken
            yield message["body"]
            more = message.get("more_body", False)

    def query(self, type_: type[Q]) -> Q:
        """The parameters behind the question mark.

        Raises:
            InvalidInput: one is unknown, given twice, or not what it should be.
        """
        given: dict[str, Any] = {}
        for name, value in self._request.query_params.multi_items():
            check_text(value, name)
            if name in _SEVERAL:
                given.setdefault(name, []).append(value)
            else:
                given[name] = value
        return convert(given, type_)

    async def in_thread(self, do: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What ``do`` returns, without holding up other requests."""
        return await self.platform.in_thread(do, *args, **kwargs)

    def header(self, name: str) -> str | None:
        """A header's value, None without it."""
        return self._request.headers.get(name)

    async def body(self) -> bytes:
        """The body as it came.

        Raises:
            BodyEncoded: it is compressed.
            TooLarge: it has more than 2 MB.
            BodyBroken: the client went away in the middle.
        """
        announced = self._request.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > MOST_BYTES:
            raise TooLarge(MOST_BYTES)
        body = b""
        parts: list[bytes] = []
        size = 0
        async for body in self.chunks():
            size += len(body)
            if size > MOST_BYTES:
                raise TooLarge(MOST_BYTES)
            parts.append(body)
        return body if len(parts) == 1 else b"".join(parts)


def json(value: object) -> Answer:
    """A value as the answer to a request."""
    return Answer(msgspec.json.encode(value))
