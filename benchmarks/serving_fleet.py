"""The fleet that serving.py measures, servers on it, and what they are asked."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import numpy as np

import load
from many_models import add_models, prototypes, publish_another
from modelfleet.fleet import Fleet
from modelfleet.settings import Settings
from running import Http, server
from world import TASK, businesses, patient_recipe

RECALLED = 10_000
"""Tenants, the first ones, that have two versions."""
_GIBIBYTE = 2**30


Line = Callable[[str, Sequence[str]], str]
"""A request about texts of a tenant, as load.py takes it."""


class Place(msgspec.Struct, frozen=True):
    """A built fleet: where it is, and its tenants; the first have two versions each."""

    database: str
    store: Path
    names: tuple[str, ...]


class Bench(msgspec.Struct, frozen=True):
    """What all parts need."""

    place: Place
    folder: Path
    seconds: float
    noop: float


def built(folder: Path, count: int) -> Place:
    """A fleet of so many models; one that was built here before is taken as it is."""
    place = Place(str(folder / "data"), folder / "models", tuple(_names(count)))
    if (folder / "built").exists():
        return place
    place.store.mkdir(parents=True, exist_ok=True)
    with opened(place, train=False) as fleet:
        trained = prototypes(fleet, min(20, count))
        for _ in add_models(fleet, trained, count):
            pass
        publish_another(fleet, trained, place.names[:RECALLED])
    (folder / "built").touch()
    return place


def _names(count: int) -> Iterator[str]:
    return (f"tenant-{number:06d}" for number in range(count))


def opened(place: Place, *, train: bool) -> Fleet:
    recipe = patient_recipe(place.store)
    settings = Settings(store=str(place.store), recipe=str(recipe), memory=_GIBIBYTE)
    return Fleet(place.database, settings=settings, train=train, durable=False)


def texts() -> list[str]:
    """What is asked."""
    return [text for one in businesses() for source in one.sources for text in source.held_out]


def infer(tenant: str, some: Sequence[str]) -> str:
    """A request for predictions, as load.py takes it."""
    inputs = [{"name": "text", "shape": [len(some)], "datatype": "BYTES", "data": list(some)}]
    return f"POST\t/v2/models/{tenant}.{TASK}/infer\t{json.dumps({'inputs': inputs})}\n"


def decision(tenant: str, some: Sequence[str]) -> str:
    """A request for a decision."""
    body = json.dumps({"text": some[0]})
    return f"POST\t/api/tenants/{tenant}/tasks/{TASK}/decisions\t{body}\n"


def requests(
    bench: Bench,
    tenants: Sequence[str],
    line: Callable[[str, Sequence[str]], str] = infer,
    size: int = 1,
) -> Path:
    """A file that asks these tenants in this order."""
    said = texts()
    file = bench.folder / f"requests-{time.monotonic_ns()}"
    with file.open("w", encoding="utf-8") as opened:
        for number, tenant in enumerate(tenants):
            first = number * size
            some = [said[(first + index) % len(said)] for index in range(size)]
            opened.write(line(tenant, some))
    return file


def skewed(names: Sequence[str], count: int) -> list[str]:
    """Tenants by Zipf's law."""
    weights = 1 / np.arange(1, len(names) + 1)
    generator = np.random.default_rng(6)
    drawn = generator.choice(len(names), count, p=weights / weights.sum())
    return [names[index] for index in drawn.tolist()]


@contextmanager
def running(bench: Bench, memory: str = "4GiB") -> Iterator[str]:
    """The URL of a server over the fleet."""
    place = bench.place
    options = ["--memory", memory]
    with server(place.database, place.store, options=options) as url:
        yield url


def hottest(bench: Bench) -> Sequence[str]:
    """The tenants that are asked most."""
    return bench.place.names[:10_000]


def warm(bench: Bench, url: str) -> None:
    """Have the server load them."""
    names = hottest(bench)
    load.in_a_process(url, requests(bench, names), count=len(names))


def paced(bench: Bench, file: Path) -> tuple[load.Load, load.Load]:
    """As fast as the server answers, and at half that pace."""
    with running(bench) as url:
        warm(bench, url)
        peak = load.in_a_process(url, file, seconds=bench.seconds)
        half = load.in_a_process(url, file, seconds=2 * bench.seconds, rate=peak.rate / 2)
    return peak, half


def share_of_noop(rate: float, bench: Bench) -> float:
    """A rate as a share of the no-op endpoint's."""
    return rate / bench.noop if bench.noop else float("nan")


def gauge(url: str, name: str) -> float:
    """What a server tells of itself."""
    shown = Http(url).call("GET", "/metrics").decode()
    (line,) = (line for line in shown.splitlines() if line.startswith(f"{name} "))
    return float(line.split()[1])
