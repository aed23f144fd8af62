"""A hundred thousand models on one machine: how many fit, how fast they answer, swap and go back.

A fleet of `--models` tasks with a version each (see many_models.py) is built once, or taken from
`--keep` if it is there. Then `modelfleet serve` is started on it for each part, and asked by a
process of its own (load.py) over 32 connections, through the Open Inference Protocol.

- start: until `/readyz` answers, over all models and over a hundred.
- cold: models that were never asked before, at a calm pace.
- hot: tenants by Zipf's law over the first ten thousand, as fast as the server answers, and at half
  that pace; decide: the same as decisions, each durable in the log; batch: 64 texts a request.
- memory: 25,000 tenants asked once each, under `--memory 2GiB`.
- swaps: versions change 200 times a second among the tenants asked most, at half the peak, against
  the same pace without swaps. A request that fails ends the run.
- recall: one task's roll back, and ten thousand tasks' by their recipe, until two servers follow.
- wear: a server's own memory and time of a request after some 50,000 swaps, against after 1,000.
"""

import json
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import msgspec

import load
from machine import measured
from many_models import SECOND
from modelfleet.cli.logging import configure_logging
from modelfleet.events import kinds, make
from modelfleet.fleet import Fleet
from report import Figure, Target, at_least, at_most, parser, show
from running import Http, memory_of, process_of
from serving_fleet import (
    RECALLED,
    Bench,
    built,
    decision,
    gauge,
    hottest,
    infer,
    opened,
    paced,
    requests,
    running,
    share_of_noop,
    skewed,
    warm,
)
from world import TASK

_SWAPPED = 400
_BATCH = 64


def _absolute(most: float) -> Target:
    return at_most(most, absolute=True)


def start(bench: Bench) -> list[Figure]:
    """Until a server is ready, over all models and over a hundred."""
    with TemporaryDirectory(dir=bench.folder) as folder:
        few = msgspec.structs.replace(bench, place=built(Path(folder), 100))
        of_few, of_all = _starts(few), _starts(bench)
    count = len(bench.place.names)
    return [
        Figure(
            f"start over {count:,} models, until ready",
            of_all,
            "s",
            ("over 100", of_few),
            _absolute(3),
        ),
        Figure("  of that over 100", of_all / of_few, "x", None, at_most(1.1)),
    ]


def _starts(bench: Bench) -> float:
    taken = []
    for _ in range(5):
        begun = time.perf_counter()
        with running(bench):
            taken.append(time.perf_counter() - begun)
    return median(taken)


def cold(bench: Bench) -> list[Figure]:
    """Models that were never asked before."""
    asked = bench.place.names[-2_000:]
    with running(bench) as url:
        found = load.in_a_process(url, requests(bench, asked), seconds=len(asked) / 50, rate=50)
    return [
        Figure("cold model, first answer, p50", found.p50 * 1e3, "ms"),
        Figure("  p99", found.p99 * 1e3, "ms", None, _absolute(20)),
    ]


def hot(bench: Bench) -> list[Figure]:
    """Single texts, as fast as it goes and at half that pace."""
    peak, half = paced(bench, requests(bench, skewed(hottest(bench), 20_000)))
    return [
        Figure("hot models, single text: peak", peak.rate, "/s", ("the no-op", bench.noop)),
        Figure("  of the no-op", share_of_noop(peak.rate, bench), "x", None, at_least(0.5)),
        Figure("  p99 at half the peak", half.p99 * 1e3, "ms", None, _absolute(10)),
    ]


def decide(bench: Bench) -> list[Figure]:
    """The same as decisions, each durable."""
    peak, half = paced(bench, requests(bench, skewed(hottest(bench), 20_000), decision))
    return [
        Figure("decide, log included: peak", peak.rate, "/s", ("the no-op", bench.noop)),
        Figure("  of the no-op", share_of_noop(peak.rate, bench), "x", None, at_least(1 / 3)),
        Figure("  p99 at half the peak", half.p99 * 1e3, "ms", None, _absolute(25)),
    ]


def batch(bench: Bench) -> list[Figure]:
    """Texts a second in requests of 64, against requests of one."""
    tenants = skewed(hottest(bench), 4_000)
    with running(bench) as url:
        warm(bench, url)
        one = load.in_a_process(url, requests(bench, tenants), seconds=bench.seconds)
        many = load.in_a_process(
            url, requests(bench, tenants, infer, _BATCH), seconds=bench.seconds
        )
    rate = many.rate * _BATCH
    return [
        Figure("requests of 64 texts", rate, "texts/s", ("single requests", one.rate)),
        Figure("  of single requests", rate / one.rate, "x", None, at_least(5)),
    ]


def memory(bench: Bench) -> list[Figure]:
    """25,000 models in two gibibytes, the process included."""
    asked = bench.place.names[:25_000]
    with running(bench, "2GiB") as url:
        load.in_a_process(url, requests(bench, asked), count=len(asked))
        held = gauge(url, "modelfleet_models_in_memory")
        taken, own = (memory_of(process_of(url), part) for part in ("Pss", "Pss_Anon"))
    return [
        Figure(
            f"in memory after {len(asked):,} were asked", held, "models", None, at_least(len(asked))
        ),
        Figure("  resident in all", taken / 2**20, "MiB", None, at_most(2 * 1024)),
        Figure("  of that its own, without pages of files", own / 2**20, "MiB"),
        Figure("  by model, the process included", own / held / 1024, "KiB"),
    ]


def swaps(bench: Bench) -> list[Figure]:
    """Versions that change 200 times a second among the tenants that are asked most."""
    file = requests(bench, skewed(hottest(bench), 20_000))
    with running(bench) as url, opened(bench.place, train=False) as fleet:
        warm(bench, url)
        peak = load.in_a_process(url, file, seconds=bench.seconds)
        options = {"seconds": 6 * bench.seconds, "rate": peak.rate / 2}
        calm = load.result_of(load.started(url, file, options))
        asked = load.started(url, file, options)
        swapped = _swap(fleet, bench.place.names[:_SWAPPED], 200.0, asked)
        busy = load.result_of(asked)
    return [
        Figure(
            f"swaps for {6 * bench.seconds:.0f} s at half the peak",
            swapped,
            "/s",
            None,
            at_least(199),
        ),
        Figure("  requests answered meanwhile, all of them 2xx", busy.requests),
        Figure("  p99 meanwhile", busy.p99 * 1e3, "ms", ("without swaps", calm.p99 * 1e3)),
        Figure("  of that without", busy.p99 / calm.p99, "x", None, at_most(1.3)),
    ]


def _swap(fleet: Fleet, names: Sequence[str], rate: float, asked: "subprocess.Popen[str]") -> float:
    """Promote in turn either version of tenants until the load has ended; how many a second."""
    versions = {name: _two_versions(fleet, name) for name in names}
    begun, done = time.perf_counter(), 0
    while asked.poll() is None:
        some = [names[(done + index) % len(names)] for index in range(10)]
        turn = (done // len(names)) % 2
        _promote(fleet, [(name, versions[name][turn]) for name in some])
        done += len(some)
        time.sleep(max(0.0, begun + done / rate - time.perf_counter()))
    return done / (time.perf_counter() - begun)


def _promote(fleet: Fleet, chosen: Sequence[tuple[str, str]]) -> None:
    fleet.import_events(
        make(kinds.VersionPromoted(version), tenant=name, task=TASK, time=fleet.clock())
        for name, version in chosen
    )


def _two_versions(fleet: Fleet, name: str) -> tuple[str, str]:
    newest, older = (one.version for one in fleet.task(name, TASK).versions()[:2])
    return older, newest


def recall(bench: Bench) -> list[Figure]:
    """Roll back: one task, and ten thousand by recipe, until two servers answer so."""
    names = bench.place.names[:RECALLED]
    with running(bench) as one, running(bench) as other, opened(bench.place, train=False) as fleet:
        newest = {name: _two_versions(fleet, name)[1] for name in names}
        _promote(fleet, list(newest.items()))
        looked = names[:: len(names) // 50]
        _until(one, other, looked, lambda name, version: version == newest[name])
        begun = time.perf_counter()
        Http(one).call("POST", f"/api/tenants/{names[0]}/tasks/{TASK}/versions/roll-back", {})
        _until(one, other, names[:1], lambda name, version: version != newest[name])
        single = time.perf_counter() - begun
        begun = time.perf_counter()
        moved = Http(one).call("POST", f"/api/recipes/{SECOND}/roll-back", {})
        _until(one, other, looked[1:], lambda name, version: version != newest[name])
        many = time.perf_counter() - begun
    return [
        Figure("roll back of one task, on two servers", single, "s", None, _absolute(1)),
        Figure(
            f"  of {moved['changed']:,} tasks by their recipe",
            many,
            "s",
            None,
            _absolute(10),
        ),
    ]


def _until(one: str, other: str, names: Sequence[str], holds: Callable[[str, str], bool]) -> None:
    """Ask both servers until all these tenants answer with a version that is meant."""
    for url in (one, other):
        http = Http(url)
        for name in names:
            _, path, body = infer(name, ["is it back"]).split("\t")
            while not holds(name, http.call("POST", path, json.loads(body))["model_version"]):
                time.sleep(0.005)


def wear(bench: Bench) -> list[Figure]:
    """What many swaps leave behind: 50 times a thousand of them."""
    names = bench.place.names[:1_000]
    file = requests(bench, names)
    seen: list[tuple[int, int, load.Load]] = []
    with running(bench) as url, opened(bench.place, train=False) as fleet:
        versions = {name: _two_versions(fleet, name) for name in names}
        load.in_a_process(url, file, count=len(names))
        for turn in range(1, 51):
            _promote(fleet, [(name, versions[name][turn % 2]) for name in names])
            load.in_a_process(url, file, count=len(names))
            if turn in {1, 10, 50}:
                found = load.in_a_process(url, file, seconds=bench.seconds, rate=200)
                seen.append((turn * len(names), memory_of(process_of(url), "Pss_Anon"), found))
    (early, first, calm), *later = seen
    figures = []
    for swapped, memory, found in later:
        name = f"its own memory after {swapped:,} swaps, of after {early:,}"
        figures += [
            Figure(name, memory / first, "x", None, at_most(1.1)),
            Figure("  p50 of a request", found.p50 / calm.p50, "x", None, at_most(1.1)),
            Figure("  p99 of a request", found.p99 / calm.p99, "x"),
        ]
    return figures


PARTS: dict[str, Callable[[Bench], list[Figure]]] = {
    "start": start,
    "cold": cold,
    "hot": hot,
    "decide": decide,
    "batch": batch,
    "memory": memory,
    "swaps": swaps,
    "recall": recall,
    "wear": wear,
}
"""In the order in which they are measured: the last ones leave their traces in the log."""


def main() -> None:
    """Build, measure, print a table of each part."""
    made = parser(__doc__)
    made.add_argument("--models", type=int, default=100_000)
    made.add_argument("--seconds", type=float, default=10.0)
    made.add_argument("--parts", nargs="*", default=list(PARTS), choices=list(PARTS))
    made.add_argument("--keep", type=Path, help="a folder to build the fleet in, or to find it in")
    arguments = made.parse_args()
    configure_logging("error")
    parts = {"loop", "noop"}
    yardstick = measured(arguments.folder, parts, quick=arguments.quick, file=arguments.markdown)
    with TemporaryDirectory(dir=arguments.folder, prefix="mf-bench-") as folder:
        place = built((arguments.keep or Path(folder)).absolute(), arguments.models)
        bench = Bench(place, Path(folder), arguments.seconds, yardstick.noop)
        for part in arguments.parts:
            show(part, PARTS[part](bench), yardstick.loops(), arguments.markdown)


if __name__ == "__main__":
    main()
