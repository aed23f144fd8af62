"""The library's front door: opens the stores, joins the rooms, and offers the platform's verbs."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from secrets import token_urlsafe
from types import TracebackType
from typing import Self

import msgspec

from modelfleet.catalog import (
    Alert,
    Catalog,
    CatalogFold,
    FleetSums,
    MadeBy,
    Queue,
    TaskState,
    digest_of,
    migrate,
    rebuild,
)
from modelfleet.clock import Clock, now
from modelfleet.decisions import (
    Aims,
    Awaiting,
    ByRecipe,
    Decider,
    Desk,
    Explainer,
    Forgetting,
    Moved,
    PinBoard,
    Receipt,
    Steering,
)
from modelfleet.errors import NotFound
from modelfleet.events import (
    Database,
    Event,
    EventLog,
    Logged,
    Query,
    kinds,
    make,
    new_id,
    open_wake,
)
from modelfleet.events.validation import (
    check_application_event,
    check_event,
    check_name,
    check_role,
)
from modelfleet.learners import check_learner
from modelfleet.models import LocalStore, open_store_near
from modelfleet.monitoring import (
    AlertBoard,
    Bias,
    DriftWatch,
    Measured,
    Measures,
    MonitoringStatus,
    Period,
    Suggestions,
    Watcher,
    monitoring_status,
    search_biases,
)
from modelfleet.monitoring import rebuild as rebuild_monitoring
from modelfleet.monitoring.alarms import Alarms, Policy
from modelfleet.monitoring.outlets import Outlets
from modelfleet.monitoring.reporting import Reports
from modelfleet.monitoring.streams import Tolerance
from modelfleet.recipe import Recipe, load_recipe
from modelfleet.serving import LOADS, LOADS_FROM_AFAR, Follower, Loader, ModelCache, Turns
from modelfleet.settings import Settings
from modelfleet.task import Rooms, Task
from modelfleet.text import Encoders
from modelfleet.training import Doctor, Outcome, Trainer, Worker

Run = Callable[[threading.Event, Callable[[float], object]], None]
"""A role's loop: until it is told to stop; between its steps it calls what waits."""


class Fleet:
    """A fleet of models over one log.

    ``place`` is a folder (created if need be) or a ``postgresql://`` URL. With ``train`` (the
    default) a thread of this process trains what falls behind, and with ``watch`` (if left out, as
    ``train``) others watch what becomes of decisions and tell people of alerts; a process beside
    which others do so passes False. Use it as a context manager, or call ``close``: what was
    acknowledged is in the log either way.

    Raises:
        InvalidInput: ``place`` is neither.
        LogUnavailable: the database can't be reached.
    """

    def __init__(
        self,
        place: str | Path = "./data",
        *,
        settings: Settings | None = None,
        train: bool = True,
        watch: bool | None = None,
        clock: Clock = now,
        durable: bool = True,
    ) -> None:
        self.settings = msgspec.structs.replace(settings or Settings(), database=str(place))
        self.clock = clock
        self.recipe = _recipe(self.settings.recipe, train=train)
        self.database = Database(self.settings.database, durable=durable)
        migrate(self.database)
        self._fold = CatalogFold(self.recipe.policy)
        self.log = EventLog(self.database, self._fold, clock)
        self.catalog = Catalog(self.database)
        self.queue = Queue(self.database)
        encoders = Encoders(self.settings.embeddings)
        near = self.settings.cache_folder, self.settings.cache_bytes
        self._store = store = open_store_near(self.settings.models, *near)
        loader = Loader(self.log, self.catalog, store, encoders, self.recipe, clock)
        loads = LOADS if isinstance(store, LocalStore) else LOADS_FROM_AFAR
        self.cache = ModelCache(loader, self.settings.memory, clock, loads)
        self.log.on_commit(self._notice)
        self._follower = Follower(self.log, open_wake(self.database), self.cache)
        self.decider = Decider(self.log, self.cache, clock, self.settings.audit_share)
        self.desk = Desk(self.log, self.catalog, self.decider, clock)
        self.by_recipe = ByRecipe(self.log, self.catalog, clock)
        self.rooms = self._open_rooms(loader, encoders)
        trainer = Trainer(self.log, self.catalog, store, encoders, self.recipe, clock)
        self.worker = Worker(new_id(), self.queue, trainer, clock)
        self.watcher = Watcher(self.database, self.log, clock, self._alarms())
        self.outlets = Outlets(self.database, self.log, self.settings, clock)
        roles = [("trainer", self.worker.run)] if train else []
        if train if watch is None else watch:
            roles += [("watcher", self.watcher.run)]
            roles += [(one.outlet.name, one.run) for one in self.outlets.notifiers()]
        self._background = [_Background(name, run, self.database) for name, run in roles]

    @classmethod
    def open(cls, settings: Settings, *, train: bool = True, watch: bool | None = None) -> Self:
        """The fleet that settings describe."""
        return cls(settings.database, settings=settings, train=train, watch=watch)

    def task(self, tenant: str, task: str) -> Task:
        """A task of a tenant; neither needs to be created.

        Raises:
            InvalidInput: a name can't be accepted.
        """
        return Task(tenant, task, self.rooms)

    def swap_in(self, turns: Turns) -> None:
        """Have models swapped in turns between requests, where that never waits for others.

        A swap reads the database and the store: those on this machine, as a rule from its memory.
        """
        is_local = isinstance(self._store, LocalStore)
        if is_local and not self.database.is_postgresql:
            self.cache.swap_in(turns)

    def create_key(self, role: str, tenant: str = "", *, name: str = "") -> tuple[str, str]:
        """Make an API key: its public id, and its secret, which is told only here.

        Roles: ``user`` decides and gives feedback, ``owner`` does everything within a tenant,
        ``operator`` (without a tenant) everything in the fleet.

        Raises:
            InvalidInput: an unknown role, or a tenant where none belongs.
        """
        check_role(role, tenant)
        secret = "mf_" + token_urlsafe(32)
        body = kinds.KeyCreated(new_id(), digest_of(secret), role, tenant, name)
        self.log.append([make(body, tenant=kinds.PLATFORM_TENANT, time=self.clock())])
        return body.key, secret

    def revoke_key(self, key: str) -> None:
        """Have a key refused from now on; raises NotFound if there is none."""
        if all(one.key != key for one in self.catalog.all_keys()):
            raise NotFound.at("key", f"there is no key '{key}'")
        event = make(kinds.KeyRevoked(key), tenant=kinds.PLATFORM_TENANT, time=self.clock())
        self.log.append([event])

    def append(self, events: Iterable[Event]) -> list[Receipt]:
        """Log an application's own events, all or none.

        Raises:
            InvalidInput: one can't be accepted, or its kind is one of modelfleet's own.
            Conflict: an id was used before for something else.
        """
        time = self.clock()
        return self._receipts([check_application_event(event, time) for event in events])

    def import_events(self, events: Iterable[Event]) -> list[Receipt]:
        """Log events of any kind as they are, such as another fleet exported; all or none.

        Raises:
            InvalidInput: one can't be accepted.
            Conflict: an id was used before for something else.
        """
        time = self.clock()
        return self._receipts([check_event(event, time) for event in events])

    def events(self, query: Query) -> Iterator[Logged]:
        """The events that a query asks for, read as they are taken."""
        return self.log.scan(query)

    def train_due(self) -> list[Outcome]:
        """Train what is due now, until nothing is; what came of each."""
        outcomes: list[Outcome] = []
        while step := self.worker.step():
            outcomes += step
        return outcomes

    def watch_due(self) -> None:
        """Take in what the log holds, and what has matured since, until nothing is left."""
        while self.watcher.step():
            pass

    def roll_back_recipe(
        self,
        recipe: str,
        *,
        digest: str | None = None,
        since: int | None = None,
        by: str | None = None,
    ) -> Moved:
        """Roll back every task whose live version was made by a recipe; see `Moved`.

        Each gets the newest version before that wasn't. With ``digest`` or ``since`` (a time in
        microseconds) only versions of that recipe digest, or published since, are meant. Training
        goes on: change or withdraw the recipe first, or it makes such versions again.
        """
        return self.by_recipe.roll_back(MadeBy(recipe, digest, since), by=by)

    def promote_recipe(
        self,
        recipe: str,
        *,
        digest: str | None = None,
        since: int | None = None,
        by: str | None = None,
    ) -> Moved:
        """Make the newest version made by a recipe live in every task that has one; see `Moved`."""
        return self.by_recipe.promote(MadeBy(recipe, digest, since), by=by)

    def tell_due(self) -> None:
        """Tell the outlets that settings name of alerts in the log, as far as they take it."""
        self.outlets.tell_due()

    def metrics(self, period: Period | None = None) -> Measured:
        """How good the decisions of all tasks were; of 28 days if nothing is said.

        Raises:
            InvalidInput: the days or the field can't be accepted.
        """
        return self.rooms.measures.of_fleet(period or Period())

    def status(self) -> FleetSums:
        """Sums over all tenants."""
        return self.catalog.fleet()

    def tenant_status(self, tenant: str) -> list[TaskState]:
        """What is live, how far behind, and the last error, for each task of a tenant."""
        return self.catalog.tasks(check_name(tenant, "tenant"))

    def alerts(self, *, triage: bool = False) -> list[Alert]:
        """The newest 100 open alerts of all tenants, of recipes and of the fleet.

        With ``triage`` those that cost most, these first, without what another alert explains.
        """
        return self.rooms.alerts.triage() if triage else self.rooms.alerts.open()

    def end_alert(self, alert: str, *, why: str = "", by: str | None = None) -> Receipt:
        """Say that an alert of a recipe or of the whole fleet is over; see also `Task.end_alert`.

        Raises:
            NotFound: there is no such alert.
            Conflict: it has ended already.
        """
        return self.rooms.alerts.end(
            kinds.PLATFORM_TENANT, "", alert, kinds.AlertEnded(alert, why, by)
        )

    def biases(self, days: float = 7.0) -> list[Bias]:
        """Kinds of requests that nobody named and that are decided worse than the rest.

        It looks at the newest 50,000 requests of all tenants, and takes seconds.

        Raises:
            InvalidInput: the number of days can't be accepted.
        """
        return search_biases(self.database, self.clock(), days)

    def monitoring_status(self) -> MonitoringStatus:
        """How far the watcher is behind, what alerts promise, and whether that is kept."""
        return monitoring_status(self.database, self.watcher, self.settings.false_alerts_per_week)

    def rebuild(self) -> int:
        """Derive the catalog and what monitoring keeps again from the log; how many events."""
        events = rebuild(self.database, self._fold)
        rebuild_monitoring(self.database, self._alarms())
        return events

    def close(self) -> None:
        """Stop what runs in the background, finish what was handed over, give back connections."""
        for thread in self._background:
            thread.close()
        self._follower.close()
        self.cache.close()
        self.log.close()
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _open_rooms(self, loader: Loader, encoders: Encoders) -> Rooms:
        """Who does what a task is asked for."""
        measures = Measures(self.database, self.catalog, self.clock)
        return Rooms(
            self.decider,
            self.desk,
            self.catalog,
            Explainer(self.log, loader, self.cache),
            Forgetting(self.log, self.catalog, self.clock),
            PinBoard(self.log, self.catalog, self.desk),
            Steering(self.log, self.catalog, self.desk),
            Aims(self.log, self.catalog, self.cache, self.desk),
            Doctor(self.log, encoders, self.recipe),
            AlertBoard(self.log, self.catalog, self.clock),
            DriftWatch(self.log, encoders, self.recipe, self.clock),
            Suggestions(self.log, self.catalog, encoders, self.recipe, self.clock),
            measures,
            Awaiting(self.log, self.catalog),
            Reports(self.log, self.catalog, measures),
        )

    def _alarms(self) -> Alarms:
        """What looks for trouble in outcomes."""
        policy = Policy(
            self.recipe,
            self.settings.false_alerts_per_week,
            Tolerance(self.settings.tolerance),
            self.settings.actions,
            self.settings.weekly_drop,
        )
        return Alarms(policy, self.clock)

    def _notice(self, events: Sequence[Logged]) -> None:
        self.cache.notice([(e.seq, e.tenant, e.task, e.kind) for e in events])

    def _receipts(self, events: Sequence[Event]) -> list[Receipt]:
        if not events:
            return []
        appended = self.log.append(events)
        return [Receipt(one.event.id, one.event.seq, one.duplicate) for one in appended]


def _recipe(name: str, *, train: bool) -> Recipe:
    """The recipe; to serve what it made, its learner's framework needn't be installed."""
    recipe = load_recipe(name)
    if train:
        check_learner(recipe.learning.learner)
    return recipe


class _Background:
    """Calls a role's steps in the background of a process that uses the library."""

    def __init__(self, name: str, run: Run, database: Database) -> None:
        self._stop = threading.Event()
        self._wake = open_wake(database)
        self._thread = threading.Thread(
            target=run, args=(self._stop, self._wait), name=name, daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop after the step that is being taken."""
        self._stop.set()
        self._thread.join()
        self._wake.close()

    def _wait(self, seconds: float) -> None:
        self._wake.wait(min(seconds, 0.5))
