"""Real processes of modelfleet, to be killed."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

_READY_SECONDS = 60


class Server:
    """A `modelfleet` process of some role, in a process group of its own."""

    def __init__(self, arguments: Sequence[str], *, folder: Path, port: int | None = None) -> None:
        self.port = port
        with (folder / "stderr.txt").open("ab") as said:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "-m", "modelfleet", *arguments],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stderr=said,
                start_new_session=True,
            )

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def wait_until_ready(self) -> Self:
        """Back when it answers."""
        end = time.monotonic() + _READY_SECONDS
        while time.monotonic() < end:
            if self._process.poll() is not None:
                raise AssertionError(f"it ended with exit code {self._process.returncode}")
            try:
                if httpx.get(f"{self.url}/readyz", timeout=1).status_code == httpx.codes.OK:
                    return self
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError("it isn't ready after a minute")

    def kill(self) -> None:
        """End it and all its children at once, as a power cut would."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def kill_parent(self) -> None:
        """End the process itself at once; its children are left to notice."""
        self._process.kill()
        self._process.wait()

    def children(self) -> list[int]:
        """The process ids of its children."""
        threads = Path(f"/proc/{self._process.pid}/task").glob("*/children")
        return [int(child) for thread in threads for child in thread.read_text().split()]

    def stop(self) -> int:
        """Ask it to end, as Ctrl-C does; its exit code."""
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(timeout=40)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self.kill()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
    return port
