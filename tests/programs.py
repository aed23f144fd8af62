"""Real programs that tests run, such as Alertmanager, from wherever they are installed."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_DEBIAN = {
    "alertmanager": "prometheus-alertmanager",
    "prometheus": "prometheus",
    "promtool": "prometheus",
}
_LONGEST_START = 120.0


def program(name: str) -> str:
    """Where a program is; without it the test is skipped, or fails if it is required."""
    package = _DEBIAN[name]
    found = shutil.which(name) or shutil.which(package if name != "promtool" else name)
    if found is not None:
        return found
    said = (
        f"{name} isn't on this machine; install it (Debian and Ubuntu: apt-get install {package})"
    )
    if os.environ.get("REQUIRE_PROMETHEUS") == "1":
        pytest.fail(said, pytrace=False)
    pytest.skip(said)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def accepts(port: int) -> bool:
    """Whether somebody listens on a port of this machine."""
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def running(command: list[str], folder: Path, is_ready: Callable[[], bool]) -> Iterator[None]:
    """A process in a folder of its own, from when it is ready until the end of the block."""
    with (folder / "said.log").open("wb") as said:
        process = subprocess.Popen(command, cwd=folder, stdout=said, stderr=said)  # noqa: S603 - found by us
        try:
            until(is_ready, (folder / "said.log").read_text)
            yield
        finally:
            process.terminate()
            process.wait(20)


def until(
    holds: Callable[[], bool], told: Callable[[], str] = str, seconds: float = _LONGEST_START
) -> None:
    """Wait until something holds; ``told`` says what was seen if it never does."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            pytest.fail(f"it didn't come about in {seconds:g} s: {told()}", pytrace=False)
        time.sleep(0.05)
