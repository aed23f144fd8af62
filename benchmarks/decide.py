"""Decisions over HTTP, durable log included, by one serving process, for 32 clients.

A real `modelfleet serve` on a fresh database with 1,000 tenants, each with five labels and twenty
examples; `--trained` also trains and publishes each model first. 32 connections of another process
(see load.py) ask for decisions about varied texts of all tenants; each answer is a durable event
in the log before it is sent. The endpoint that does nothing (see machine.py) is measured in the
same run, before and after, and the mean of both is the yardstick. A first pass that asks each
tenant once, so that models are loaded, is reported apart.

`--profile` tells in a further run, slowed down by it, where the server's time goes: by py-spy if
it is installed (Debian has none; pip install py-spy), else by sampling.py from within.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

import load
from machine import Yardstick, load_of_noop, measured
from modelfleet.cli.logging import configure_logging
from modelfleet.fleet import Fleet
from modelfleet.settings import Settings
from places import servers
from report import Figure, at_least, at_most, chosen_databases, databases, parser, show, table
from running import process_of, server
from sampling import FILE, Samples
from world import TASK, Tenant, fill, tenants

_REQUESTS = 5_000
_SAMPLING = Path(__file__).with_name("sampling.py")


class Run(msgspec.Struct, frozen=True):
    """What one run needs: the database, the requests, and how long."""

    url: str
    store: Path
    requests: Path
    tenants: int
    seconds: float


def prepared(url: str, store: Path, made: list[Tenant], *, trained: bool) -> None:
    """Log the tenants, and train them if wanted."""
    with Fleet(url, settings=Settings(store=str(store)), train=False) as fleet:
        fill(fleet, made)
        if trained:
            configure_logging("warning")
            time.sleep(fleet.recipe.policy.quiet + 0.1)
            fleet.train_due()


def requests_of(made: list[Tenant], count: int, file: Path) -> None:
    """Requests as load.py takes them: each tenant's in turn, with texts it never saw."""
    lines = []
    for number in range(count):
        tenant = made[number % len(made)]
        text, _ = tenant.held_out[(number // len(made)) % len(tenant.held_out)]
        metadata = {"channel": ("mail", "chat")[number % 2], "customer": f"c-{number % 997}"}
        body = json.dumps({"text": text, "metadata": metadata})
        lines.append(f"POST\t/api/tenants/{tenant.name}/tasks/{TASK}/decisions\t{body}\n")
    file.write_text("".join(lines))


def under_load(run: Run) -> tuple[load.Load, load.Load]:
    """A first pass over all tenants, and what the server does then."""
    with server(run.url, run.store) as address:
        cold = load.in_a_process(address, run.requests, count=run.tenants)
        return cold, load.in_a_process(address, run.requests, seconds=run.seconds)


def figures(cold: load.Load, warm: load.Load, noop: float) -> list[Figure]:
    """The rows of the table."""
    third, share = at_least(1 / 3), warm.rate / noop if noop else 0.0
    rows = [
        Figure("decisions", warm.rate, "/s", ("the no-op", noop), at_least(1_000, absolute=True)),
        Figure("  of the no-op's requests/s", share, "x", None, third),
        Figure("  p50", warm.p50 * 1000, "ms"),
        Figure("  p95", warm.p95 * 1000, "ms"),
        Figure("  p99", warm.p99 * 1000, "ms", None, at_most(50, absolute=True)),
        Figure(f"  client busy ({warm.client})", warm.busy, "%"),
        Figure("first request of each tenant (models are loaded)", cold.rate, "/s"),
        Figure("  p50", cold.p50 * 1000, "ms"),
        Figure("  p99", cold.p99 * 1000, "ms"),
    ]
    return rows if noop else [row for row in rows if row.target is not third]


def profile(run: Run, file: Path | None) -> None:
    """Print where the server's time goes."""
    if shutil.which("py-spy"):
        with server(run.url, run.store) as address:
            rows = _seen_by_py_spy(run, address)
        table("Where the server's time goes (py-spy)", ("function", "of all samples"), rows, file)
        return
    with TemporaryDirectory() as folder:
        os.environ[FILE] = str(Path(folder) / "samples")
        with server(run.url, run.store, [_SAMPLING]) as address:
            load.in_a_process(address, run.requests, count=run.tenants)
            os.kill(process_of(address), signal.SIGUSR1)
            load.in_a_process(address, run.requests, seconds=run.seconds)
        seen = msgspec.json.decode(Path(os.environ[FILE]).read_bytes(), type=Samples)
    columns = ("function -> library", "thread", "of the time")
    table("Where the server's time goes (samples; waiting left out)", columns, seen.rows(30), file)
    cores = [[name, f"{share:.1%}"] for name, share in sorted(seen.cores.items())]
    table("What its threads used", ("thread", "of a core"), cores, file)


def _seen_by_py_spy(run: Run, address: str) -> list[list[str]]:
    """Samples by innermost function, as py-spy's raw output has them."""
    load.in_a_process(address, run.requests, count=run.tenants)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "stacks"
        command: list[str | Path] = ["py-spy", "record", "--pid", str(process_of(address))]
        command += ["--format", "raw", "--duration", str(round(run.seconds)), "--output", file]
        with subprocess.Popen(command, stdout=sys.stderr):  # noqa: S603 - found on PATH
            load.in_a_process(address, run.requests, seconds=run.seconds)
        counted: Counter[str] = Counter()
        for line in file.read_text().splitlines():
            stack, _, count = line.rpartition(" ")
            counted[stack.rpartition(";")[2]] += int(count)
    return [[name, f"{count / counted.total():.1%}"] for name, count in counted.most_common(30)]


def main() -> None:
    """Measure, and print a table for each database."""
    arguments = parser(__doc__)
    databases(arguments, default="sqlite")
    arguments.add_argument("--tenants", type=int, default=1_000)
    arguments.add_argument("--examples", type=int, default=20, help="of each tenant")
    arguments.add_argument("--seconds", type=float, default=10.0)
    arguments.add_argument("--trained", action="store_true", help="publish each model first")
    arguments.add_argument("--profile", action="store_true", help="tell where the time goes")
    asked = arguments.parse_args()
    parts = {"loop", "fsync", "noop"}
    before = measured(asked.folder, parts, quick=asked.quick, file=asked.markdown)
    made = list(tenants(asked.tenants, examples=asked.examples))
    for database, fresh in servers(chosen_databases(asked), asked.folder):
        with TemporaryDirectory(dir=asked.folder) as folder:
            url, store = fresh()
            requests = Path(folder) / "requests"
            requests_of(made, max(_REQUESTS, asked.tenants), requests)
            prepared(url, store, made, trained=asked.trained)
            run = Run(url, store, requests, asked.tenants, asked.seconds)
            rows = figures(*under_load(run), _mean_noop(before))
            kind = "trained" if asked.trained else f"{asked.examples} examples"
            title = f"{database}: decisions over HTTP, {asked.tenants:,} tenants, {kind}"
            show(title, rows, before.loops(), asked.markdown)
            if asked.profile:
                profile(run, asked.markdown)


def _mean_noop(before: Yardstick) -> float:
    """The endpoint that does nothing, then and now; 0 if it never was measured."""
    return (before.noop + load_of_noop().rate) / 2 if before.noop else 0.0


if __name__ == "__main__":
    main()
