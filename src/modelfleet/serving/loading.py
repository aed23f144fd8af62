"""Making a served model: the live checkpoint, or prototypes, and then the tail of the log."""

from collections.abc import Sequence

import msgspec
import numpy as np
import structlog

from modelfleet.catalog import Catalog, Label, TaskState
from modelfleet.errors import CheckpointUnusable, StoreUnavailable
from modelfleet.events import EventLog, Logged, body_of, kinds
from modelfleet.learners import LinearModel, Overlay, prototypes
from modelfleet.learners.recommended import PRIOR_TEMPERATURE
from modelfleet.models import Header, Store, key
from modelfleet.recipe import Recipe
from modelfleet.serving.served import ServedModel
from modelfleet.text import StaticEncoder
from modelfleet.training import decisions_of, example_of

_SWAPS = (
    kinds.VersionPublished.kind,
    kinds.VersionPromoted.kind,
    kinds.VersionPinned.kind,
    kinds.VersionUnpinned.kind,
)
_LABEL_KINDS = (kinds.LabelDefined.kind, kinds.LabelRemoved.kind)

FOLLOWED = frozenset(kinds.EVIDENCE + _SWAPS)
"""The kinds of events that change what a served model answers."""

_logger = structlog.get_logger()


class Loader:
    """Makes served models, and brings them up to date."""

    def __init__(
        self,
        log: EventLog,
        catalog: Catalog,
        store: Store,
        encoder: StaticEncoder,
        recipe: Recipe,
    ) -> None:
        self._log = log
        self._catalog = catalog
        self._store = store
        self._encoder = encoder
        self._recipe = recipe

    def load(self, tenant: str, task: str) -> ServedModel:
        """The model of a task as of now. A task that was never named has no labels to predict.

        What it answers follows from the version and the events behind its watermark in their
        order, so a server that followed them all answers the same as one that starts now.
        """
        # The head is read first: what is committed while the rest is read is caught up with later.
        head = self._log.head()
        state = self._catalog.task(tenant, task)
        header, base = self._base(state)
        start = ServedModel(
            version=header.version if header else None,
            wanted=state.live,
            base=base,
            overlay=Overlay.over(base.labels),
            active=base.labels,
            columns=np.arange(len(base.labels)),
            temperature=header.temperature if header else PRIOR_TEMPERATURE,
            threshold=header.threshold if header else self._recipe.learning.target_precision,
            applied=header.watermark if header else 0,
        )
        tail = self._log.of_task(tenant, task, FOLLOWED, after=start.applied, until=head)
        return self._applied(start, tail)

    def caught_up(self, tenant: str, task: str, model: ServedModel) -> ServedModel:
        """The model with what the log holds behind what it knows; loaded anew where it must be."""
        tail = self._log.of_task(tenant, task, FOLLOWED, after=model.applied)
        told = {event.kind for event in tail}
        relabelled = model.version is None and told.intersection(_LABEL_KINDS)
        if relabelled or model.is_stand_in or told.intersection(_SWAPS):
            return self._loaded_if_better(tenant, task, model, tail)
        return self._applied(model, tail)

    def _loaded_if_better(
        self, tenant: str, task: str, model: ServedModel, tail: Sequence[Logged]
    ) -> ServedModel:
        """The model loaded anew, unless that would only lose the version that it has."""
        loaded = self.load(tenant, task)
        if loaded.version is not None or model.version is None:
            return loaded
        kept = self._applied(model, tail)
        return msgspec.structs.replace(kept, wanted=loaded.wanted)

    def _base(self, state: TaskState) -> tuple[Header | None, LinearModel]:
        """The live version, or the one before if it can't be served, or prototypes."""
        for name in (state.live, state.previous):
            version = name and self._catalog.version(state.tenant, state.task, name)
            if not version:
                continue
            try:
                place = key(state.tenant, state.task, version.version)
                checkpoint = self._store.open(place, version.fingerprint)
                arrays = LinearModel.from_arrays(checkpoint.header.labels, checkpoint.arrays)
            except (CheckpointUnusable, StoreUnavailable, ValueError) as error:
                _logger.warning(
                    "a version can't be served",
                    tenant=state.tenant,
                    task=state.task,
                    version=name,
                    error=str(error),
                )
                continue
            return checkpoint.header, arrays
        labels = self._catalog.labels(state.tenant, state.task)
        texts = {label.label: label.texts for label in labels}
        return None, prototypes.fit(texts, self._encoder)

    def _applied(self, model: ServedModel, tail: Sequence[Logged]) -> ServedModel:
        """The model with the events of the tail applied in their order."""
        if not tail:
            return model
        lessons = self._lessons(model, tail)
        texts = [lesson.text for lesson in lessons]
        features = self._encoder.encode(texts, [lesson.metadata for lesson in lessons])
        overlay = model.overlay
        for lesson, encoded in zip(lessons, features, strict=True):
            if lesson.label is None:
                overlay = overlay.refused(encoded)
            else:
                overlay = overlay.corrected(encoded, lesson.label, model.base.scores(encoded))
        taught = msgspec.structs.replace(model, overlay=overlay, applied=tail[-1].seq)
        if model.version is None:
            return taught  # its labels are those of this moment; it is loaded anew when they change
        return _with_active(taught, _active_after(model.active, tail))

    def _lessons(self, model: ServedModel, tail: Sequence[Logged]) -> list["_Lesson"]:
        """What the tail teaches: label texts, and the last words about requests."""
        decisions = decisions_of(self._log, tail)
        lessons = []
        for event in tail:
            body = body_of(event)
            if isinstance(body, kinds.LabelDefined) and model.version is not None:
                label = Label(body.label, body.name, body.description, body.keywords, event.seq)
                lessons += [_Lesson(text, {}, label.label) for text in label.texts]
            example = example_of(event, decisions)
            if example is not None:
                lessons.append(_Lesson(example.text, example.metadata, example.label))
        return lessons


class _Lesson(msgspec.Struct, frozen=True):
    text: str
    metadata: dict[str, object]
    label: str | None


def _active_after(before: Sequence[str], tail: Sequence[Logged]) -> set[str]:
    """The labels that may be predicted after the events of the tail."""
    active = set(before)
    for event in tail:
        body = body_of(event) if event.kind in _LABEL_KINDS else None
        if isinstance(body, kinds.LabelDefined):
            active.add(body.label)
        elif isinstance(body, kinds.LabelRemoved):
            active.discard(body.label)
    return active


def _with_active(model: ServedModel, active: set[str]) -> ServedModel:
    """The model with these labels active; one that it doesn't know scores as the mean of others."""
    overlay = model.overlay
    for label in sorted(active.difference(overlay.labels)):
        overlay = overlay.with_label(label)
    ordered = tuple(sorted(active))
    column = {label: index for index, label in enumerate(overlay.labels)}
    return msgspec.structs.replace(
        model,
        overlay=overlay,
        active=ordered,
        columns=np.array([column[label] for label in ordered], np.intp),
    )
