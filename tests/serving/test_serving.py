"""Thousands of models in one process: always fresh, within a budget, none hurting another."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conftest import HandClock

from modelfleet.decisions import Example
from modelfleet.errors import CheckpointMissing, Conflict, StoreUnavailable
from modelfleet.fleet import Fleet
from modelfleet.models import Checkpoint, Store, key
from modelfleet.serving import ModelCache
from modelfleet.task import Task

REQUESTS = {
    "it": ["no wifi", "my laptop is dead", "password lost", "vpn down", "printer jam"],
    "facilities": ["lift stuck", "no heating", "door locked", "water leak", "light broken"],
}


def trained(fleet: Fleet, clock: HandClock, tenant: str = "acme", versions: int = 1) -> Task:
    """A task with some published versions."""
    task = fleet.task(tenant, "team")
    for label in REQUESTS:
        task.define_label(label)
    for number in range(versions):
        task.give_examples(
            [Example(f"{text} {number}", label) for label in REQUESTS for text in REQUESTS[label]]
        )
        clock.advance(5)
        assert len(fleet.train_due()) == 1
    return task


def test_the_thresholds_of_a_version_are_those_that_its_curve_gives(
    fleet: Fleet, clock: HandClock
) -> None:
    task = trained(fleet, clock)
    for targets in ((None, None), (0.8, None), (0.8, "it")):
        precision, label = targets
        if precision is not None:
            task.set_target_precision(precision, label=label)
            clock.advance(60)
            task.retry_training()
            fleet.train_due()
        aiming = fleet.cache.get("acme", "team").aiming
        forget(fleet)
        anew = fleet.cache.get("acme", "team").aiming
        assert len(anew.curve)
        assert anew.thresholds == aiming.thresholds == anew.asking(anew.asked).thresholds


def forget(fleet: Fleet) -> None:
    """As after a restart of the server: nothing is in memory."""
    fleet.cache.clear()


def eventually(holds: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until something holds that is done in the background."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def file_of(fleet: Fleet, version: str, tenant: str = "acme") -> Path:
    """Where a version's file is."""
    return Path(fleet.settings.models) / key(tenant, "team", version)


@pytest.mark.parametrize("versions", [0, 1])
def test_the_very_next_decision_knows_a_correction(
    fleet: Fleet, clock: HandClock, versions: int
) -> None:
    task = trained(fleet, clock, versions=versions)
    for number in range(10):
        text = f"the thing number {number} is odd"
        decision = task.decide(text)
        right = "it" if number % 2 else "facilities"
        task.assign(decision.id, right)
        assert task.decide(text).label == right
    assert [task.decide(f"the thing number {n} is odd").label for n in range(10)] == [
        "it" if n % 2 else "facilities" for n in range(10)
    ]


@pytest.mark.parametrize("versions", [0, 1])
def test_a_word_taken_back_is_taken_back_at_once(
    fleet: Fleet, clock: HandClock, versions: int
) -> None:
    task = trained(fleet, clock, versions=versions)
    text = "purple monkey dishwasher"
    decision = task.decide(text)
    task.assign(decision.id, "it")
    assert task.decide(text).confidence >= 0.95
    task.no_label_fits(decision.id)
    assert task.decide(text).label is None


@pytest.mark.parametrize("versions", [0, 1])
def test_a_removed_label_is_never_predicted_again_and_a_new_one_at_once(
    fleet: Fleet, clock: HandClock, versions: int
) -> None:
    task = trained(fleet, clock, versions=versions)
    decision = task.decide("no wifi at all")
    task.assign(decision.id, "it")
    task.remove_label("it")
    for text in ("no wifi", "no wifi at all", "password lost"):
        assert "it" not in [one.label for one in task.decide(text).candidates]
    task.define_label("network", name="Network team", keywords=["wifi", "no wifi"])
    candidates = [one.label for one in task.decide("no wifi").candidates]
    assert candidates[0] == "network"
    task.define_label("it")
    assert "it" in [one.label for one in task.decide("no wifi").candidates]


def test_with_all_labels_removed_it_abstains(fleet: Fleet, clock: HandClock) -> None:
    task = trained(fleet, clock)
    for label in REQUESTS:
        task.remove_label(label)
    decision = task.decide("no wifi")
    assert (decision.label, decision.candidates) == (None, ())


def test_rolling_back_promoting_and_pinning_change_the_next_decision(
    fleet: Fleet, clock: HandClock
) -> None:
    task = trained(fleet, clock, versions=3)
    third, second, first = [version.version for version in task.versions()]
    assert task.decide("no wifi").version == third
    task.roll_back()
    assert task.decide("no wifi").version == second
    task.promote(first)
    assert task.decide("no wifi").version == first
    task.pin(second)
    assert task.decide("no wifi").version == second
    task.give_examples([Example(f"something new {n}", "it") for n in range(9)])
    clock.advance(60)
    assert fleet.train_due() == []
    assert task.decide("no wifi").version == second
    task.unpin()
    clock.advance(60)
    assert len(fleet.train_due()) == 1
    assert task.decide("no wifi").version not in {first, second, third}


def test_rolling_back_again_goes_further_back_and_never_to_a_newer_version(
    fleet: Fleet, clock: HandClock
) -> None:
    task = trained(fleet, clock, versions=3)
    third, second, first = [version.version for version in task.versions()]
    assert [task.roll_back().version, task.roll_back().version] == [second, first]
    with pytest.raises(Conflict, match=f"none before {first}"):
        task.roll_back()
    assert task.promote(third).version == third
    assert task.promote(first).version == first
    assert task.promote(third).version == third
    assert task.roll_back().version == first, "the one that was live before"
    assert task.decide("no wifi").version == first


def test_a_pinned_version_stays_until_it_is_unpinned_or_another_is_pinned(
    fleet: Fleet, clock: HandClock
) -> None:
    task = trained(fleet, clock, versions=3)
    third, second, first = [version.version for version in task.versions()]
    assert task.pin(second).version == second
    with pytest.raises(Conflict, match=f"{second} is pinned"):
        task.roll_back()
    with pytest.raises(Conflict, match=f"{second} is pinned"):
        task.promote(third)
    assert (task.status().live, task.status().pinned) == (second, True)
    task.pin(first)
    task.unpin()
    assert task.promote(third).version == third


def test_a_version_in_use_before_the_correction_of_an_old_one_knows_it_too(
    fleet: Fleet, clock: HandClock
) -> None:
    task = trained(fleet, clock, versions=2)
    decision = task.decide("the moon is full")
    task.assign(decision.id, "facilities")
    task.roll_back()
    assert task.decide("the moon is full").label == "facilities"


DAMAGE = {
    "missing": lambda path: path.unlink(),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-100]),
    "empty": lambda path: path.write_bytes(b""),
    "altered": lambda path: path.write_bytes(path.read_bytes()[:-1] + b"\xff"),
    "foreign": lambda path: path.write_bytes(b"not a checkpoint at all"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_with_a_damaged_file_the_version_before_answers_and_others_do_not_notice(
    small_fleet: Fleet, clock: HandClock, damage: str
) -> None:
    task = trained(small_fleet, clock, versions=2)
    other = trained(small_fleet, clock, "globex")
    second, first = [version.version for version in task.versions()]
    DAMAGE[damage](file_of(small_fleet, second))
    forget(small_fleet)
    assert task.decide("no wifi").version == first
    assert other.decide("no wifi").version == other.status().live


@pytest.mark.parametrize("damage", DAMAGE)
def test_with_all_files_damaged_label_texts_and_corrections_answer(
    small_fleet: Fleet, clock: HandClock, damage: str
) -> None:
    task = trained(small_fleet, clock, versions=2)
    for version in task.versions():
        DAMAGE[damage](file_of(small_fleet, version.version))
    forget(small_fleet)
    decision = task.decide("no wifi 1")
    assert (decision.version, decision.label) == (None, "it")


def test_memory_stays_within_the_budget(small_fleet: Fleet, clock: HandClock) -> None:
    tenants = [f"tenant{n}" for n in range(12)]
    for tenant in tenants:
        trained(small_fleet, clock, tenant)
    one = small_fleet.cache.get(tenants[0], "team").nbytes
    small = ModelCache(
        small_fleet.cache._loader, budget=3 * one + one // 2, clock=small_fleet.clock
    )
    for tenant in [*tenants, *tenants]:
        assert small.get(tenant, "team").version is not None
        assert small.nbytes <= 3 * one + one // 2
    assert 1 <= len(small) <= 3


def test_a_sweep_over_all_tenants_leaves_those_in_memory_that_are_asked_for_often(
    small_fleet: Fleet,
) -> None:
    often, *others = [f"tenant{n}" for n in range(30)]
    for tenant in (often, *others):
        small_fleet.task(tenant, "team").define_label("it")
    one = small_fleet.cache.get(often, "team").nbytes
    small = ModelCache(small_fleet.cache._loader, 5 * one, small_fleet.clock)
    for _ in range(3):
        small.get(often, "team")
    for tenant in others:
        small.get(tenant, "team")
    assert small.fresh(often, "team") is not None
    assert small.dropped == len(others) - 4


def test_asking_for_tasks_that_do_not_exist_does_not_fill_the_memory(small_fleet: Fleet) -> None:
    small = ModelCache(small_fleet.cache._loader, budget=100_000, clock=small_fleet.clock)
    for number in range(1_000):
        small.get(f"nobody{number}", "team")
    assert len(small) < 1_000


def test_the_books_of_the_budget_are_right_under_threads(
    small_fleet: Fleet, clock: HandClock
) -> None:
    tenants = [f"tenant{n}" for n in range(6)]
    tasks = [trained(small_fleet, clock, tenant) for tenant in tenants]
    one = small_fleet.cache.get(tenants[0], "team").nbytes
    small = ModelCache(small_fleet.cache._loader, budget=3 * one, clock=small_fleet.clock)

    def work(offset: int) -> None:
        for number in range(60):
            tenant = tenants[(number * 5 + offset) % 6]
            small.get(tenant, "team")
            if number % 7 == 0:
                small.notice([(small_fleet.log.head(), tenant, "team", "label.defined")])

    workers = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for worker in workers:
        worker.start()
    for task in tasks:
        task.give_examples([Example("the sky is blue", "it")])
    for worker in workers:
        worker.join()
    held = [entry.model for entry in small._entries.values() if entry.model is not None]
    assert small.nbytes == sum(model.nbytes for model in held)


class SlowFor:
    """A store that takes its time with one tenant's files."""

    def __init__(self, store: Store, tenant: str) -> None:
        self._store = store
        self._tenant = tenant
        self.asked = threading.Event()
        self.release = threading.Event()

    def open(self, key: str, fingerprint: str) -> Checkpoint:
        if f"/{self._tenant}/" in key:
            self.asked.set()
            assert self.release.wait(20)
        return self._store.open(key, fingerprint)


def test_loading_one_model_does_not_hold_up_another(small_fleet: Fleet, clock: HandClock) -> None:
    slow, quick = trained(small_fleet, clock, "slow"), trained(small_fleet, clock, "quick")
    store = SlowFor(small_fleet.cache._loader._store, "slow")
    small_fleet.cache._loader._store = store  # type: ignore[assignment]
    forget(small_fleet)
    decided: list[str | None] = []
    waiting = threading.Thread(target=lambda: decided.append(slow.decide("no wifi").version))
    waiting.start()
    assert store.asked.wait(10)
    began = time.monotonic()
    assert quick.decide("no wifi").version == quick.status().live
    assert small_fleet.task("new", "team").decide("hello").label is None
    assert time.monotonic() - began < 5
    assert decided == []
    store.release.set()
    waiting.join()
    assert decided == [slow.status().live]


class AwayStore:
    """A store that can't be reached, until it can."""

    def __init__(self, store: Store, error: Exception) -> None:
        self._store = store
        self.error: Exception | None = error

    def open(self, key: str, fingerprint: str) -> Checkpoint:
        if self.error is not None:
            raise self.error
        return self._store.open(key, fingerprint)


@pytest.mark.parametrize("error", [StoreUnavailable("refused"), CheckpointMissing("gone")])
def test_while_the_store_is_away_decisions_go_on(
    small_fleet: Fleet, clock: HandClock, error: Exception
) -> None:
    task = trained(small_fleet, clock)
    live = task.decide("no wifi").version
    assert live is not None
    store = AwayStore(small_fleet.cache._loader._store, error)
    small_fleet.cache._loader._store = store  # type: ignore[assignment]
    task.give_examples([Example("wifi gone", "it")])
    assert task.decide("no wifi").version == live
    forget(small_fleet)
    assert task.decide("no wifi").version is None


def test_a_server_that_missed_a_version_takes_it_once_the_store_is_back(
    small_fleet: Fleet, clock: HandClock
) -> None:
    task = trained(small_fleet, clock)
    store = AwayStore(small_fleet.cache._loader._store, StoreUnavailable("refused"))
    small_fleet.cache._loader._store = store  # type: ignore[assignment]
    forget(small_fleet)
    assert task.decide("no wifi").version is None
    store.error = None
    task.give_examples([Example("wifi gone", "it")])
    clock.advance(1)
    task.decide("no wifi")  # has it tried again, and doesn't wait for it
    eventually(lambda: task.decide("no wifi").version == task.status().live)
