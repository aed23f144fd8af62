"""Processes that are measured: servers and workers, started, waited for and stopped; and calls."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import MappingProxyType
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
        """What the server answers, decoded if it is JSON.

        Raises:
            RuntimeError: it refuses.
        """
        headers = {"Content-Type": "application/json"}
        self._connection.request(method, path, json.dumps(body), headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {content[:500]!r}")
        is_json = "json" in (answer.headers.get_content_type() or "")
        return json.loads(content) if content and is_json else content or None


_started: dict[str, int] = {}


def process_of(url: str) -> int:
    """The id of the process that answers at a URL that `server` gave."""
    return _started[url]


@contextmanager
def process(
    command: Sequence[str | Path], environment: Mapping[str, str] = MappingProxyType({})
) -> "Iterator[subprocess.Popen[bytes]]":
    """A process that is told to stop at the end, as a person would with Ctrl-C or `kill`.

    What it said is shown only if something goes wrong meanwhile.
    """
    with tempfile.TemporaryFile() as said:
        started = subprocess.Popen(  # noqa: S603 - our own commands
            command, env={**os.environ, **_ONE_THREAD, **environment}, stdout=said, stderr=said
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


def memory_of(pid: int, part: str = "Pss") -> int:
    """Bytes in memory of a process and all that it started; what they share counts once.

    ``part="Pss_Anon"`` leaves out pages of files, such as those of the database, which SQLite maps:
    the system keeps them as long as nobody needs the room, and takes them back when somebody does.
    """
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    (own,) = (int(line.split()[1]) for line in rollup.splitlines() if line.startswith(f"{part}:"))
    return own * 1024 + sum(memory_of(int(child), part) for child in children)


@contextmanager
def noop_server() -> Iterator[str]:
    """The URL of a running endpoint that does nothing."""
    port = free_port()
    with process([sys.executable, _HERE / "noop.py", "--port", str(port)]) as started:
        yield ready(f"http://127.0.0.1:{port}", "/noop", started)


@contextmanager
def server(
    database: str,
    store: Path,
    program: Sequence[str | Path] = ("-m", "modelfleet"),
    options: Sequence[str] = (),
) -> Iterator[str]:
    """The URL of a running `modelfleet serve` with some options more."""
    port = free_port()
    command = [sys.executable, *program, "serve", "--port", str(port), "--log-level", "warning"]
    with process([*command, *_place(database, store), *options]) as started:
        yield ready(f"http://127.0.0.1:{port}", "/readyz", started)


@contextmanager
def workers(database: str, store: Path, count: int) -> Iterator[None]:
    """A running `modelfleet train` with ``count`` processes."""
    command = [sys.executable, "-m", "modelfleet", "train", "--workers", str(count)]
    with process([*command, "--log-level", "error", *_place(database, store)]):
        yield


def _place(database: str, store: Path) -> list[str | Path]:
    return ["--database" if "://" in database else "--data", database, "--store", store]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def ready(
    url: str, path: str, started: "subprocess.Popen[bytes]", patience: float = _START_SECONDS
) -> str:
    """The URL, once it answers 2xx under the path.

    Raises:
        RuntimeError: it doesn't within ``patience`` seconds, or has ended.
    """
    end = time.monotonic() + patience
    while time.monotonic() < end and started.poll() is None:
        try:
            Http(url).call("GET", path)
        except (OSError, HTTPException, RuntimeError):
            time.sleep(0.02)
        else:
            _started[url] = started.pid
            return url
    raise RuntimeError(f"{url} didn't start; what it said stands beside")
