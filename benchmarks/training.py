"""Models trained per second, against a loop of scikit-learn; and what both are worth.

Each tenant has 200 examples of five labels in the log, and texts that neither side ever sees. Two
`modelfleet train` processes read the log, train, cross-fit, calibrate, evaluate on the newest
requests, gate, write the checkpoint and publish it durably. Both processes have trained before the
clock starts; then the training of all tenants is asked for in one commit, and it runs until the
last is published, or kept back by the gate. (The fleet that logs the tenants has a recipe that
waits for that, not for some quiet; else nothing differs from the default.) The demo's world has
some 140 different texts for a tenant, of which some come again behind another opener; those of
`--data-folder` are all different.

The loop is what one would write by hand: for each tenant a file of its examples is read,
`TfidfVectorizer()` and `LogisticRegression()` with scikit-learn's own defaults are fitted, and
both are dumped by joblib; in two processes over the same tenants, with one BLAS thread each like
ours, which have fitted one model before the clock starts for both. It holds nothing
out, calibrates nothing and knows no label descriptions; it does one fit where modelfleet does
several. The target is against this loop. A second loop that somebody tuned for accuracy (one and
two words, sublinear counts, C=10) is slower, and is there to compare accuracy with. They run in
the order ours, loop, tuned loop, ours, and both of ours count, since a machine's speed drifts.

Accuracy is the share of the held-out texts whose best label is right.
"""

import importlib.util
import json
import multiprocessing
import os
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import sqlalchemy as sa

from machine import measured
from modelfleet.catalog.schema import LEASED, QUEUED, TASKS
from modelfleet.clock import SECOND, now
from modelfleet.decisions import Request
from modelfleet.events import Logged, kinds, make
from modelfleet.fleet import Fleet
from modelfleet.settings import Settings
from places import Fresh, servers
from report import Figure, at_least, chosen_databases, databases, parser, show
from running import workers
from world import TASK, Tenant, fill, patient_recipe, tenants

_EXAMPLES = 200
_PROCESSES = 2
_LONGEST = 300.0
_TRAINED = (kinds.VersionPublished.kind, kinds.VersionKept.kind)
"""A model that the gate keeps back is trained and evaluated as well."""
_MISSING = "training.py compares with scikit-learn; install it: pip install 'modelfleet[bench]'"


class Result(msgspec.Struct, frozen=True):
    """Models/s, and the share of held-out texts whose best label was right."""

    rate: float
    accuracy: float


def ours(fresh: Fresh, made: Sequence[Tenant], *, judged: bool) -> Result:
    """Have two worker processes train and publish all tenants' models."""
    url, store = fresh()
    with TemporaryDirectory() as folder:
        settings = Settings(store=str(store), recipe=str(patient_recipe(Path(folder))))
        with Fleet(url, settings=settings, train=False) as fleet:
            fill(fleet, made)
            first = [msgspec.structs.replace(one, name=f"first-{one.name}") for one in made[:16]]
            fill(fleet, first)
            with workers(url, store, _PROCESSES):
                _warmed(fleet, first)
                begun = _asked_for(fleet, made)
                ended = _last_outcome(fleet, begun.seq, {one.name for one in made})
            accuracy = _accuracy_of(fleet, made) if judged else 0.0
    return Result(len(made) * SECOND / (ended - begun.logged), accuracy)


def theirs(made: Sequence[Tenant], folder: Path, *, tuned: bool) -> Result:
    """Have two processes loop over all tenants with scikit-learn."""
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(_PROCESSES)
    with TemporaryDirectory(dir=folder) as place:
        for tenant in made:
            Path(place, f"{tenant.name}.json").write_bytes(msgspec.json.encode(tenant.examples))
        shares = [made[number::_PROCESSES] for number in range(_PROCESSES)]
        jobs = [([(t.name, t.held_out) for t in share], place, tuned) for share in shares]
        with context.Pool(_PROCESSES, initializer=_start_at, initargs=(start,)) as pool:
            done = pool.starmap(_loop, jobs, chunksize=1)
    begun, ended = min(one[0] for one in done), max(one[1] for one in done)
    right, asked = sum(one[2] for one in done), sum(one[3] for one in done)
    return Result(len(made) / (ended - begun), right / asked)


_starts: list[Any] = []
"""In a process of the loop: what it waits at until the other has fitted its first model too."""


def _start_at(barrier: Any) -> None:  # noqa: ANN401 - multiprocessing has no name for it
    _starts.append(barrier)


def _loop(
    tenants_: list[tuple[str, Any]],
    folder: str,
    tuned: bool,  # noqa: FBT001 - from starmap
) -> tuple[float, float, int, int]:
    """One process's share: when it began and ended; right ones, all asked."""
    _fitted(tenants_[0][0], folder, tuned=tuned)
    _starts[0].wait()
    begun = time.time()
    models = {name: _fitted(name, folder, tuned=tuned) for name, _ in tenants_}
    ended = time.time()
    right = asked = 0
    for name, held_out in tenants_:
        texts, labels = zip(*held_out, strict=True)
        right += int((models[name].predict(texts) == labels).sum())
        asked += len(texts)
    return begun, ended, right, asked


def _fitted(name: str, folder: str, *, tuned: bool) -> Any:  # noqa: ANN401 - it has no types
    """Read, fit and dump one tenant's model."""
    import joblib  # noqa: PLC0415 - not a dependency of the product
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415 - the same
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - the same
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415 - the same

    texts, labels = zip(*json.loads(Path(folder, f"{name}.json").read_bytes()), strict=True)
    words: dict[str, Any] = {"ngram_range": (1, 2), "sublinear_tf": True} if tuned else {}
    fit: dict[str, Any] = {"C": 10.0, "max_iter": 1000} if tuned else {}
    model = make_pipeline(TfidfVectorizer(**words), LogisticRegression(**fit))
    model.fit(texts, labels)
    joblib.dump(model, Path(folder, f"{name}.joblib"))
    return model


def _asked_for(fleet: Fleet, made: Sequence[Tenant]) -> Logged:
    """Ask for the training of all, in one commit; its first event."""
    body = kinds.TrainingRetried("benchmark")
    events = [make(body, tenant=one.name, task=TASK, time=now()) for one in made]
    return fleet.log.append(events)[0].event


def _warmed(fleet: Fleet, first: Sequence[Tenant]) -> None:
    """Have tenants trained until each process was seen to train, and all is done."""
    seen: set[str] = set()
    end = time.monotonic() + _LONGEST
    while len(seen) < _PROCESSES and time.monotonic() < end:
        _asked_for(fleet, first)
        while _unfinished(fleet, seen) and time.monotonic() < end:
            time.sleep(0.01)
    if len(seen) < _PROCESSES:
        raise SystemExit(f"only {len(seen)} of {_PROCESSES} processes trained anything")


def _unfinished(fleet: Fleet, seen: set[str]) -> bool:
    """Whether anything is queued or being trained; notes who trains."""
    query = sa.select(TASKS.c.worker).where(sa.or_(QUEUED, LEASED, TASKS.c.forced))
    with fleet.database.reading() as connection:
        busy = connection.execute(query).scalars().all()
    seen.update(worker for worker in busy if worker)
    return bool(busy)


def _last_outcome(fleet: Fleet, after: int, wanted: set[str]) -> int:
    """When the last of these tenants' models was published or kept back (microseconds)."""
    left, at = set(wanted), 0
    end = time.monotonic() + _LONGEST
    while left and time.monotonic() < end:
        for event in fleet.log.read(after):
            after = event.seq
            if event.kind == kinds.TrainingFailed.kind:
                raise SystemExit(f"{event.tenant}: {event.fields['error']}")
            if event.kind in _TRAINED:
                left.discard(event.tenant)
                at = event.logged
        time.sleep(0.05)
    if left:
        raise SystemExit(f"{len(left)} of {len(wanted)} models weren't trained")
    return at


def _accuracy_of(fleet: Fleet, made: Sequence[Tenant]) -> float:
    right: list[bool] = []
    for tenant in made:
        requests = [Request(text) for text, _ in tenant.held_out]
        decisions = fleet.task(tenant.name, TASK).decide_many(requests)
        pairs = zip(decisions, tenant.held_out, strict=True)
        right += [decided.candidates[0].label == label for decided, (_, label) in pairs]
    return fmean(right)


def figures(our: Sequence[Result], their: Result, tuned: Result) -> list[Figure]:
    """The rows of the table."""
    rate = fmean(one.rate for one in our)
    absolute = at_least(50, absolute=True)
    loop = ("the loop", their.rate)
    return [
        Figure("modelfleet, two processes", rate, "models/s", loop, absolute),
        Figure("  of the loop's models/s", rate / their.rate, "x", None, at_least(3.0)),
        Figure("  held-out accuracy", our[0].accuracy, "%"),
        Figure("scikit-learn loop, two processes", their.rate, "models/s"),
        Figure("  held-out accuracy", their.accuracy, "%"),
        Figure("the same, tuned for accuracy", tuned.rate, "models/s", loop),
        Figure("  held-out accuracy", tuned.accuracy, "%"),
    ]


def main() -> None:
    """Measure and print a table for each database."""
    arguments = parser(__doc__)
    databases(arguments, default="sqlite")
    arguments.add_argument("--tenants", type=int, default=200)
    arguments.add_argument("--data-folder", type=Path, help="with */train.jsonl files")
    asked = arguments.parse_args()
    if importlib.util.find_spec("sklearn") is None:
        raise SystemExit(_MISSING)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    parts = {"loop", "fsync", "product"}
    yardstick = measured(asked.folder, parts, quick=asked.quick, file=asked.markdown)
    made = list(tenants(asked.tenants, examples=_EXAMPLES, data_folder=asked.data_folder))
    for database, fresh in servers(chosen_databases(asked), asked.folder):
        first = ours(fresh, made, judged=True)
        loops = [theirs(made, asked.folder, tuned=tuned) for tuned in (False, True)]
        second = ours(fresh, made, judged=False)
        texts = asked.data_folder.name if asked.data_folder else "the demo's world"
        title = f"{database}: {len(made)} tenants of {_EXAMPLES} examples and 5 labels ({texts})"
        show(title, figures([first, second], *loops), yardstick.loops(), asked.markdown)


if __name__ == "__main__":
    main()
