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

_LONGEST_TAIL = 2_000
"""Examples of the tail that are applied, the newest; training has the others soon."""

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
        """The model of a task as of now. A task that was never named has no labels to predict."""
        # The head is read first: what is committed while the rest is read is caught up with later.
        head = self._log.head()
        state = self._catalog.task(tenant, task)
        labels = self._catalog.labels(tenant, task)
        header, base = self._base(state, labels)
        start = ServedModel(
            version=header.version if header else None,
            base=base,
            overlay=Overlay.over(base.labels),
            active=(),
            columns=np.zeros(0, np.intp),
            temperature=header.temperature if header else PRIOR_TEMPERATURE,
            threshold=header.threshold if header else self._recipe.learning.target_precision,
            applied=header.watermark if header else 0,
        )
        tail = self._log.of_task(tenant, task, FOLLOWED, after=start.applied, until=head)
        with_labels = _with_active(start, {label.label for label in labels})
        return self._applied(with_labels, tail)

    def caught_up(self, tenant: str, task: str, model: ServedModel) -> ServedModel:
        """The model with what the log holds behind what it knows; loaded anew where it must be."""
        tail = self._log.of_task(tenant, task, FOLLOWED, after=model.applied)
        told = {event.kind for event in tail}
        if told.intersection(_SWAPS) or (model.version is None and told.intersection(_LABEL_KINDS)):
            return self.load(tenant, task)
        return self._applied(model, tail)

    def _base(self, state: TaskState, labels: Sequence[Label]) -> tuple[Header | None, LinearModel]:
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
            overlay = overlay.corrected(encoded, lesson.label, model.base.scores(encoded))
        active = set(model.active)
        for event in tail:
            _change_active(active, event)
        taught = msgspec.structs.replace(model, overlay=overlay, applied=tail[-1].seq)
        return _with_active(taught, active)

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
            if example is not None and example.label is not None:
                lessons.append(_Lesson(example.text, example.metadata, example.label))
        return lessons[-_LONGEST_TAIL:]


class _Lesson(msgspec.Struct, frozen=True):
    text: str
    metadata: dict[str, object]
    label: str


def _change_active(active: set[str], event: Logged) -> None:
    body = body_of(event) if event.kind in _LABEL_KINDS else None
    if isinstance(body, kinds.LabelDefined):
        active.add(body.label)
    elif isinstance(body, kinds.LabelRemoved):
        active.discard(body.label)


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
