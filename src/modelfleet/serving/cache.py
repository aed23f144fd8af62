"""The models that a process has in memory: loaded when asked for, fresh, within a byte budget."""

import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

import structlog

from modelfleet.catalog import ALIASES, TRIED
from modelfleet.clock import Clock
from modelfleet.errors import CheckpointUnusable, LogUnavailable, NotFound, StoreUnavailable
from modelfleet.serving.entry import Entry, Place, Serving
from modelfleet.serving.eviction import Evictor
from modelfleet.serving.loading import FOLLOWED, Counts, Loader
from modelfleet.serving.served import ServedModel
from modelfleet.serving.swapping import Change, Swaps, Turns

LOADS = 4
"""Loads at once from a disk: what they wait for most is the interpreter, which others need too."""
LOADS_FROM_AFAR = 32
"""Loads at once from an object store, whose answer each waits for."""

_FAILED_BYTES = 1_000  # what it takes to remember that a version can't be served


_logger = structlog.get_logger()


class ModelCache:
    """Served models by tenant, task and version.

    A model is loaded by the first request for it, while others for the same one wait and those
    for other models don't. When all take more than ``budget`` bytes, some are dropped (see
    `eviction`). A version that can't be served is tried again after a pause, in the background.

    ``loads`` of them at most are made for those who wait without a thread (see `soon`).
    """

    def __init__(self, loader: Loader, budget: int, clock: Clock, loads: int = LOADS) -> None:
        self._loader = loader
        self._clock = clock
        self._entries: dict[Place, Entry] = {}
        self._versions: dict[tuple[str, str], set[str]] = {}  # in memory under their own names
        self._evictor: Evictor[Place] = Evictor(budget)
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(loads, thread_name_prefix="loads")
        # From a disk one at a time: more would only hand the interpreter to and fro.
        self._swaps = Swaps(loader, max(1, loads // LOADS), self.fresh, self._replace, self.notice)
        self._loading: dict[Place, Future[ServedModel]] = {}
        self._stand_ins: set[Place] = set()
        self.dropped = 0
        # Exact without a lock: CPython with its global lock changes threads at calls and at jumps
        # back, and there is none between reading a number and writing it.
        self.hits = 0
        self.misses = 0

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

    def soon(self, tenant: str, task: str, version: str | None = None) -> "Future[ServedModel]":
        """The model, once it is in memory and up to date: whoever waits for that takes no thread.

        With what is live, the versions that are tried out beside it are in memory as well, unless
        they can't be served. The future raises what `get` raises.
        """
        place = (tenant, task, version)
        model = self._fresh(place)
        if model is not None and not self._lacking(place, model):
            known: Future[ServedModel] = Future()
            known.set_result(model)
            return known
        with self._lock:
            loading = self._loading.get(place)
            if loading is None:
                loading = self._loading[place] = self._pool.submit(self._with_tried, place)
                loading.add_done_callback(lambda _done: self._loading.pop(place, None))
        return loading

    def serving(self, tenant: str, task: str) -> Serving:
        """How this process serves a task; loads its model if need be.

        Raises:
            LogUnavailable: the log can't be read.
        """
        model = self._get((tenant, task, None))
        entry = self._entries.get((tenant, task, None))
        state = "stand-in" if model.is_stand_in else "live" if model.version else "texts"
        return Serving(
            state=state,  # type: ignore[arg-type] # one of the three
            wanted=model.wanted,
            version=model.version,
            why=model.trouble,
            again=None if entry is None else entry.again,
            nbytes=model.nbytes,
        )

    def notice(self, changes: Iterable[Change]) -> None:
        """Be told of events; the models concerned are now behind."""
        for seq, tenant, task, kind in changes:
            if kind not in FOLLOWED:
                continue
            versions = self._versions.get((tenant, task), ())
            places = [(tenant, task, version) for version in (None, *versions)]
            for entry in filter(None, map(self._entries.get, places)):
                with self._lock:  # two threads notice: this process's writer and the follower
                    entry.wanted = max(entry.wanted, seq)

    def follow(self, changes: Sequence[Change]) -> None:
        """Be told of events that others logged.

        A model of which nothing changed but the version that is live is swapped in the background,
        and answers as before until that is done: no request waits for it. All others are behind,
        and so are those of very many tasks: of these only what is asked for is loaded.
        """
        self.notice(self._swaps.begin(changes))

    def swap_in(self, turns: Turns) -> None:
        """Have small models swapped in turns that whoever answers requests gives."""
        self._swaps.turns = turns

    def warm(self, tenant: str, task: str) -> None:
        """Load what is live, if it isn't in memory.

        Raises:
            LogUnavailable: the log can't be read.
        """
        if (tenant, task, None) not in self._entries:
            self._get((tenant, task, None))

    def busiest(self) -> list[tuple[str, str]]:
        """The tasks whose models are in memory, those that were asked for most first.

        What was asked before the last call of this counts half as much as what was since.
        """
        live = [entry for entry in list(self._entries.values()) if entry.key[2] is None]
        live.sort(key=lambda entry: -entry.asked)
        for entry in live:
            entry.asked //= 2
        return [(entry.key[0], entry.key[1]) for entry in live]

    @property
    def fullness(self) -> float:
        """The share of the budget that is taken."""
        return self._evictor.nbytes / self._evictor.budget

    @property
    def is_loading(self) -> bool:
        """Whether somebody waits for a model."""
        return bool(self._loading)

    def drop(self, tenant: str, task: str) -> None:
        """Forget the models of a task; the next request loads what it needs again."""
        with self._lock:
            versions = self._versions.get((tenant, task), ())
            for place in [(tenant, task, version) for version in (None, *versions)]:
                if place in self._entries:
                    self._forget(place)

    @property
    def nbytes(self) -> int:
        """Bytes of all models in memory."""
        return self._evictor.nbytes

    @property
    def loads(self) -> Counts:
        """Versions that were opened, and those that couldn't be."""
        return self._loader.counts

    def stand_in(self, tenant: str, task: str) -> ServedModel | None:
        """What answers here in place of a live version that can't be served, if something does."""
        entry = self._entries.get((tenant, task, None))
        model = None if entry is None else entry.model
        return model if model is not None and model.is_stand_in else None

    @property
    def stand_ins(self) -> int:
        """How many models answer in place of a version that can't be served."""
        return len(self._stand_ins)

    def __len__(self) -> int:
        """How many models are in memory."""
        return len(self._entries)

    def clear(self) -> None:
        """Forget all models, as a restart would."""
        with self._lock:
            for place in list(self._entries):
                self._forget(place)

    def close(self) -> None:
        """Let loads end that have begun, and begin none."""
        self._swaps.close()
        self._pool.shutdown(cancel_futures=True)

    def _replace(self, tenant: str, task: str, before: ServedModel, after: ServedModel) -> None:
        """Put a model in another's place, unless that one is gone, or somebody sees to it.

        It waits for nobody: the event loop may be what calls it.
        """
        place = (tenant, task, None)
        entry = self._entries.get(place)
        if entry is None or not entry.lock.acquire(blocking=False):
            return
        try:
            if entry.model is before:
                self._take_in(place, entry, after)
        finally:
            entry.lock.release()

    def _with_tried(self, place: Place) -> ServedModel:
        """The model, when what is tried out beside it is loaded, or known to be unusable."""
        model = self.get(*place)
        for other in self._lacking(place, model):
            with suppress(CheckpointUnusable, StoreUnavailable, NotFound):
                self._get(other)
        return model

    def _lacking(self, place: Place, model: ServedModel) -> list[Place]:
        """The versions tried out beside what is live that were not loaded yet."""
        tenant, task, version = place
        if version is not None:
            return []
        tried = [(tenant, task, model.aliases[alias]) for alias in TRIED if alias in model.aliases]
        return [one for one in tried if not self._is_settled(one)]

    def _is_settled(self, place: Place) -> bool:
        entry = self._entries.get(place)
        return entry is not None and (entry.error is not None or entry.fresh() is not None)

    def _named(self, tenant: str, task: str, version: str | None) -> str | None:
        """The name of a version that has an alias; None if it is the live one."""
        if version is None or version == "live":
            return None
        if version in ALIASES:
            live = self._get((tenant, task, None))
            if version not in live.aliases:
                raise NotFound.at("version", f"{tenant}/{task} has no {version} version")
            version = live.aliases[version]
        known = self._fresh((tenant, task, None))
        return None if known is not None and known.version == version else version

    def _fresh(self, place: Place) -> ServedModel | None:
        entry = self._entries.get(place)
        return None if entry is None else entry.fresh()

    def _get(self, place: Place) -> ServedModel:
        entry = self._entries.get(place) or self._entered(place)
        entry.hit()
        if entry.model is None:
            self.misses += 1
        else:
            self.hits += 1
        if entry.again is not None:
            self._look_after(place, entry)
        model = entry.fresh()
        if model is None:
            with entry.lock:
                model = entry.fresh() or self._made_fresh(place, entry)
        return model

    def _entered(self, place: Place) -> Entry:
        tenant, task, version = place
        with self._lock:
            entry = self._entries.setdefault(place, Entry(place))
            if entry.queued is None:
                self._evictor.add(entry, 0)
            if version is not None:
                self._versions.setdefault((tenant, task), set()).add(version)
        return entry

    def _look_after(self, place: Place, entry: Entry) -> None:
        """Have what failed tried again if it is time; until then, say what failed."""
        now = self._clock()
        with self._lock:  # of all who see that it is due, one has it tried
            if entry.is_due(now):
                entry.failed(now, entry.error)  # not again before the next pause is over
                self._pool.submit(self._try_again, place, entry)
        if entry.model is None and entry.error is not None:
            raise type(entry.error)(str(entry.error))

    def _try_again(self, place: Place, entry: Entry) -> None:
        with entry.lock:
            try:
                if entry.model is None:
                    self._take_in(place, entry, self._loader.load(*place))
                else:
                    caught_up = self._loader.caught_up
                    self._take_in(place, entry, caught_up(*place, entry.model, again=True))
            except (CheckpointUnusable, StoreUnavailable) as error:
                entry.error = error
            except LogUnavailable as error:
                _logger.warning("the log can't be read; trying again later", error=str(error))

    def _made_fresh(self, place: Place, entry: Entry) -> ServedModel:
        """The model of an entry after what the log holds; the entry's lock is held."""
        before = entry.model
        loader = self._loader
        try:
            model = loader.load(*place) if before is None else loader.caught_up(*place, before)
        except (CheckpointUnusable, StoreUnavailable) as error:
            entry.model = None
            entry.failed(self._clock(), error)
            with self._lock:
                if self._entries.get(place) is entry:
                    self._evictor.resize(entry, _FAILED_BYTES)
            raise
        except Exception:
            with self._lock:
                if entry.model is None and self._entries.get(place) is entry:
                    self._forget(place)
            raise
        self._take_in(place, entry, model)
        return model

    def _take_in(self, place: Place, entry: Entry, model: ServedModel) -> None:
        """A model was loaded or brought up to date: count its bytes, and drop what is too much."""
        with self._lock:
            entry.model = model
            if not model.is_stand_in:
                entry.succeeded()
            elif entry.again is None:
                entry.failed(self._clock())
            if self._entries.get(place) is entry:
                self._evictor.resize(entry, model.nbytes)
                (self._stand_ins.add if model.is_stand_in else self._stand_ins.discard)(place)
                if not model.applied:
                    self._forget(place)  # nobody named this task; asking for it must cost no memory
            for dropped in self._evictor.over_budget():
                self.dropped += 1
                self._forget(dropped.key)

    def _forget(self, place: Place) -> None:
        tenant, task, version = place
        entry = self._entries.pop(place)
        self._evictor.remove(entry)
        self._stand_ins.discard(place)
        if version is not None:
            others = self._versions[tenant, task]
            others.discard(version)
            if not others:
                del self._versions[tenant, task]
