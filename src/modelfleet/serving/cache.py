"""The models that a process has in memory: loaded when asked for, fresh, within a byte budget."""

import threading
from collections import OrderedDict
from collections.abc import Iterable
from time import monotonic

from modelfleet.serving.loading import FOLLOWED, Loader
from modelfleet.serving.served import ServedModel

_RETRY_AFTER = 5.0  # seconds

TaskKey = tuple[str, str]


class _Entry:
    """A place for one task's model.

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
    """Served models by tenant and task.

    A model is loaded by the first request for it, while others for the same task wait and those
    for other tasks don't. The least recently used are dropped when all take more than ``budget``
    bytes.
    """

    def __init__(self, loader: Loader, budget: int) -> None:
        self._loader = loader
        self._budget = budget
        self._entries: OrderedDict[TaskKey, _Entry] = OrderedDict()
        self._lock = threading.Lock()
        self._bytes = 0

    def fresh(self, tenant: str, task: str) -> ServedModel | None:
        """The model if it is in memory and up to date; never waits."""
        entry = self._entries.get((tenant, task))
        return None if entry is None else entry.fresh()

    def get(self, tenant: str, task: str) -> ServedModel:
        """The model, loaded or brought up to date if need be.

        Raises:
            LogUnavailable: the log can't be read.
        """
        key = (tenant, task)
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            self._entries.move_to_end(key)
        model = entry.fresh()
        if model is None:
            with entry.lock:
                model = entry.fresh() or self._made_fresh(key, entry)
        return model

    def notice(self, changes: Iterable[tuple[int, str, str, str]]) -> None:
        """Be told of events: ``(seq, tenant, task, kind)``; the models concerned are now behind."""
        for seq, tenant, task, kind in changes:
            entry = self._entries.get((tenant, task)) if kind in FOLLOWED else None
            if entry is not None:
                with self._lock:  # two threads notice: this process's writer and the follower
                    entry.wanted = max(entry.wanted, seq)

    @property
    def nbytes(self) -> int:
        """Bytes of all models in memory."""
        return self._bytes

    def __len__(self) -> int:
        """How many models are in memory."""
        return len(self._entries)

    def _made_fresh(self, key: TaskKey, entry: _Entry) -> ServedModel:
        before = entry.model
        loader = self._loader
        model = loader.load(*key) if before is None else loader.caught_up(*key, before)
        entry.model = model
        entry.retry = monotonic() + _RETRY_AFTER if model.is_stand_in else None
        with self._lock:
            if self._entries.get(key) is entry:
                self._bytes += model.nbytes - (before.nbytes if before else 0)
                if not model.applied:
                    self._drop(key)  # a task that nobody named; asking for it must cost no memory
            self._drop_until_within_budget(key)
        return model

    def _drop_until_within_budget(self, keep: TaskKey) -> None:
        while self._bytes > self._budget and len(self._entries) > 1:
            key = next(iter(self._entries))
            if key == keep:
                return
            self._drop(key)

    def _drop(self, key: TaskKey) -> None:
        model = self._entries.pop(key).model
        if model is not None:
            self._bytes -= model.nbytes
