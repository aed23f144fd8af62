"""Running the API in this process until told to stop, and stopping without losing a request."""

import asyncio
import gc
import signal
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec
from granian.constants import Interfaces
from granian.server.embed import Server

from modelfleet.errors import SettingsWrong

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Asgi = Callable[[Any, Receive, Send], Awaitable[None]]

_LONGEST_DRAIN = 15.0
_BETWEEN_TRIES = 0.02
_STOPPING = msgspec.json.encode(
    {
        "type": "about:blank",
        "title": "Stopping",
        "status": 503,
        "detail": "this server is stopping; send the request again",
        "error": "this server is stopping; send the request again",  # as other protocols say it
    }
)


class Draining:
    """An application that, once it drains, finishes what it has begun and begins nothing more."""

    def __init__(self, app: Asgi) -> None:
        self._app = app
        self._in_flight = 0
        self._stopping = False
        self._idle = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it when draining."""
        if scope["type"] == "http" and self._stopping:
            await _refuse(send)
            return
        self._in_flight += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._in_flight -= 1
            if self._stopping and not self._in_flight:
                self._idle.set()

    async def drain(self) -> None:
        """Refuse what comes, and wait for what is in flight, for 15 seconds at most."""
        self._stopping = True
        if self._in_flight:
            async with asyncio.timeout(_LONGEST_DRAIN):
                await self._idle.wait()


async def serve(app: Asgi, host: str, port: int, ready: Callable[[], object]) -> None:
    """Answer requests until SIGINT or SIGTERM; ``ready`` is called once it listens.

    The process is a server's from then on: it looks for garbage seldom.

    Raises:
        SettingsWrong: the port is another program's, or the host isn't this machine's.
    """
    check_free(host, port)
    _seldom_collect()
    draining = Draining(app)
    server = Server(
        draining,
        address=host,
        port=port,
        interface=Interfaces.ASGINL,
        backlog=1024,
        log_enabled=False,
    )
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    serving = asyncio.create_task(server.serve())
    stopping = asyncio.create_task(stop.wait())
    await _listens(host, port, serving)
    ready()
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if not serving.done():
        await _drained(draining)
        server.stop()  # type: ignore[no-untyped-call] # Granian ships this one without types
    await serving


def check_free(host: str, port: int) -> None:
    """Make sure that no other program listens: two servers could share a port, unnoticed.

    Raises:
        SettingsWrong: one does, or the host isn't this machine's.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        with socket.socket(family, kind, protocol) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(address)
    except OSError as error:
        raise SettingsWrong(f"can't listen on {host}:{port}: {error.strerror}") from error


async def _listens(host: str, port: int, serving: "asyncio.Task[None]") -> None:
    """Wait until connections are accepted, or the server has failed."""
    anywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - it is looked up, not bound
    while not serving.done():
        try:
            _, writer = await asyncio.open_connection(anywhere.get(host, host), port)
        except OSError:
            await asyncio.sleep(_BETWEEN_TRIES)
        else:
            writer.close()
            return


def _seldom_collect() -> None:
    """Look for garbage seldom: all requests wait meanwhile, for 0.1 s where models are many.

    What was imported stays. Requests leave hardly any cycles, and those are young.
    """
    gc.freeze()
    gc.set_threshold(5_000, 20, 50)


async def _drained(draining: Draining) -> None:
    try:
        await draining.drain()
    except TimeoutError:
        return  # whoever is still waiting gets no answer, and may send the request again


async def _refuse(send: Send) -> None:
    headers = [(b"content-type", b"application/problem+json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": _STOPPING})
