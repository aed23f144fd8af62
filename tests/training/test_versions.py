"""Versions come by themselves: the same log gives the same bytes, worse ones are kept."""

import hashlib
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tests.conftest import HandClock

from modelfleet.decisions import Example
from modelfleet.errors import StoreUnavailable
from modelfleet.events import Query
from modelfleet.fleet import Fleet
from modelfleet.models import Store, key
from modelfleet.recipe import load_recipe
from modelfleet.task import Task
from modelfleet.text import default_encoder
from modelfleet.training import Failed, Kept, Published, Trainer, Worker, read_training_set
from modelfleet.training.train import train

TRAIN_IN_ANOTHER_PROCESS = """
import hashlib, sys
from modelfleet import Fleet
from modelfleet.recipe import load_recipe
from modelfleet.text import default_encoder
from modelfleet.training import read_training_set
from modelfleet.training.train import train
with Fleet(sys.argv[1], train=False, durable=False) as fleet:
    known = read_training_set(fleet.log, "acme", "team")
    trained = train(known, load_recipe(), default_encoder())
    digest = hashlib.sha256()
    for name, array in sorted(trained.to_arrays().items()):
        digest.update(name.encode() + array.tobytes())
    print(known.digest, digest.hexdigest(), repr(trained.evaluated.temperature))
"""

WHAT = {
    "it": ["no wifi in {}", "my laptop in {} is dead", "password for {} lost", "vpn down at {}"],
    "facilities": ["lift in {} is stuck", "no heating in {}", "door of {} locked", "leak in {}"],
    "payroll": ["payslip of {} is wrong", "no salary for {}", "bonus of {}?", "tax form for {}"],
}
WHERE = ["Oslo", "room 12", "the annex", "march", "the night shift", "hall B", "my team", "Ann"]


def examples(count: int, start: int = 0) -> list[Example]:
    """Requests with their right labels, in turn."""
    labels = sorted(WHAT)
    made = []
    for number in range(start, start + count):
        label = labels[number % 3]
        text = WHAT[label][number // 3 % 4].format(WHERE[number // 12 % 8])
        made.append(Example(text, label))
    return made


def defined(fleet: Fleet, tenant: str = "acme") -> Task:
    """A task with three labels."""
    task = fleet.task(tenant, "team")
    for label in WHAT:
        task.define_label(label)
    return task


def live_bytes(fleet: Fleet, tmp_path: Path, version: str, tenant: str = "acme") -> bytes:
    """The file of a version."""
    root = Path(fleet.settings.models)
    assert root.is_relative_to(tmp_path)
    return (root / key(tenant, "team", version)).read_bytes()


def test_what_is_due_is_trained_published_and_answers(fleet: Fleet, clock: HandClock) -> None:
    task = defined(fleet)
    task.give_examples(examples(30))
    assert task.decide("no wifi in Oslo").version is None
    assert fleet.train_due() == []
    clock.advance(5)
    (outcome,) = fleet.train_due()
    assert isinstance(outcome, Published)
    status = task.status()
    assert (status.live, status.behind, status.error) == (outcome.version, 0, None)
    assert task.decide("no wifi in Oslo").version == outcome.version
    assert fleet.train_due() == []
    (version,) = task.versions()
    assert version.examples == 30
    assert version.watermark <= fleet.log.head()


def test_training_again_gives_the_same_bytes_here_and_elsewhere(place: str, fleet: Fleet) -> None:
    task = defined(fleet)
    task.give_examples(examples(40))
    known = read_training_set(fleet.log, "acme", "team")
    told = []
    for _ in range(2):
        trained = train(known, load_recipe(), default_encoder())
        digest = hashlib.sha256()
        for name, array in sorted(trained.to_arrays().items()):
            digest.update(name.encode() + array.tobytes())
        told.append(f"{known.digest} {digest.hexdigest()} {trained.evaluated.temperature!r}")
    assert told[0] == told[1]
    elsewhere = subprocess.run(  # noqa: S603 - our own interpreter and program
        [sys.executable, "-c", TRAIN_IN_ANOTHER_PROCESS, place],
        capture_output=True,
        text=True,
        check=True,
    )
    assert elsewhere.stdout.strip() == told[0]


def test_training_asked_for_again_publishes_nothing_new_and_harms_nothing(
    fleet: Fleet, clock: HandClock, tmp_path: Path
) -> None:
    task = defined(fleet)
    task.give_examples(examples(6))
    clock.advance(5)
    (first,) = fleet.train_due()
    task.give_examples(examples(24, start=6))
    clock.advance(5)
    (second,) = fleet.train_due()
    assert isinstance(first, Published)
    assert isinstance(second, Published)
    before = live_bytes(fleet, tmp_path, second.version)
    task.retry_training()
    (again,) = fleet.train_due()
    assert not isinstance(again, Failed)
    assert live_bytes(fleet, tmp_path, second.version) == before
    fleet.cache._entries.clear()
    assert task.decide("no wifi in Oslo").version == task.status().live


def test_a_version_trained_twice_at_a_time_is_published_once(
    fleet: Fleet, clock: HandClock, tmp_path: Path
) -> None:
    task = defined(fleet)
    task.give_examples(examples(30))
    clock.advance(5)
    (lease,) = fleet.queue.lease("dies-late", clock(), 1)
    clock.advance(2)
    (outcome,) = fleet.train_due()
    assert isinstance(outcome, Published)
    before = live_bytes(fleet, tmp_path, outcome.version)
    late = fleet.worker._trainer.train(lease)
    assert isinstance(late.outcome, Kept)
    assert live_bytes(fleet, tmp_path, outcome.version) == before
    assert len(task.versions()) == 1


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_a_task_with_one_label_or_hardly_an_example_can_be_trained(
    small_fleet: Fleet, clock: HandClock, count: int
) -> None:
    task = small_fleet.task("acme", "team")
    task.define_label("it", name="IT support")
    task.give_examples([Example(f"no wifi {number}", "it") for number in range(count)])
    task.give_examples([Example("happy birthday", None)])
    task.retry_training()
    clock.advance(5)
    (outcome,) = small_fleet.train_due()
    assert isinstance(outcome, Published)
    assert task.decide("no wifi").candidates[0].label == "it"


def test_a_task_without_labels_is_kept_as_it_is(small_fleet: Fleet, clock: HandClock) -> None:
    task = small_fleet.task("acme", "team")
    task.give_examples([Example("happy birthday", None)] * 6)
    clock.advance(5)
    (outcome,) = small_fleet.train_due()
    assert isinstance(outcome, Kept)
    assert "no labels" in outcome.why
    assert small_fleet.train_due() == []


def test_a_challenger_that_is_worse_is_kept_and_the_log_says_why(
    fleet: Fleet, clock: HandClock
) -> None:
    task = defined(fleet)
    task.give_examples(examples(60))
    clock.advance(5)
    (first,) = fleet.train_due()
    assert isinstance(first, Published)
    # Somebody mislabels a lot, then all is right again: a model that learned from the mislabelled
    # requests is worse on the newest ones than the live version.
    labels = sorted(WHAT)
    mislabelled = [
        Example(one.text, labels[(labels.index(str(one.label)) + 1) % 3])
        for one in examples(110, start=60)
    ]
    task.give_examples(mislabelled)
    clock.advance(2 * 3600)  # within an hour there is no order, and the newest are to be right
    task.give_examples(examples(140, start=60))
    clock.advance(5)
    (outcome,) = fleet.train_due()
    assert isinstance(outcome, Kept)
    assert "worse than the live version" in outcome.why
    (kept,) = fleet.events(Query(kinds=("version.kept",)))
    assert kept.fields["why"] == outcome.why
    status = task.status()
    assert (status.live, status.behind) == (first.version, 0)
    assert fleet.train_due() == []


class BrokenFor:
    """A store that can't take one tenant's files."""

    def __init__(self, store: Store, tenant: str) -> None:
        self._store = store
        self._tenant = tenant
        self.broken = True

    def put(self, key: str, data: bytes) -> None:
        if self.broken and f"/{self._tenant}/" in key:
            raise StoreUnavailable("no space left")
        self._store.put(key, data)

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)


@pytest.fixture
def broken(fleet: Fleet) -> BrokenFor:
    """The fleet's store, from now on without room for the tenant globex."""
    trainer: Trainer = fleet.worker._trainer
    store = BrokenFor(trainer._store, "globex")
    trainer._store = store  # type: ignore[assignment]
    return store


def test_a_failing_task_backs_off_is_set_aside_and_stops_no_other(
    fleet: Fleet, clock: HandClock, broken: BrokenFor
) -> None:
    tasks = {tenant: defined(fleet, tenant) for tenant in ("acme", "globex", "initech")}
    for task in tasks.values():
        task.give_examples(examples(12))
    clock.advance(5)
    outcomes = {outcome.tenant: outcome for outcome in fleet.train_due()}
    assert isinstance(outcomes["acme"], Published)
    assert isinstance(outcomes["initech"], Published)
    assert isinstance(outcomes["globex"], Failed)
    assert "no space left" in (tasks["globex"].status().error or "")
    assert [state.tenant for state in fleet.catalog.failing()] == ["globex"]

    waits = []
    while (due := tasks["globex"].status().due) is not None:
        waits.append(due - clock())
        assert fleet.train_due() == []
        clock.time = due
        (failed,) = fleet.train_due()
        assert isinstance(failed, Failed)
    assert waits == [2_000_000, 4_000_000, 8_000_000, 16_000_000]
    assert tasks["globex"].status().set_aside
    clock.advance(10_000)
    assert fleet.train_due() == []

    broken.broken = False
    tasks["globex"].give_examples(examples(6, start=12))
    clock.advance(10_000)
    (back,) = fleet.train_due()
    assert isinstance(back, Published)
    assert fleet.catalog.failing() == []


def test_a_worker_that_died_with_a_lease_costs_only_time(fleet: Fleet, clock: HandClock) -> None:
    task = defined(fleet)
    task.give_examples(examples(12))
    clock.advance(5)
    assert len(fleet.queue.lease("dies", clock(), 20)) == 1
    assert fleet.train_due() == []
    clock.advance(20)
    (outcome,) = fleet.train_due()
    assert isinstance(outcome, Published)


def test_a_worker_goes_on_after_the_database_was_away_for_a_moment(
    small_fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    from modelfleet.errors import LogUnavailable  # noqa: PLC0415

    worker: Worker = small_fleet.worker
    steps: list[int] = []
    stop = threading.Event()

    def step(_limit: int = 4) -> list[object]:
        steps.append(1)
        if len(steps) == 1:
            raise LogUnavailable("connection refused")
        stop.set()
        return []

    monkeypatch.setattr(worker, "step", step)
    worker.run(stop, lambda _seconds: None)
    assert len(steps) == 2


def test_examples_that_are_loaded_label_by_label_are_learned_from_like_others(
    small_fleet: Fleet, clock: HandClock
) -> None:
    task = defined(small_fleet)
    task.give_examples(sorted(examples(60), key=lambda example: str(example.label)))
    clock.advance(5)
    (outcome,) = small_fleet.train_due()
    assert isinstance(outcome, Published)
    (version,) = task.versions()
    assert version.metrics["newest_accuracy"] > 0.8
