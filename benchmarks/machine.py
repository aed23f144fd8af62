"""What this machine does at the moment: the yardsticks that all figures are compared with.

Machines differ, and the speed of a shared one drifts. Four things that modelfleet's own work is
made of are measured without modelfleet: 5 million additions in a Python loop; a product of two
1000x1000 float32 matrices (as numpy does it, and with one BLAS thread); writing 4 KB and waiting
for the disk (fsync) in the folder that is used; and requests/s of a JSON endpoint that does
nothing, on the same Litestar and Granian with the same arguments (`modelfleet.api.server.serve`),
asked over 32 connections by another process. That endpoint takes a request to decide and answers
with a decision made before, so it is the most that the HTTP stack can do with such JSON.

Every other benchmark measures what it needs of this at its own beginning.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Collection
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import msgspec
import numpy as np

import load
from modelfleet.api import samples
from report import Figure, parser, show
from running import noop_server

PARTS = frozenset({"loop", "product", "fsync", "noop"})
_ADDITIONS = 5_000_000
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class Yardstick(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds, but ``noop`` in requests/s; 0 for what wasn't measured."""

    loop: float = 0.0
    product: float = 0.0
    product_one_thread: float = 0.0
    fsync: float = 0.0
    noop: float = 0.0
    noop_p99: float = 0.0

    def loops(self) -> list[float]:
        """The loop's time then and, measured again, now; none if it never was measured."""
        return [self.loop, loop()] if self.loop else []


def measure(folder: Path, parts: Collection[str] = PARTS) -> Yardstick:
    """Measure some of the yardsticks; fsync is that of ``folder``."""
    asked = load_of_noop() if "noop" in parts else None
    return Yardstick(
        loop=loop() if "loop" in parts else 0.0,
        product=_in_a_process("product", {}) if "product" in parts else 0.0,
        product_one_thread=_in_a_process("product", _ONE_THREAD) if "product" in parts else 0.0,
        fsync=fsync(folder) if "fsync" in parts else 0.0,
        noop=0.0 if asked is None else asked.rate,
        noop_p99=0.0 if asked is None else asked.p99,
    )


def measured(folder: Path, parts: Collection[str], *, quick: bool, file: Path | None) -> Yardstick:
    """Measure and print the yardsticks that a benchmark needs; nothing if it is to be quick."""
    if quick:
        return Yardstick()
    yardstick = measure(folder, parts)
    print_yardstick(yardstick, file)
    return yardstick


def print_yardstick(yardstick: Yardstick, file: Path | None) -> None:
    """Print what was measured."""
    figures = [
        Figure("5 million additions in a Python loop", yardstick.loop, "s"),
        Figure("1000x1000 float32 product", yardstick.product * 1000, "ms"),
        Figure("  with one BLAS thread", yardstick.product_one_thread * 1000, "ms"),
        Figure("fsync of 4 KB (median)", yardstick.fsync * 1000, "ms"),
        Figure("no-op JSON endpoint, 32 clients", yardstick.noop, "requests/s"),
        Figure("  its p99", yardstick.noop_p99 * 1000, "ms"),
    ]
    rows = [figure for figure in figures if figure.value]
    show("This machine at the moment", rows, [], file)


def loop() -> float:
    """Seconds of 5 million additions: the median of three times."""
    return _median_time(_add, 3)


def product() -> float:
    """Seconds of a 1000x1000 float32 product: the median of nine."""
    generator = np.random.default_rng(1)
    one, other = generator.random((2, 1000, 1000), np.float32)
    return _median_time(lambda: one @ other, 9)


def fsync(folder: Path) -> float:
    """Seconds to have 4 KB on the disk: the median of fifty."""
    block = os.urandom(4096)
    with TemporaryDirectory(dir=folder) as place, (Path(place) / "file").open("wb", 0) as file:

        def write() -> None:
            file.write(block)
            os.fsync(file.fileno())

        return _median_time(write, 50)


def load_of_noop(seconds: float = 4.0) -> load.Load:
    """How fast the endpoint that does nothing answers 32 clients of another process."""
    with noop_server() as url, TemporaryDirectory() as place:
        requests = Path(place) / "requests"
        body = msgspec.json.encode(samples.REQUEST).decode()
        requests.write_text(f"POST\t/noop\t{body}\n")
        return load.in_a_process(url, requests, seconds=seconds)


def _add() -> None:
    total = 0
    for number in range(_ADDITIONS):
        total += number


def _median_time(do: Callable[[], object], times: int) -> float:
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        do()
        taken.append(time.perf_counter() - begun)
    return median(taken)


def _in_a_process(what: str, environment: dict[str, str]) -> float:
    """BLAS takes its number of threads from the environment, when it starts."""
    free = {name: value for name, value in os.environ.items() if name not in _ONE_THREAD}
    command = [sys.executable, __file__, "--only", what]
    done = subprocess.run(  # noqa: S603 - this very file
        command, env=free | environment, capture_output=True, check=True
    )
    return float(done.stdout)


def main() -> None:
    """Print all yardsticks."""
    arguments = parser(__doc__)
    arguments.add_argument("--only", choices=["product"], help="print one number of seconds")
    asked = arguments.parse_args()
    if asked.only:
        print(product())
        return
    print_yardstick(measure(asked.folder), asked.markdown)


if __name__ == "__main__":
    main()
