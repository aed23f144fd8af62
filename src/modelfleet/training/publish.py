"""From a lease to an outcome: read, train, gate, and publish or say why not."""

from concurrent.futures import Future
from datetime import UTC
from importlib.metadata import version as installed_version

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.catalog import Catalog, Lease, Version
from modelfleet.clock import Clock, to_datetime
from modelfleet.errors import CheckpointUnusable
from modelfleet.events import Appended, EventLog, kinds, make
from modelfleet.learners import LinearModel, prototypes
from modelfleet.models import Checkpoint, Header, Store, fingerprint, key, write
from modelfleet.recipe import Recipe
from modelfleet.text import StaticEncoder
from modelfleet.training.evidence import TrainingSet, read_training_set
from modelfleet.training.gate import Verdict, judge
from modelfleet.training.train import HeldOut, Trained, train

CODE_VERSION = installed_version("modelfleet")


class Published(msgspec.Struct, frozen=True):
    """A new version was published."""

    tenant: str
    task: str
    version: str
    why: str


class Kept(msgspec.Struct, frozen=True):
    """The live version stays."""

    tenant: str
    task: str
    why: str


class Failed(msgspec.Struct, frozen=True):
    """The training ended in an error, which is in the log."""

    tenant: str
    task: str
    error: str


Outcome = Published | Kept | Failed


class Trying(msgspec.Struct, frozen=True, eq=False):
    """What came of a training; it holds once the event that says so is in the log."""

    outcome: Outcome
    logged: "Future[list[Appended]]"


class Trainer:
    """Trains one task at a time, from the log to a published version."""

    def __init__(
        self,
        log: EventLog,
        catalog: Catalog,
        store: Store,
        encoder: StaticEncoder,
        recipe: Recipe,
        clock: Clock,
    ) -> None:
        self._log = log
        self._catalog = catalog
        self._store = store
        self._encoder = encoder
        self._recipe = recipe
        self._clock = clock

    def train(self, lease: Lease) -> Trying:
        """Train a leased task, and hand what came of it to the log.

        Raises:
            StoreUnavailable: the store can't take the checkpoint.
            LogUnavailable: the log can't be read, or is closed.
        """
        known = read_training_set(self._log, lease.tenant, lease.task)
        if not known.labels:
            return self._keep(lease, known, "the task has no labels", {})
        champion = self._champion(lease)
        seen_until = 0 if champion is None else champion.header.watermark
        trained = train(known, self._recipe, self._encoder, seen_until=seen_until)
        verdict = self._judge(known, trained, champion)
        if not verdict.publish:
            return self._keep(lease, known, verdict.why, _seen(trained))
        return self._publish(lease, known, trained, verdict.why)

    def fail(self, lease: Lease, error: Exception) -> Trying:
        """Note that a training ended in an error; it will be tried again after a while."""
        watermark = self._catalog.task(lease.tenant, lease.task).evidence_seq
        said = f"{type(error).__name__}: {error}"[:1000]
        body = kinds.TrainingFailed(watermark=watermark, error=said)
        return self._tried(lease, body, Failed(lease.tenant, lease.task, said))

    def _champion(self, lease: Lease) -> Checkpoint | None:
        """The live version, None if there is none that can be opened."""
        live = self._catalog.task(lease.tenant, lease.task).live
        version = live and self._catalog.version(lease.tenant, lease.task, live)
        return self._opened(lease, version) if version else None

    def _judge(self, known: TrainingSet, trained: Trained, champion: Checkpoint | None) -> Verdict:
        held_out = trained.held_out
        gate = self._recipe.gate
        if champion is None:
            texts = prototypes.fit(known.label_texts(), self._encoder)
            right = _right(texts, held_out)
            return judge(held_out.right, right, gate, same_recipe=True, rival="label texts alone")
        header = champion.header
        model = LinearModel.from_arrays(header.labels, champion.arrays)
        unseen = np.array([e.seq > header.watermark for e in held_out.examples], bool)
        same = header.recipe == msgspec.to_builtins(self._recipe)
        right = _right(model, held_out)
        return judge(held_out.right[unseen], right[unseen], gate, same_recipe=same)

    def _publish(self, lease: Lease, known: TrainingSet, trained: Trained, why: str) -> Trying:
        """Bytes first, then the event that makes them visible."""
        version = _name(known, self._recipe)
        if self._is_there(lease, version):
            why = f"nothing new: it would be {version} again, which was published before"
            return self._keep(lease, known, why, _seen(trained))
        header = Header(
            tenant=lease.tenant,
            task=lease.task,
            version=version,
            recipe=msgspec.to_builtins(self._recipe),
            labels=trained.model.labels,
            watermark=known.watermark,
            examples=len(known.examples),
            metrics=trained.metrics,
            temperature=trained.temperature,
            threshold=trained.threshold,
            training_digest=known.digest,
            code_version=CODE_VERSION,
        )
        data = write(header, trained.model.to_arrays())
        self._store.put(key(lease.tenant, lease.task, version), data)
        body = kinds.VersionPublished(
            version=version,
            watermark=known.watermark,
            evidence=known.evidence,
            recipe=self._recipe.name,
            examples=len(known.examples),
            labels=len(known.labels),
            fingerprint=fingerprint(data),
            training_digest=known.digest,
            why=why,
            metrics=_seen(trained),
        )
        return self._tried(lease, body, Published(lease.tenant, lease.task, version, why))

    def _is_there(self, lease: Lease, version: str) -> bool:
        """Whether a version was published before, and its file is still there."""
        published = self._catalog.version(lease.tenant, lease.task, version)
        return published is not None and self._opened(lease, published) is not None

    def _opened(self, lease: Lease, version: Version) -> Checkpoint | None:
        place = key(lease.tenant, lease.task, version.version)
        try:
            return self._store.open(place, version.fingerprint)
        except CheckpointUnusable:
            return None  # whatever is learned now is better than a version that can't be served

    def _keep(
        self, lease: Lease, known: TrainingSet, why: str, metrics: dict[str, float]
    ) -> Trying:
        body = kinds.VersionKept(
            watermark=known.watermark,
            evidence=known.evidence,
            recipe=self._recipe.name,
            why=why,
            metrics=metrics,
        )
        return self._tried(lease, body, Kept(lease.tenant, lease.task, why))

    def _tried(self, lease: Lease, body: kinds.Body, outcome: Outcome) -> Trying:
        event = make(body, tenant=lease.tenant, task=lease.task, time=self._clock())
        return Trying(outcome, self._log.submit([event]))


def _seen(trained: Trained) -> dict[str, float]:
    """The metrics of cross-fitting, and those of the newest requests as ``newest_…``."""
    newest = {f"newest_{name}": value for name, value in trained.held_out.metrics.items()}
    return trained.metrics | newest


def _name(known: TrainingSet, recipe: Recipe) -> str:
    """A version's name: the UTC time of the last event it knows, and a digest of what made it."""
    made_of = f"{known.digest} {recipe.digest} {CODE_VERSION}"
    at = to_datetime(known.logged).astimezone(UTC)
    return f"{at:%Y%m%dT%H%M%S}.{at.microsecond:06d}Z-{fingerprint(made_of.encode())[:8]}"


def _right(model: LinearModel, held_out: HeldOut) -> NDArray[np.bool_]:
    """Where a model's best label is the one that people gave."""
    best = [model.labels[int(model.scores(f).argmax())] for f in held_out.features]
    pairs = zip(best, held_out.examples, strict=True)
    return np.array([label == example.label for label, example in pairs], bool)
