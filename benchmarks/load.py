"""Asks a server as fast as it answers, over 32 kept-alive connections; a process of its own.

`wrk` asks if it is installed (Debian: apt-get install wrk), else a client on bare sockets. Each
connection sends its next request when the last one is answered. Every status is checked: anything
but 2xx ends in an error. The table tells how busy the client's one core was ("client busy"):
while that stays well below 100%, the server was the bottleneck, not the client; on the endpoint
that does nothing both clients were under 25% busy and equally fast (`--client` chooses one).

With `--rate` requests are sent at that pace instead, whether earlier ones are answered or not, and
a latency counts from when its request was due: a server that stalls can't hide it by being asked
less meanwhile.

A file of requests holds one a line: method, path, JSON body and, where one is needed, a header,
separated by tabs.
"""

import argparse
import json
import resource
import selectors
import shutil
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Mapping
from itertools import cycle
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from report import Figure, percentile, show

CONNECTIONS = 32
_SCRIPT = Path(__file__).with_name("load.lua")


class Load(msgspec.Struct, frozen=True):
    """What a server did under load: requests/s, seconds, and how busy the client's core was."""

    client: str
    requests: int
    rate: float
    p50: float
    p95: float
    p99: float
    busy: float


class Refused(Exception):
    """The server answered something other than 2xx, or not at all."""


def in_a_process(
    url: str,
    requests: Path,
    *,
    seconds: float = 10.0,
    count: int = 0,
    rate: float = 0.0,
    client: str = "auto",
) -> Load:
    """Run this file as a command and wait for it; see `started`.

    Raises:
        Refused: an answer wasn't 2xx.
    """
    options = {"seconds": seconds, "count": count, "rate": rate, "client": client}
    return result_of(started(url, requests, options))


def started(url: str, requests: Path, options: Mapping[str, object]) -> "subprocess.Popen[str]":
    """Run this file as a command, with these options."""
    command = [sys.executable, __file__, url, str(requests), "--json"]
    for name, value in options.items():
        command += [f"--{name}", str(value)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True)  # noqa: S603 - this very file


def result_of(running: "subprocess.Popen[str]") -> Load:
    """What a command that was `started` saw, once it is done.

    Raises:
        Refused: an answer wasn't 2xx.
    """
    said, wrong = running.communicate()
    if running.returncode:
        raise Refused(wrong.strip())
    return msgspec.json.decode(said, type=Load)


def with_wrk(url: str, requests: Path, seconds: float) -> Load:
    """Have `wrk` ask for some whole seconds.

    Raises:
        Refused: an answer wasn't 2xx.
    """
    wrk = shutil.which("wrk")
    if wrk is None:
        raise Refused("wrk isn't installed; Debian: apt-get install wrk")
    duration = f"{max(1, round(seconds))}s"
    command: list[str | Path] = [wrk, "-t1", f"-c{CONNECTIONS}", f"-d{duration}", "--timeout", "30"]
    begun = time.perf_counter()
    done = subprocess.run(  # noqa: S603 - found on PATH
        [*command, "-s", _SCRIPT, url, "--", requests], capture_output=True, text=True, check=False
    )
    taken = time.perf_counter() - begun
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise Refused(done.stderr or done.stdout)
    said = json.loads(done.stdout.rpartition("\nload: ")[2])
    if said["failed"]:
        raise Refused(f"{said['failed']} of {said['requests']} requests failed")
    return Load(
        client="wrk",
        requests=said["requests"],
        rate=said["requests"] / (said["duration"] / 1e6),
        p50=said["p50"] / 1e6,
        p95=said["p95"] / 1e6,
        p99=said["p99"] / 1e6,
        busy=(used.ru_utime + used.ru_stime) / taken,
    )


class _Connection:
    """A socket, and the answer that has come so far."""

    def __init__(self, host: str, port: int) -> None:
        self.socket = socket.create_connection((host, port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answer = b""
        self._since = 0.0

    def send(self, request: bytes, due: float | None = None) -> None:
        self._answer = b""
        self._since = time.perf_counter() if due is None else due
        self.socket.sendall(request)

    def receive(self) -> float | None:
        """How long the answer took once it is whole, None while some of it is to come."""
        part = self.socket.recv(65536)
        if not part:
            raise Refused("the server closed a connection")
        self._answer += part
        head, found, body = self._answer.partition(b"\r\n\r\n")
        if not found or not _is_whole(head, body):
            return None
        if not head.startswith(b"HTTP/1.1 2"):
            raise Refused(f"{head.partition(bytes([13]))[0]!r} {body[:300]!r}")
        return time.perf_counter() - self._since


def with_sockets(url: str, requests: Path, seconds: float, count: int = 0) -> Load:
    """Ask from this process, for some seconds or a number of requests.

    Raises:
        Refused: an answer wasn't 2xx.
    """
    place = urlsplit(url)
    prepared = cycle(_prepared(requests, place.netloc))
    connections = _connections(url)
    latencies: list[float] = []
    cpu, begun = time.process_time(), time.perf_counter()
    with selectors.DefaultSelector() as selector:
        for connection in connections[: count or None]:
            connection.send(next(prepared))
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        left = count - len(connections) if count else sys.maxsize
        end = sys.maxsize if count else begun + seconds
        while selector.get_map():
            for key, _ in selector.select():
                latency = key.data.receive()
                if latency is None:
                    continue
                latencies.append(latency)
                if left > 0 and time.perf_counter() < end:
                    left -= 1
                    key.data.send(next(prepared))
                else:
                    selector.unregister(key.fileobj)
    return _seen("sockets", latencies, time.perf_counter() - begun, time.process_time() - cpu)


def at_a_pace(url: str, requests: Path, seconds: float, rate: float) -> Load:
    """Ask ``rate`` times a second from this process, for some seconds.

    Raises:
        Refused: an answer wasn't 2xx.
    """
    prepared = cycle(_prepared(requests, urlsplit(url).netloc))
    free = deque(_connections(url))
    busy = 0
    latencies: list[float] = []
    cpu, begun = time.process_time(), time.perf_counter()
    sent, total = 0, round(rate * seconds)
    with selectors.DefaultSelector() as selector:
        for connection in free:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        while sent < total or busy:
            due = begun + sent / rate
            while free and sent < total and time.perf_counter() >= due:
                free.popleft().send(next(prepared), due)
                sent, busy = sent + 1, busy + 1
                due = begun + sent / rate
            wait = max(0.0, due - time.perf_counter()) if free and sent < total else None
            for key, _ in selector.select(wait):
                latency = key.data.receive()
                if latency is not None:
                    latencies.append(latency)
                    free.append(key.data)
                    busy -= 1
    return _seen("paced", latencies, time.perf_counter() - begun, time.process_time() - cpu)


def _connections(url: str) -> list[_Connection]:
    place = urlsplit(url)
    return [_Connection(str(place.hostname), place.port or 80) for _ in range(CONNECTIONS)]


def _seen(client: str, latencies: list[float], taken: float, cpu: float) -> Load:
    return Load(
        client=client,
        requests=len(latencies),
        rate=len(latencies) / taken,
        p50=percentile(latencies, 0.5),
        p95=percentile(latencies, 0.95),
        p99=percentile(latencies, 0.99),
        busy=cpu / taken,
    )


def _is_whole(head: bytes, body: bytes) -> bool:
    """Whether all of an answer is there: it tells its length, or comes in chunks."""
    said = head.lower()
    if b"transfer-encoding: chunked" in said:
        return body.endswith(b"0\r\n\r\n")
    _, _, rest = said.partition(b"content-length:")
    return len(body) >= int(rest.split(b"\r\n", 1)[0] or 0)


def _prepared(requests: Path, host: str) -> list[bytes]:
    """Each request of a file, as it is sent."""
    made = []
    for line in requests.read_text().splitlines():
        method, path, body, *headers = line.split("\t")
        content = body.encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        head += "".join(f"{header}\r\n" for header in headers)
        made.append(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
    return made


def main() -> None:
    """Ask, and print a table or JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("url", help="http://host:port")
    parser.add_argument("requests", type=Path, help="a file of requests, see above")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--count", type=int, default=0, help="so many requests instead")
    parser.add_argument("--rate", type=float, default=0.0, help="so many a second, see above")
    parser.add_argument("--client", choices=("auto", "wrk", "sockets"), default="auto")
    parser.add_argument("--json", action="store_true", help="print JSON, not a table")
    asked = parser.parse_args()
    is_wrk = asked.client == "wrk" or (asked.client == "auto" and shutil.which("wrk"))
    try:
        if asked.rate:
            found = at_a_pace(asked.url, asked.requests, asked.seconds, asked.rate)
        elif is_wrk and not asked.count:
            found = with_wrk(asked.url, asked.requests, asked.seconds)
        else:
            found = with_sockets(asked.url, asked.requests, asked.seconds, asked.count)
    except Refused as refused:
        sys.exit(f"load: {refused}")
    if asked.json:
        print(msgspec.json.encode(found).decode())
    else:
        show(f"{found.requests:,} requests by {found.client}", figures(found), [], None)


def figures(found: Load) -> list[Figure]:
    """The rows of a table."""
    latencies = {"p50": found.p50, "p95": found.p95, "p99": found.p99}
    rows = [Figure("rate", found.rate, "requests/s")]
    rows += [Figure(name, value * 1000, "ms") for name, value in latencies.items()]
    return [*rows, Figure("client busy", found.busy, "%")]


if __name__ == "__main__":
    main()
