"""The same thousand tenants behind modelfleet and behind other servers of models: speed and memory.

Each peer gets the same scikit-learn pipelines (TF-IDF and logistic regression, saved with joblib),
one for each tenant, and is installed into an environment of its own (`--environments`) the first
time. All are asked about one text at a time over 32 connections, tenants by Zipf's law, once every
model is in memory. modelfleet serves what it trained itself on the same examples, through the Open
Inference Protocol, whose answer holds all labels with calibrated probabilities; FastAPI, BentoML
and Ray answer with one label and a probability, MLServer with a label. Memory is that of all
processes of a server (what they share counts once); per model, how much more a server has with all
models in memory than one with ten.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np

import load
from machine import Yardstick, measured
from modelfleet.cli.logging import configure_logging
from modelfleet.fleet import Fleet
from modelfleet.settings import Settings
from report import Figure, Target, at_least, at_most, parser, show
from running import free_port, memory_of, process, process_of, ready, server
from world import TASK, Tenant, fill, patient_recipe, tenants

_PEERS = Path(__file__).parent / "peers"
_REQUESTS = 20_000
_FEW = 10
_PATIENCE = 600.0

Line = Callable[[str, str], tuple[str, object, str]]
"""A request about a tenant's text: path, body, and a header or nothing."""


class Seen(msgspec.Struct, frozen=True):
    """What a server did, and the bytes that it took.

    Attributes:
        load: how fast it answered.
        with_few: bytes of its own with a few models, without pages of files.
        with_all: the same with all.
        resident: bytes with all, pages of files included.
        models: how many these are.
    """

    load: load.Load
    with_few: int
    with_all: int
    resident: int
    models: int

    @property
    def per_model(self) -> float:
        """Bytes that it has for each model more."""
        return (self.with_all - self.with_few) / (self.models - _FEW)


def _infer(model: str, text: str) -> tuple[str, object, str]:
    inputs = [{"name": "text", "shape": [1], "datatype": "BYTES", "data": [text]}]
    return f"/v2/models/{model}/infer", {"inputs": inputs}, ""


def _infer_team(tenant: str, text: str) -> tuple[str, object, str]:
    return _infer(f"{tenant}.{TASK}", text)


LINES: dict[str, Line] = {
    "fastapi": lambda tenant, text: (f"/predict/{tenant}", {"text": text}, ""),
    "mlserver": _infer,
    "bentoml": lambda tenant, text: ("/predict", {"tenant": tenant, "text": text}, ""),
    "ray": lambda tenant, text: ("/", {"text": text}, f"serve_multiplexed_model_id: {tenant}"),
}
"""How each peer is asked."""

READY = {"fastapi": "/ready", "mlserver": "/v2/health/ready", "bentoml": "/readyz", "ray": "/ready"}


def installed(peer: str, environments: Path) -> Path:
    """The interpreter of a peer's own environment, which is made if it isn't there."""
    folder = environments / peer
    python = folder / "bin" / "python"
    done = folder / "installed"
    wanted = (_PEERS / peer / "requirements.txt").read_text(encoding="utf-8")
    if not done.exists() or done.read_text(encoding="utf-8") != wanted:
        print(f"installing {peer} into {folder}", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        requirements = str(_PEERS / peer / "requirements.txt")
        subprocess.run([*command, "-r", requirements], check=True)  # noqa: S603 - its own
        done.write_text(wanted, encoding="utf-8")
    return python


def pipelines(python: Path, made: Sequence[Tenant], folder: Path) -> Path:
    """Train the peers' models; the folder that they are in."""
    file, models = folder / "tenants.json", folder / "joblib"
    told = {
        tenant.name: [
            [text for text, _ in tenant.examples],
            [label for _, label in tenant.examples],
        ]
        for tenant in made
    }
    file.write_text(json.dumps(told), encoding="utf-8")
    subprocess.run([python, _PEERS / "train.py", file, models], check=True)  # noqa: S603 - ours
    return models


def requests_of(made: Sequence[Tenant], line: Line, folder: Path) -> tuple[Path, Path]:
    """A file that asks each tenant once, and one that asks them by Zipf's law."""
    each = [(tenant, tenant.held_out[0][0]) for tenant in made]
    generator = np.random.default_rng(5)
    weights = 1 / np.arange(1, len(made) + 1)
    drawn = generator.choice(len(made), _REQUESTS, p=weights / weights.sum())
    skewed = []
    for number, index in enumerate(drawn.tolist()):
        tenant = made[index]
        skewed.append((tenant, tenant.held_out[number % len(tenant.held_out)][0]))
    files = folder / "each", folder / "skewed"
    for file, asked in zip(files, (each, skewed), strict=True):
        file.write_text("".join(_written(line, *one) for one in asked), encoding="utf-8")
    return files


def _written(line: Line, tenant: Tenant, text: str) -> str:
    path, body, header = line(tenant.name, text)
    return "\t".join(["POST", path, json.dumps(body), *([header] if header else [])]) + "\n"


def loaded(url: str, made: Sequence[Tenant], line: Line) -> int:
    """Bytes of its own that a server has after it has answered for each tenant."""
    with TemporaryDirectory() as place:
        each, _ = requests_of(made, line, Path(place))
        load.in_a_process(url, each, count=len(made))
    return memory_of(process_of(url), "Pss_Anon")


def asked(url: str, made: Sequence[Tenant], line: Line, seconds: float) -> load.Load:
    """What a server does that has loaded everything."""
    with TemporaryDirectory() as place:
        _, skewed = requests_of(made, line, Path(place))
        return load.in_a_process(url, skewed, seconds=seconds)


def theirs(peer: str, python: Path, models: Path, made: Sequence[Tenant], seconds: float) -> Seen:
    """What a peer does; one that loads all models when it starts is started with a few of them."""
    few, line = models.with_name("few"), LINES[peer]
    few.mkdir(exist_ok=True)
    for tenant in made[:_FEW]:
        shutil.copy(models / f"{tenant.name}.joblib", few)
    with peer_server(peer, python, few) as url:
        with_few = loaded(url, made[:_FEW], line)
    with peer_server(peer, python, models) as url:
        with_all = loaded(url, made, line)
        resident = memory_of(process_of(url))
        found = asked(url, made, line, seconds)
    return Seen(found, with_few, with_all, resident, len(made))


@contextmanager
def peer_server(peer: str, python: Path, models: Path) -> Iterator[str]:
    """The URL of a running peer."""
    port = free_port()
    path = os.pathsep.join([str(python.parent), os.environ["PATH"]])
    environment = {"PEER_MODELS": str(models), "PEER_PORT": str(port), "PATH": path}
    with process([python, _PEERS / peer / "server.py"], environment) as started:
        yield ready(f"http://127.0.0.1:{port}", READY[peer], started, _PATIENCE)


def ours(made: Sequence[Tenant], folder: Path, seconds: float) -> Seen:
    """What modelfleet does, after it has trained all tenants."""
    database, store = str(folder / "data"), folder / "models"
    store.mkdir(parents=True)
    settings = Settings(store=str(store), recipe=str(patient_recipe(folder)))
    with Fleet(database, settings=settings, train=False, durable=False) as fleet:
        configure_logging("error")
        fill(fleet, made)
        for tenant in made:
            fleet.task(tenant.name, TASK).retry_training()
        fleet.train_due()
    with server(database, store) as url:
        with_few = loaded(url, made[:_FEW], _infer_team)
        with_all = loaded(url, made, _infer_team)
        resident = memory_of(process_of(url))
        found = asked(url, made, _infer_team, seconds)
        return Seen(found, with_few, with_all, resident, len(made))


def figures(name: str, found: Seen, noop: float, against: Seen | None) -> list[Figure]:
    """The rows of one server; those of ours have targets against the best of the others."""
    aims: dict[str, Target] = {}
    if against is not None:
        aims = {
            "rate": at_least(3 * against.load.rate),
            "memory": at_most(against.per_model / 10),
        }
    yardstick = ("the no-op", noop) if noop else None
    return [
        Figure(f"{name}: requests", found.load.rate, "/s", yardstick, aims.get("rate")),
        Figure("  p50", found.load.p50 * 1e3, "ms"),
        Figure("  p99", found.load.p99 * 1e3, "ms"),
        Figure("  bytes per model", found.per_model, "", None, aims.get("memory")),
        Figure("  in all, pages of files included", found.resident / 2**20, "MiB"),
    ]


def compared(arguments: argparse.Namespace, yardstick: Yardstick, folder: Path) -> None:
    """Measure the peers, then ours, and print the table."""
    made = list(tenants(arguments.models, labels=4, examples=300))
    pythons = {peer: installed(peer, arguments.environments) for peer in arguments.peers}
    others: dict[str, Seen] = {}
    if pythons:
        models = pipelines(next(iter(pythons.values())), made, folder)
    for peer, python in pythons.items():
        others[peer] = theirs(peer, python, models, made, arguments.seconds)
    mine = ours(made, folder, arguments.seconds)
    best = None
    if others:
        fastest = max(others.values(), key=lambda one: one.load.rate)
        slimmest = min(others.values(), key=lambda one: one.per_model)
        best = msgspec.structs.replace(slimmest, load=fastest.load)
    rows = figures("modelfleet", mine, yardstick.noop, best)
    for peer, found in others.items():
        rows += figures(peer, found, yardstick.noop, None)
    title = f"{arguments.models:,} tenants' models, one text at a time"
    show(title, rows, yardstick.loops(), arguments.markdown)


def main() -> None:
    """Compare."""
    made = parser(__doc__)
    made.add_argument("--models", type=int, default=1_000)
    made.add_argument("--seconds", type=float, default=10.0)
    made.add_argument("--peers", nargs="*", default=list(LINES), choices=list(LINES))
    made.add_argument("--environments", type=Path, default=Path(".venv-peers"))
    arguments = made.parse_args()
    arguments.environments = arguments.environments.absolute()
    yardstick = measured(
        arguments.folder, {"loop", "noop"}, quick=arguments.quick, file=arguments.markdown
    )
    with TemporaryDirectory(dir=arguments.folder, prefix="mf-bench-") as folder:
        compared(arguments, yardstick, Path(folder))


if __name__ == "__main__":
    main()
