"""Models trained per second, against a loop of scikit-learn; and what both are worth.

Each tenant has 200 examples of five labels in the log, and texts that neither side ever sees. Two
`modelfleet train` processes read the log, train, cross-fit, calibrate, evaluate on the newest
requests, gate, write the checkpoint and publish it durably. Counted are the models between the
first and the last publication, so that no process's start is in it.

The loop is what one would write by hand: for each tenant a file of its examples is read,
`TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)` and `LogisticRegression(C=10)` are
fitted, and both are dumped by joblib; in two processes over the same tenants, with one BLAS thread
each like ours, counted between the end of each process's first model and the last one's. It holds
nothing out, calibrates nothing and knows no label descriptions; it does one fit where modelfleet
does several. Both orders of running are measured (ours, theirs, ours), since a machine's speed
drifts.

Accuracy is the share of the held-out texts whose best label is right.
"""

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

from machine import measured
from modelfleet.clock import SECOND
from modelfleet.decisions import Request
from modelfleet.events import kinds
from modelfleet.fleet import Fleet
from modelfleet.settings import Settings
from places import Fresh, servers
from report import Figure, at_least, chosen_databases, databases, parser, show
from running import workers
from world import TASK, Tenant, fill, tenants

_EXAMPLES = 200
_PROCESSES = 2
_LONGEST = 900.0
_MISSING = "training.py compares with scikit-learn; install it: pip install 'modelfleet[bench]'"


class Result(msgspec.Struct, frozen=True):
    """Models/s, and the share of held-out texts whose best label was right."""

    rate: float
    accuracy: float


def ours(fresh: Fresh, made: Sequence[Tenant], *, judged: bool) -> Result:
    """Have two worker processes train and publish all tenants' models."""
    url, store = fresh()
    with Fleet(url, settings=Settings(store=str(store)), train=False) as fleet:
        fill(fleet, made)
        with workers(url, store, _PROCESSES):
            times = _publications(fleet, len(made))
        accuracy = _accuracy_of(fleet, made) if judged else 0.0
    return Result((len(times) - 1) / (times[-1] - times[0]), accuracy)


def theirs(made: Sequence[Tenant], folder: Path) -> Result:
    """Have two processes loop over all tenants with scikit-learn."""
    with TemporaryDirectory(dir=folder) as place:
        for tenant in made:
            Path(place, f"{tenant.name}.json").write_bytes(msgspec.json.encode(tenant.examples))
        shares = [made[number::_PROCESSES] for number in range(_PROCESSES)]
        jobs = [([(t.name, t.held_out) for t in share], place) for share in shares]
        with multiprocessing.get_context("spawn").Pool(_PROCESSES) as pool:
            done = pool.starmap(_loop, jobs, chunksize=1)
    begun, ended = min(one[0] for one in done), max(one[1] for one in done)
    right, asked = sum(one[2] for one in done), sum(one[3] for one in done)
    return Result((len(made) - _PROCESSES) / (ended - begun), right / asked)


def _loop(tenants_: list[tuple[str, Any]], folder: str) -> tuple[float, float, int, int]:
    """One process's share: when its first model was done, and the last; right ones, all asked."""
    import joblib  # noqa: PLC0415 - only where it is compared with
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415

    ended, models = [], {}
    for name, _ in tenants_:
        texts, labels = zip(*json.loads(Path(folder, f"{name}.json").read_bytes()), strict=True)
        model = make_pipeline(
            TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
            LogisticRegression(C=10.0, max_iter=1000),
        )
        models[name] = model.fit(texts, labels)
        joblib.dump(model, Path(folder, f"{name}.joblib"))
        ended.append(time.time())
    right = asked = 0
    for name, held_out in tenants_:
        texts, labels = zip(*held_out, strict=True)
        right += int((models[name].predict(texts) == labels).sum())
        asked += len(texts)
    return ended[0], ended[-1], right, asked


def _publications(fleet: Fleet, count: int) -> list[float]:
    """When each model was published (seconds), once all are."""
    found: list[float] = []
    after = 0
    end = time.monotonic() + _LONGEST
    while len(found) < count and time.monotonic() < end:
        for event in fleet.log.read(after):
            after = event.seq
            if event.kind == kinds.TrainingFailed.kind:
                raise SystemExit(f"{event.tenant}: {event.fields['error']}")
            if event.kind == kinds.VersionPublished.kind:
                found.append(event.logged / SECOND)
        time.sleep(0.1)
    if len(found) < count:
        raise SystemExit(f"only {len(found)} of {count} models were published")
    return found


def _accuracy_of(fleet: Fleet, made: Sequence[Tenant]) -> float:
    right: list[bool] = []
    for tenant in made:
        requests = [Request(text) for text, _ in tenant.held_out]
        decisions = fleet.task(tenant.name, TASK).decide_many(requests)
        pairs = zip(decisions, tenant.held_out, strict=True)
        right += [decided.candidates[0].label == label for decided, (_, label) in pairs]
    return fmean(right)


def figures(our: Sequence[Result], their: Result) -> list[Figure]:
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
    ]


def main() -> None:
    """Measure and print a table for each database."""
    arguments = parser(__doc__)
    databases(arguments, default="sqlite")
    arguments.add_argument("--tenants", type=int, default=200)
    arguments.add_argument("--data-folder", type=Path, help="with */train.jsonl files")
    asked = arguments.parse_args()
    try:
        import sklearn  # noqa: F401, PLC0415 - only whether it is there
    except ImportError:
        raise SystemExit(_MISSING) from None
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    parts = {"loop", "fsync", "product"}
    yardstick = measured(asked.folder, parts, quick=asked.quick, file=asked.markdown)
    made = list(tenants(asked.tenants, examples=_EXAMPLES, data_folder=asked.data_folder))
    for database, fresh in servers(chosen_databases(asked), asked.folder):
        first = ours(fresh, made, judged=True)
        their = theirs(made, asked.folder)
        second = ours(fresh, made, judged=False)
        texts = asked.data_folder.name if asked.data_folder else "the demo's world"
        title = f"{database}: {len(made)} tenants of {_EXAMPLES} examples and 5 labels ({texts})"
        show(title, figures([first, second], their), yardstick.loops(), asked.markdown)


if __name__ == "__main__":
    main()
