"""Processes that are measured: servers and workers, started, waited for and stopped; and calls."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_HERE = Path(__file__).parent
_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class Http:
    """One kept-alive connection to a server; as little of a client as can be."""

    def __init__(self, url: str) -> None:
        self._connection = HTTPConnection(urlsplit(url).netloc, timeout=60)

    def call(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        """What the server answers, decoded.

        Raises:
            RuntimeError: it refuses.
        """
        headers = {"Content-Type": "application/json"}
        self._connection.request(method, path, json.dumps(body), headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {content[:500]!r}")
        return json.loads(content) if content else None


_started: dict[str, int] = {}


def process_of(url: str) -> int:
    """The id of the process that answers at a URL that `server` gave."""
    return _started[url]


@contextmanager
def process(command: Sequence[str | Path]) -> "Iterator[subprocess.Popen[bytes]]":
    """A process that is told to stop at the end, as a person would with Ctrl-C or `kill`.

    What it said is shown only if something goes wrong meanwhile.
    """
    with tempfile.TemporaryFile() as said:
        started = subprocess.Popen(  # noqa: S603 - our own commands
            command, env=os.environ | _ONE_THREAD, stdout=said, stderr=said
        )
        try:
            yield started
        except BaseException:
            said.seek(0)
            sys.stderr.buffer.write(said.read())
            raise
        finally:
            started.send_signal(signal.SIGTERM)
            try:
                started.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                started.kill()
                started.wait()


@contextmanager
def noop_server() -> Iterator[str]:
    """The URL of a running endpoint that does nothing."""
    port = _free_port()
    with process([sys.executable, _HERE / "noop.py", "--port", str(port)]) as started:
        yield _ready(f"http://127.0.0.1:{port}", "/noop", started)


@contextmanager
def server(
    database: str, store: Path, program: Sequence[str | Path] = ("-m", "modelfleet")
) -> Iterator[str]:
    """The URL of a running `modelfleet serve`."""
    port = _free_port()
    command = [sys.executable, *program, "serve", "--port", str(port), "--log-level", "warning"]
    with process([*command, *_place(database, store)]) as started:
        yield _ready(f"http://127.0.0.1:{port}", "/healthz", started)


@contextmanager
def workers(database: str, store: Path, count: int) -> Iterator[None]:
    """A running `modelfleet train` with ``count`` processes."""
    command = [sys.executable, "-m", "modelfleet", "train", "--workers", str(count)]
    with process([*command, "--log-level", "error", *_place(database, store)]):
        yield


def _place(database: str, store: Path) -> list[str | Path]:
    return ["--database" if "://" in database else "--data", database, "--store", store]


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _ready(url: str, path: str, started: "subprocess.Popen[bytes]") -> str:
    """The URL, once it answers."""
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and started.poll() is None:
        try:
            Http(url).call("GET", path)
        except OSError:
            time.sleep(0.05)
        else:
            _started[url] = started.pid
            return url
    raise RuntimeError(f"{url} didn't start; what it said stands beside")
