"""A fleet of many models, made cheaply and honestly; and what such models cost, stored and served.

A few tenants are trained for real, each on its own labels and on 200 to 500 examples. Every other
tenant gets one of their versions as its own: the same arrays in a file with its own header and
digest, in the store where its key says, labels and the publication in the log as a training leaves
them. Serving can't tell it from a fleet that was trained; what it lacks is the evidence in the log
in front of each version, which no server reads.

As a command it builds such a fleet and loads all its models into one process, cold, one after
another: seconds and bytes on disk for each, and by how much the process grows (memory of its own,
all of Python's objects included) beside what the cache counts for its budget.
"""

import gc
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np

from machine import measured
from modelfleet.catalog import Version
from modelfleet.clock import now
from modelfleet.events import kinds, make
from modelfleet.fleet import Fleet
from modelfleet.models import Checkpoint, fingerprint, key, write
from modelfleet.settings import Settings
from places import servers
from report import Figure, at_most, chosen_databases, databases, parser, show
from running import memory_of
from world import TASK, Tenant, fill, patient_recipe, tenants

SECOND = "second"
"""The recipe of second versions."""
_TOGETHER = 400
_EXAMPLES = (200, 500)
_BYTES_GOAL = 42 * 1024


class Prototype(msgspec.Struct, frozen=True):
    """A version that was trained, and the labels that it knows."""

    tenant: Tenant
    version: Version
    checkpoint: Checkpoint


def prototypes(fleet: Fleet, count: int, labels: int = 4) -> list[Prototype]:
    """Train so many tenants, on 200 to 500 examples each; all but labels is taken from the demo."""
    generator = np.random.default_rng(4)
    sizes = generator.integers(*_EXAMPLES, count, endpoint=True).tolist()
    some = tenants(count, labels=labels, examples=_EXAMPLES[1])
    made = [
        msgspec.structs.replace(tenant, name=f"trained-{n:04d}", examples=tenant.examples[:size])
        for n, (tenant, size) in enumerate(zip(some, sizes, strict=True))
    ]
    fill(fleet, made)
    for tenant in made:
        fleet.task(tenant.name, TASK).retry_training()
    fleet.train_due()
    return [_prototype(fleet, tenant) for tenant in made]


def add_models(
    fleet: Fleet, trained: Sequence[Prototype], count: int, start: int = 0
) -> Iterator[str]:
    """Give so many tenants a model each, as if it had been trained; their names, as they are done.

    Files are written without waiting for the disk: what a crash leaves of a benchmark's fleet
    doesn't matter.
    """
    numbers = range(start, start + count)
    for first in range(start, start + count, _TOGETHER):
        some = numbers[first - start : first - start + _TOGETHER]
        named = {f"tenant-{n:06d}": trained[n % len(trained)] for n in some}
        watermarks = _define_labels(fleet, named)
        published = [
            make(_stored(fleet, name, watermarks[name], one), tenant=name, task=TASK, time=now())
            for name, one in named.items()
        ]
        fleet.import_events(published)
        yield from named


def publish_another(fleet: Fleet, trained: Sequence[Prototype], names: Sequence[str]) -> None:
    """Give tenants that `add_models` made first, in its order, a second version: by `SECOND`.

    It is the same but for its name, and the recipe that it says it was made by.
    """
    for start in range(0, len(names), _TOGETHER):
        head = fleet.log.head()
        fleet.import_events(
            make(_stored(fleet, name, head, _renamed(one)), tenant=name, task=TASK, time=now())
            for number, name in enumerate(names[start : start + _TOGETHER], start)
            for one in [trained[number % len(trained)]]
        )


def _renamed(one: Prototype) -> Prototype:
    name = one.version.version[:-8] + "0000000b"
    version = msgspec.structs.replace(one.version, version=name, recipe=SECOND)
    return msgspec.structs.replace(one, version=version)


def _prototype(fleet: Fleet, tenant: Tenant) -> Prototype:
    (version, *_) = fleet.task(tenant.name, TASK).versions()
    file = Path(fleet.settings.models) / key(tenant.name, TASK, version.version)
    return Prototype(tenant, version, Checkpoint.open_file(file))


def _define_labels(fleet: Fleet, named: dict[str, Prototype]) -> dict[str, int]:
    """Log the labels of tenants; up to where in the log each one's version knows."""
    events = [
        make(body, tenant=name, task=TASK, time=now())
        for name, one in named.items()
        for body in one.tenant.labels
    ]
    receipts = fleet.import_events(events)
    return {event.tenant: r.seq for event, r in zip(events, receipts, strict=True)}


def _stored(fleet: Fleet, name: str, watermark: int, one: Prototype) -> kinds.VersionPublished:
    """Put a version into the store under a tenant's name; what its training would log."""
    version = one.version
    header = msgspec.structs.replace(
        one.checkpoint.header, tenant=name, version=version.version, watermark=watermark
    )
    data = write(header, one.checkpoint.arrays)
    file = Path(fleet.settings.models) / key(name, TASK, version.version)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    return kinds.VersionPublished(
        version=version.version,
        watermark=watermark,
        evidence=version.examples,
        recipe=version.recipe,
        examples=version.examples,
        labels=len(header.labels),
        fingerprint=fingerprint(data),
        training_digest=version.training_digest,
        why="published for a benchmark",
        metrics=version.metrics,
        recipe_digest=version.recipe_digest,
    )


def resident() -> int:
    """Bytes of this process in memory, without pages of files; see running.py."""
    return memory_of(os.getpid(), "Pss_Anon")


def loaded(fleet: Fleet, names: Sequence[str]) -> tuple[float, float]:
    """Load all models, cold; bytes that the process grows by, and CPU seconds, for each.

    The first quarter isn't counted: it fills the database's own cache, and whatever else is made
    once.
    """
    first = len(names) // 4
    for name in names[:first]:
        fleet.cache.get(name, TASK)
    gc.collect()
    before, begun = resident(), time.process_time()
    for name in names[first:]:
        fleet.cache.get(name, TASK)
    taken = time.process_time() - begun
    gc.collect()
    others = len(names) - first
    return (resident() - before) / others, taken / others


def figures(fleet: Fleet, trained: Sequence[Prototype], count: int) -> list[Figure]:
    """Build, then load everything."""
    begun = time.process_time()
    names = list(add_models(fleet, trained, count))
    built = (time.process_time() - begun) / count
    files = [Path(fleet.settings.models) / key(n, TASK, _live(fleet, n)) for n in names[:200]]
    grown, taken = loaded(fleet, names)
    counted = fleet.cache.nbytes / len(fleet.cache)
    arrays = [sum(a.nbytes for a in one.checkpoint.arrays.values()) for one in trained]
    return [
        Figure("built, CPU per model", built * 1e3, "ms"),
        Figure("bytes on disk per model", float(np.mean([f.stat().st_size for f in files]))),
        Figure("arrays in a file", float(np.mean(arrays))),
        Figure("loaded cold, CPU per model", taken * 1e3, "ms"),
        Figure("its own bytes in memory per model", grown, target=at_most(_BYTES_GOAL)),
        Figure("counted bytes per model", counted, yardstick=("in memory", grown)),
        Figure("its own memory in all", resident() / 2**20, "MiB"),
    ]


def _live(fleet: Fleet, tenant: str) -> str:
    return fleet.task(tenant, TASK).status().live or ""


def main() -> None:
    """Build and load; print the table."""
    made = parser(__doc__)
    databases(made, default="sqlite")
    made.add_argument("--models", type=int, default=2_000)
    made.add_argument("--trained", type=int, default=20, help="models trained for real")
    made.add_argument("--labels", type=int, default=4)
    arguments = made.parse_args()
    folder, quick, file = arguments.folder, arguments.quick, arguments.markdown
    yardstick = measured(folder, {"loop"}, quick=quick, file=file)
    for database, fresh in servers(chosen_databases(arguments), folder):
        url, store = fresh()
        store.mkdir(parents=True, exist_ok=True)
        settings = Settings(store=str(store), recipe=str(patient_recipe(store)), memory=64 * 2**30)
        with Fleet(url, settings=settings, train=False, durable=False) as fleet:
            trained = prototypes(fleet, arguments.trained, arguments.labels)
            found = figures(fleet, trained, arguments.models)
        title = f"{arguments.models:,} models, {arguments.labels} labels, {database}"
        show(title, found, yardstick.loops(), file)


if __name__ == "__main__":
    main()
