"""The models that a process has in memory: loaded when asked for, fresh, within a byte budget."""

import threading
from collections import OrderedDict
from collections.abc import Iterable
from time import monotonic

from modelfleet.catalog import ALIASES
from modelfleet.errors import NotFound
from modelfleet.serving.loading import FOLLOWED, Loader
from modelfleet.serving.served import ServedModel

_RETRY_AFTER = 5.0  # seconds

Place = tuple[str, str, str | None]
"""A tenant, a task, and a version's name; None for whichever is live."""


class _Entry:
    """A place for one model.

    ``wanted`` is the last event that the model should know; ``retry`` is when to try again to load
    a version that couldn't be served.
    """

    __slots__ = ("lock", "model", "retry", "wanted")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.model: ServedModel | None = None
        self.wanted = 0
        self.retry: float | None = None

    def fresh(self) -> ServedModel | None:
        """The model, if it knows all that it should."""
        model = self.model
        if self.retry is not None and monotonic() >= self.retry:
            return None
        return model if model is not None and model.applied >= self.wanted else None


class ModelCache:
    """Served models by tenant, task and version.

    A model is loaded by the first request for it, while others for the same one wait and those
    for other models don't. The least recently used are dropped when all take more than ``budget``
    bytes.
    """

    def __init__(self, loader: Loader, budget: int) -> None:
        self._loader = loader
        self._budget = budget
        self._entries: OrderedDict[Place, _Entry] = OrderedDict()
        self._versions: dict[tuple[str, str], set[str]] = {}  # in memory under their own names
        self._lock = threading.Lock()
        self._bytes = 0

    def fresh(self, tenant: str, task: str, version: str | None = None) -> ServedModel | None:
        """The model if it is in memory and up to date; never waits. See `get`."""
        live = self._fresh((tenant, task, None))
        if version is None or version == "live":
            return live
        if version in ALIASES:
            name = None if live is None else live.aliases.get(version)
            return None if name is None else self.fresh(tenant, task, name)
        if live is not None and live.version == version:
            return live
        return self._fresh((tenant, task, version))

    def get(self, tenant: str, task: str, version: str | None = None) -> ServedModel:
        """The model, loaded or brought up to date if need be.

        Args:
            tenant: whose.
            task: of which task.
            version: a version's name, or an alias; one that isn't live answers as if it were: with
                the corrections behind its watermark, and the labels of this moment. None is what
                is live, a version or not.

        Raises:
            NotFound: the task has no such version, or none of this alias.
            CheckpointUnusable: the version that was named can't be served.
            StoreUnavailable: the store of the version that was named can't be reached.
            LogUnavailable: the log can't be read.
        """
        return self._get((tenant, task, self._named(tenant, task, version)))

    def notice(self, changes: Iterable[tuple[int, str, str, str]]) -> None:
        """Be told of events: ``(seq, tenant, task, kind)``; the models concerned are now behind."""
        for seq, tenant, task, kind in changes:
            if kind not in FOLLOWED:
                continue
            versions = self._versions.get((tenant, task), ())
            places = [(tenant, task, version) for version in (None, *versions)]
            for entry in filter(None, map(self._entries.get, places)):
                with self._lock:  # two threads notice: this process's writer and the follower
                    entry.wanted = max(entry.wanted, seq)

    def drop(self, tenant: str, task: str) -> None:
        """Forget the models of a task; the next request loads what it needs again."""
        with self._lock:
            versions = self._versions.get((tenant, task), ())
            for place in [(tenant, task, version) for version in (None, *versions)]:
                if place in self._entries:
                    self._drop(place)

    @property
    def nbytes(self) -> int:
        """Bytes of all models in memory."""
        return self._bytes

    def __len__(self) -> int:
        """How many models are in memory."""
        return len(self._entries)

    def _named(self, tenant: str, task: str, version: str | None) -> str | None:
        """The name of a version that has an alias; None if it is the live one."""
        if version is None or version == "live":
            return None
        if version in ALIASES:
            live = self._get((tenant, task, None))
            if version not in live.aliases:
                raise NotFound(f"version: {tenant}/{task} has no {version} version")
            version = live.aliases[version]
        known = self._fresh((tenant, task, None))
        return None if known is not None and known.version == version else version

    def _fresh(self, place: Place) -> ServedModel | None:
        entry = self._entries.get(place)
        return None if entry is None else entry.fresh()

    def _get(self, place: Place) -> ServedModel:
        entry = self._entry(place)
        model = entry.fresh()
        if model is None:
            with entry.lock:
                model = entry.fresh() or self._made_fresh(place, entry)
        return model

    def _entry(self, place: Place) -> _Entry:
        tenant, task, version = place
        with self._lock:
            entry = self._entries.setdefault(place, _Entry())
            self._entries.move_to_end(place)
            if version is not None and version not in self._versions.get((tenant, task), ()):
                others = self._versions.get((tenant, task), set())
                self._versions[tenant, task] = {*others, version}
        return entry

    def _made_fresh(self, place: Place, entry: _Entry) -> ServedModel:
        before = entry.model
        loader = self._loader
        try:
            model = loader.load(*place) if before is None else loader.caught_up(*place, before)
        except Exception:
            self._drop_if_empty(place, entry)
            raise
        entry.model = model
        entry.retry = monotonic() + _RETRY_AFTER if model.is_stand_in else None
        with self._lock:
            if self._entries.get(place) is entry:
                self._bytes += model.nbytes - (before.nbytes if before else 0)
                if not model.applied:
                    self._drop(place)  # a task that nobody named; asking for it must cost no memory
            self._drop_until_within_budget(place)
        return model

    def _drop_if_empty(self, place: Place, entry: _Entry) -> None:
        with self._lock:
            if entry.model is None and self._entries.get(place) is entry:
                self._drop(place)

    def _drop_until_within_budget(self, keep: Place) -> None:
        while self._bytes > self._budget and len(self._entries) > 1:
            place = next(iter(self._entries))
            if place == keep:
                return
            self._drop(place)

    def _drop(self, place: Place) -> None:
        tenant, task, version = place
        model = self._entries.pop(place).model
        if version is not None:
            others = self._versions.pop((tenant, task)) - {version}
            if others:
                self._versions[tenant, task] = others
        if model is not None:
            self._bytes -= model.nbytes
