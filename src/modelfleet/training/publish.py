"""From a lease to an outcome: read, train, gate, and publish or say why not."""

from collections.abc import Sequence
from concurrent.futures import Future
from datetime import UTC
from importlib.metadata import version as installed_version

import msgspec

from modelfleet.catalog import Catalog, Lease
from modelfleet.clock import Clock, to_datetime
from modelfleet.errors import CheckpointUnusable
from modelfleet.events import Appended, Event, EventLog, Group, kinds, make
from modelfleet.learners import prototypes
from modelfleet.learners.operating import WHOLE_TASK, Prior
from modelfleet.models import Header, Store, fingerprint, key, write
from modelfleet.recipe import Recipe
from modelfleet.text import Encoders
from modelfleet.training import judging, pinned
from modelfleet.training.evidence import TrainingSet, read_training_set
from modelfleet.training.gate import Verdict, judge
from modelfleet.training.judging import Rival
from modelfleet.training.opening import OpenVersion, open_version
from modelfleet.training.prior import prior_of
from modelfleet.training.train import HeldOut, Trained, train

CODE_VERSION = installed_version("modelfleet")


class Published(msgspec.Struct, frozen=True):
    """A new version was published; ``watched`` if there wasn't enough evidence for it."""

    tenant: str
    task: str
    version: str
    why: str
    watched: bool = False


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
    """What came of a training, and the event that says so: it holds once that is in the log."""

    outcome: Outcome
    event: Event


class Trainer:
    """Trains one task at a time, from the log to a published version."""

    def __init__(
        self,
        log: EventLog,
        catalog: Catalog,
        store: Store,
        encoders: Encoders,
        recipe: Recipe,
        clock: Clock,
    ) -> None:
        self._log = log
        self._catalog = catalog
        self._store = store
        self._encoders = encoders
        self._encoder = encoders.remembering(recipe.learning.encoder)
        self._recipe = recipe
        self._clock = clock

    def train(self, lease: Lease) -> Trying:
        """Train a leased task; what came of it still has to be logged.

        Raises:
            StoreUnavailable: the store can't take the checkpoint.
            LogUnavailable: the log can't be read.
        """
        known = read_training_set(self._log, lease.tenant, lease.task)
        if not known.labels:
            return self._keep(lease, known, "the task has no labels", {})
        champion = self._champion(lease)
        seen_until = 0 if champion is None else champion.watermark
        trained = train(
            known,
            self._recipe,
            self._encoder,
            seen_until=seen_until,
            prior=self._prior(lease),
        )
        verdict = self._judge(known, trained, champion)
        if not verdict.publish:
            return self._keep(lease, known, verdict.why, _seen(trained) | verdict.metrics)
        return self._publish(lease, known, trained, verdict)

    def fail(self, lease: Lease, error: Exception) -> Trying:
        """Note that a training ended in an error; it will be tried again after a while."""
        watermark = self._catalog.task(lease.tenant, lease.task).evidence_seq
        said = f"{type(error).__name__}: {error}"[:1000]
        body = kinds.TrainingFailed(watermark=watermark, error=said)
        return self._tried(lease, body, Failed(lease.tenant, lease.task, said))

    def log(self, tried: Sequence[Trying]) -> list["Future[list[Appended]]"]:
        """Hand what came of trainings to the log, in one commit; each stands or falls alone.

        Raises:
            LogUnavailable: the log is closed.
        """
        return self._log.submit_each(Group([one.event]) for one in tried)

    def _champion(self, lease: Lease) -> OpenVersion | None:
        """The live version, None if there is none that can be opened."""
        return self._opened(lease, self._catalog.task(lease.tenant, lease.task).live)

    def _prior(self, lease: Lease) -> Prior:
        """What other tasks by this recipe have shown."""
        return prior_of(self._catalog.pooled(self._recipe.name, lease.tenant, lease.task))

    def _judge(self, known: TrainingSet, trained: Trained, champion: OpenVersion | None) -> Verdict:
        if champion is not None and champion.watermark < known.forgotten:
            why = "published unseen: the live version may know what was to be forgotten"
            return Verdict("not enough evidence", publish=True, why=why)
        breaks = pinned.broken(trained.model, known.pinned, self._encoder)
        if breaks:
            return Verdict("failed", publish=False, why=breaks)
        rival = self._rival(known, trained.held_out, champion)
        compared = judging.compare(trained, rival, self._clock(), self._recipe.gate)
        return judge(compared, self._recipe.gate, routine=rival.is_made_by(self._recipe))

    def _rival(self, known: TrainingSet, held_out: HeldOut, champion: OpenVersion | None) -> Rival:
        """What answers now, with the held-out requests as features of its own encoder."""
        if champion is None:
            model = prototypes.fit(known.label_texts(), self._encoder)
            return Rival(model, held_out.features)
        header, features = champion.header, held_out.features
        if header.encoder != self._encoder.name:
            encoder = self._encoders.remembering(header.encoder)
            examples = held_out.examples
            features = encoder.encode([e.text for e in examples], [e.metadata for e in examples])
        return Rival(champion.model, features, champion.watermark, header.recipe)

    def _publish(
        self, lease: Lease, known: TrainingSet, trained: Trained, verdict: Verdict
    ) -> Trying:
        """Bytes first, then the event that makes them visible."""
        version = _name(known, self._recipe, self._encoder.name, trained.aim.prior)
        if self._opened(lease, version) is not None:
            why = f"nothing new: it would be {version} again, which was published before"
            return self._keep(lease, known, why, _seen(trained))
        data = write(self._header(lease, version, known, trained), trained.to_arrays())
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
            why=verdict.why,
            metrics=_seen(trained) | verdict.metrics,
            watched=verdict.watched,
            reliability=trained.evaluated.curve.reliability(),
            recipe_digest=self._recipe.digest,
        )
        published = Published(lease.tenant, lease.task, version, verdict.why, verdict.watched)
        return self._tried(lease, body, published)

    def _header(self, lease: Lease, version: str, known: TrainingSet, trained: Trained) -> Header:
        return Header(
            tenant=lease.tenant,
            task=lease.task,
            version=version,
            recipe=msgspec.to_builtins(self._recipe),
            labels=trained.model.labels,
            watermark=known.watermark,
            examples=len(known.examples),
            metrics=trained.evaluated.metrics,
            temperature=trained.evaluated.temperature,
            threshold=trained.evaluated.points[WHOLE_TASK].threshold,
            training_digest=known.digest,
            code_version=CODE_VERSION,
            encoder=self._encoder.name,
            learner=self._recipe.learning.learner,
            targets=known.targets,
            prior=msgspec.to_builtins(trained.aim.prior),
        )

    def _opened(self, lease: Lease, name: str | None) -> OpenVersion | None:
        """A version by its name; None if it was never published or can't be used."""
        version = name and self._catalog.version(lease.tenant, lease.task, name)
        if not version:
            return None
        try:
            return open_version(self._store, self._encoders, lease.tenant, lease.task, version)
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
        return Trying(outcome, event)


def _seen(trained: Trained) -> dict[str, float]:
    """The metrics of cross-fitting, and those of the newest requests as ``newest_…``."""
    newest = {f"newest_{name}": value for name, value in trained.held_out.metrics.items()}
    return trained.evaluated.metrics | newest


def _name(known: TrainingSet, recipe: Recipe, encoder: str, prior: Prior) -> str:
    """A version's name: the UTC time of the last event it knows, and a digest of what made it."""
    made_of = f"{known.digest} {recipe.digest} {encoder} {CODE_VERSION} {prior}"
    at = to_datetime(known.logged).astimezone(UTC)
    return f"{at:%Y%m%dT%H%M%S}.{at.microsecond:06d}Z-{fingerprint(made_of.encode())[:8]}"
