"""Making a served model: the live checkpoint, or prototypes, and then the tail of the log."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
import structlog

from modelfleet.catalog import Catalog, Label, TaskState, Version
from modelfleet.clock import Clock
from modelfleet.errors import CheckpointMissing, CheckpointUnusable, NotFound, StoreUnavailable
from modelfleet.events import EventLog, Logged, body_of, kinds
from modelfleet.models import Store
from modelfleet.recipe import Recipe
from modelfleet.serving.lost import LostVersions
from modelfleet.serving.served import ServedModel
from modelfleet.serving.starting import of_texts, of_version
from modelfleet.text import Encoders
from modelfleet.training import (
    Example,
    PinnedExample,
    decisions_of,
    example_of,
    open_version,
    read_pinned,
    read_training_set,
)

_TRIALS = (kinds.VersionCanaried.kind, kinds.VersionShadowed.kind)
SWAPS = (
    kinds.VersionPublished.kind,
    kinds.VersionPromoted.kind,
    kinds.VersionPinned.kind,
    kinds.VersionUnpinned.kind,
)
"""The kinds of events after which another version may be the live one."""
_MADE_ANEW = (*kinds.PINNING, kinds.EvidenceForgotten.kind)

_IN_THE_STATE = (*_TRIALS, *kinds.AUDITING)

FOLLOWED = frozenset(kinds.READ + SWAPS + _IN_THE_STATE)
"""The kinds of events that change what a served model answers, or how that is noted."""

State = tuple[TaskState, Version | None]
"""Where a task stands, and its live version, if it has one."""

_logger = structlog.get_logger()


class Counts(msgspec.Struct):
    """Versions that were opened since this was made, and those that couldn't be."""

    loaded: int = 0
    failed: int = 0


class Loader:
    """Makes served models, and brings them up to date."""

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
        self._lost = LostVersions(log, clock)
        self._catalog = catalog
        self._store = store
        self._encoders = encoders
        self._encoder = encoders.named(recipe.learning.encoder)
        self._recipe = recipe
        self.counts = Counts()

    def load(self, tenant: str, task: str, version: str | None = None) -> ServedModel:
        """The model of a task as of now: what is live, or a version by its name.

        What it answers follows from the version and the events behind its watermark in their
        order, so a server that followed them all answers the same as one that starts now. A task
        that was never named has no labels to predict.

        Raises:
            NotFound: the task has no version of this name.
            CheckpointUnusable: the version that was named can't be served.
            StoreUnavailable: the store of the version that was named can't be reached.
        """
        # The head is read first: what is committed while the rest is read is caught up with later.
        head = self._log.head()
        if version is None:
            state, live = self._catalog.served(tenant, task)
            return self._with_tail(state, self._base(state, live), head)
        found = self._catalog.version(tenant, task, version)
        if found is None:
            raise NotFound.at("version", f"{tenant}/{task} has no version '{version}'")
        named = TaskState(tenant, task, live=version)
        return self._with_tail(named, self._opened(tenant, task, version, found), head)

    def as_of(self, tenant: str, task: str, version: str | None, until: int) -> ServedModel:
        """The model as it answered when the log had ``until`` events, by the version that did.

        Raises:
            CheckpointUnusable: the version was never published, or can't be opened any more.
            StoreUnavailable: the store can't be reached.
        """
        if version is None:
            known = read_training_set(self._log, tenant, task, until)
            base = self._prototypes(known.label_texts())
        else:
            found = self._catalog.version(tenant, task, version)
            base = self._opened(tenant, task, version, found)
        return self._with_tail(TaskState(tenant, task, live=version), base, until)

    def _with_tail(self, state: TaskState, base: ServedModel, head: int) -> ServedModel:
        """What a version or label texts answer, with the log behind them up to ``head``."""
        tenant, task = state.tenant, state.task
        pinned = _by_text(read_pinned(self._log, tenant, task, until=head))
        start = _playing(msgspec.structs.replace(base, wanted=state.live, pinned=pinned), state)
        return self._taught(state, start, head)

    def _taught(self, state: TaskState, start: ServedModel, head: int) -> ServedModel:
        """A version or label texts with what the log teaches behind them, up to ``head``."""
        tenant, task = state.tenant, state.task
        # Swaps are in the state: a version that was swapped in a thousand times is loaded as soon.
        tail = self._log.of_task(tenant, task, kinds.READ, after=start.applied, until=head)
        made = self._applied(start, tail)
        return msgspec.structs.replace(made, applied=head) if made.applied else made

    def caught_up(
        self,
        tenant: str,
        task: str,
        version: str | None,
        model: ServedModel,
        *,
        again: bool = False,
    ) -> ServedModel:
        """The model with what the log holds behind what it knows; loaded anew where it must be.

        Args:
            tenant: whose.
            task: of which task.
            version: that was asked for by its name; None for what is live.
            model: what is known already.
            again: try once more to load what is live, if another version stands in.

        Raises:
            CheckpointUnusable: a version that was named must be loaded anew, and can't be.
            StoreUnavailable: the same, since the store can't be reached.
        """
        tail = self._log.of_task(tenant, task, FOLLOWED, after=model.applied)
        told = {event.kind for event in tail}
        if version is not None:
            anew = told.intersection(_MADE_ANEW)
            return self.load(tenant, task, version) if anew else self._applied(model, tail)
        relabelled = model.version is None and told.intersection(kinds.LABELS)
        if again or relabelled or told.intersection(_MADE_ANEW):
            return self._loaded_if_better(tenant, task, model, tail)
        if told.intersection(SWAPS):
            return self._swapped(model, tail, *self._catalog.served(tenant, task))
        if told.intersection(_IN_THE_STATE):
            model = _playing(model, self._catalog.task(tenant, task))
        return self._applied(model, tail)

    def states(self, tasks: Sequence[tuple[str, str]]) -> list[State]:
        """Where tasks stand now, and the versions that are live, by one query."""
        return self._catalog.served_together(tasks)

    def swapped(
        self, model: ServedModel, state: TaskState, live: Version | None, head: int
    ) -> ServedModel | None:
        """What is live of a task now, where nothing else changed up to ``head`` but its version.

        None if its version can't be served, or if there is more to it: `caught_up` says what is
        wrong, and does the rest.

        Args:
            model: what is known already.
            state: see `states`.
            live: likewise.
            head: the last event that is known then.
        """
        try:
            base = self._live(state, live, model)
        except (CheckpointUnusable, StoreUnavailable):
            return None
        if base.applied > head:
            return None
        return self._following(model, base, state, head, model.learned)

    def _live(self, state: TaskState, live: Version | None, known: ServedModel) -> ServedModel:
        """The live version, which may be the one that is known; no other stands in for it."""
        if live is None:
            raise CheckpointMissing(f"{state.tenant}/{state.task} has no version '{state.live}'")
        if live.version == known.version:
            return msgspec.structs.replace(known, trouble="")
        opened = open_version(self._store, self._encoders, state.tenant, state.task, live)
        self.counts.loaded += 1
        return of_version(opened)

    def _swapped(
        self, model: ServedModel, tail: Sequence[Logged], state: TaskState, live: Version | None
    ) -> ServedModel:
        """What is live now, where ``model`` knows what else there is to know of the task."""
        head = tail[-1].seq
        if live is not None and live.version == model.version:
            same = msgspec.structs.replace(model, wanted=live.version, trouble="")
            return self._applied(_playing(same, state), tail)
        base = self._base(state, live)
        if base.applied > head:  # published meanwhile: what is pinned may be other by now
            return self._loaded_if_better(state.tenant, state.task, model, tail)
        learned = max([model.learned, *(event.seq for event in tail if event.kind in kinds.READ)])
        return self._better(self._following(model, base, state, head, learned), model, tail)

    def _following(
        self, model: ServedModel, base: ServedModel, state: TaskState, head: int, learned: int
    ) -> ServedModel:
        """Another version in a model's place; behind ``learned`` the log teaches nothing more."""
        start = msgspec.structs.replace(base, wanted=state.live, pinned=model.pinned)
        start = _playing(start, state)
        if learned > base.applied:
            return self._taught(state, start, head)
        return msgspec.structs.replace(start, applied=head)

    def _loaded_if_better(
        self, tenant: str, task: str, model: ServedModel, tail: Sequence[Logged]
    ) -> ServedModel:
        """The model loaded anew, unless that would only lose the version that it has.

        One that knows what was forgotten isn't worth keeping.
        """
        loaded = self.load(tenant, task)
        forgets = any(event.kind == kinds.EvidenceForgotten.kind for event in tail)
        return loaded if forgets else self._better(loaded, model, tail)

    def _better(
        self, loaded: ServedModel, model: ServedModel, tail: Sequence[Logged]
    ) -> ServedModel:
        """What was loaded; or the version that was known before, if no version could be."""
        if loaded.version is not None or model.version is None:
            return loaded
        kept = self._applied(msgspec.structs.replace(model, pinned=loaded.pinned), tail)
        return msgspec.structs.replace(
            kept,
            aliases=loaded.aliases,
            canary_share=loaded.canary_share,
            audit_share=loaded.audit_share,
            wanted=loaded.wanted,
            trouble=loaded.trouble,
        )

    def _base(self, state: TaskState, live: Version | None) -> ServedModel:
        """The live version, or the one before if it can't be served, or prototypes."""
        trouble, version = "", live
        for name in filter(None, (state.live, state.previous)):
            if name != state.live:
                version = self._catalog.version(state.tenant, state.task, name)
            try:
                found = self._opened(state.tenant, state.task, name, version)
            except (CheckpointUnusable, StoreUnavailable) as error:
                trouble = trouble or _trouble(error)
                if live is not None and version is live and isinstance(error, CheckpointUnusable):
                    self._lost.report(state.tenant, state.task, live, error)
            else:
                return msgspec.structs.replace(found, trouble=trouble)
        labels = self._catalog.labels(state.tenant, state.task)
        texts = self._prototypes({label.label: label.texts for label in labels})
        return msgspec.structs.replace(texts, trouble=trouble)

    def _opened(self, tenant: str, task: str, name: str, version: Version | None) -> ServedModel:
        try:
            if version is None:
                raise CheckpointMissing(f"{tenant}/{task} has no version '{name}'")
            opened = open_version(self._store, self._encoders, tenant, task, version)
        except (CheckpointUnusable, StoreUnavailable) as error:
            self.counts.failed += 1
            said = str(error)
            _logger.warning(
                "a version can't be served", tenant=tenant, task=task, version=name, error=said
            )
            raise
        self.counts.loaded += 1
        return of_version(opened)

    def _prototypes(self, label_texts: Mapping[str, Sequence[str]]) -> ServedModel:
        return of_texts(label_texts, self._encoder, self._recipe)

    def _applied(self, model: ServedModel, tail: Sequence[Logged]) -> ServedModel:
        """The model with the events of the tail applied in their order."""
        if not tail:
            return model
        lessons = self._lessons(model, tail)
        texts = [lesson.text for lesson in lessons]
        features = model.encoder.encode(texts, [lesson.metadata for lesson in lessons])
        taught = msgspec.structs.replace(
            model, aiming=model.aiming.after(tail), applied=tail[-1].seq, learned=tail[-1].seq
        )
        for lesson, encoded in zip(lessons, features, strict=True):
            taught = taught.taught(encoded, lesson.label, asked=lesson.asked)
        if model.version is None:
            return taught  # its labels are those of this moment; it is loaded anew when they change
        return _with_active(taught, _active_after(model.active, tail))

    def _lessons(self, model: ServedModel, tail: Sequence[Logged]) -> list["_Lesson"]:
        """What the tail teaches: label texts, what is pinned, and the last words about requests."""
        decisions = decisions_of(self._log, tail)
        pinned = {one.seq: one for same in model.pinned.values() for one in same}
        lessons = []
        for event in tail:
            body = body_of(event)
            if isinstance(body, kinds.LabelDefined) and model.version is not None:
                label = Label(body.label, body.name, body.description, body.keywords, event.seq)
                lessons += [_Lesson(text, {}, label.label) for text in label.texts]
            example = pinned.get(event.seq) or example_of(event, decisions)
            if example is not None:
                asked = isinstance(example, Example) and example.was_decided
                lesson = _Lesson(example.text, example.metadata, example.label, asked)
                lessons.append(lesson)
        return lessons


def _trouble(error: CheckpointUnusable | StoreUnavailable) -> str:
    """What tenants are told; where the store is, stands in the server's own log."""
    if isinstance(error, StoreUnavailable):
        return "the store of models can't be reached"
    return str(error)


def _playing(model: ServedModel, state: TaskState) -> ServedModel:
    """The model, which knows the parts of the task's versions, and what is asked of people."""
    return msgspec.structs.replace(
        model,
        aliases=state.aliases,
        canary_share=state.canary_share,
        audit_share=state.audit_share,
    )


def _by_text(pinned: Sequence[PinnedExample]) -> dict[str, list[PinnedExample]]:
    by_text: dict[str, list[PinnedExample]] = {}
    for one in pinned:
        by_text.setdefault(one.text, []).append(one)
    return by_text


class _Lesson(msgspec.Struct, frozen=True):
    text: str
    metadata: dict[str, object]
    label: str | None
    asked: bool = False


def _active_after(before: Sequence[str], tail: Sequence[Logged]) -> set[str]:
    """The labels that may be predicted after the events of the tail."""
    active = set(before)
    for event in tail:
        body = body_of(event) if event.kind in kinds.LABELS else None
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
