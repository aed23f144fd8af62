"""A version that can't be served is said, tried again after a while, and hurts nobody else."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from litestar.testing import TestClient
from tests.conftest import HandClock
from tests.serving.test_serving import DAMAGE, eventually, file_of, forget, trained

from modelfleet.api import create_app
from modelfleet.api.metrics import Metrics
from modelfleet.api.tensorflow.numbers import number_of
from modelfleet.decisions import Example
from modelfleet.errors import CheckpointUnusable, StoreUnavailable
from modelfleet.events import Event, new_id
from modelfleet.fleet import Fleet
from modelfleet.models import Checkpoint, Store, fingerprint, write
from modelfleet.models import checkpoint as checkpoint_module
from modelfleet.serving import ModelCache, route


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_is_wrong_with_a_version_is_said(
    small_fleet: Fleet, clock: HandClock, damage: str
) -> None:
    task = trained(small_fleet, clock, versions=2)
    second, first = [version.version for version in task.versions()]
    whole = task.serving()
    assert (whole.state, whole.wanted, whole.version, whole.why) == ("live", second, second, "")
    DAMAGE[damage](file_of(small_fleet, second))
    forget(small_fleet)
    said = task.serving()
    assert (said.state, said.wanted, said.version) == ("stand-in", second, first)
    assert second in said.why
    assert said.again == clock() + 1_000_000
    shown = Metrics(small_fleet).shown().decode()
    assert "modelfleet_models_standing_in 1.0" in shown
    assert "modelfleet_models_unusable_total 1.0" in shown


def test_clients_of_all_protocols_are_told_that_another_version_answers(
    small_fleet: Fleet, clock: HandClock
) -> None:
    task = trained(small_fleet, clock, versions=2)
    second, first = [version.version for version in task.versions()]
    with TestClient(create_app(small_fleet, keys_required=False)) as api:
        (sound,) = api.post("/v2/repository/index").json()
        assert (sound["version"], sound["reason"]) == (second, "")
        file_of(small_fleet, second).unlink()
        forget(small_fleet)
        assert api.get("/v2/models/acme.team/ready").json()["ready"]
        (broken,) = api.post("/v2/repository/index").json()
        assert (broken["version"], broken["state"]) == (first, "READY")
        assert f"{second} can't be served: " in broken["reason"]
        statuses = api.get("/v1/models/acme.team").json()["model_version_status"]
        whole = f"/v1/models/acme.team/versions/{number_of(second)}"
        assert [one["state"] for one in statuses] == ["END", "AVAILABLE"]
        assert statuses[0]["status"]["error_code"] == "UNAVAILABLE"
        (state,) = api.get(whole).json()["model_version_status"]
        assert (state["version"], state["state"]) == (str(number_of(second)), "END")
        for path in ("/v1/models/acme.team", whole, "/api/tenants/acme/tasks/team/serving"):
            assert str(small_fleet.settings.database) not in api.get(path).text, path
        assert str(small_fleet.settings.database) not in broken["reason"]


def test_a_version_of_a_newer_format_leaves_the_one_before_in_place(
    small_fleet: Fleet, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = trained(small_fleet, clock, versions=2)
    second, first = [version.version for version in task.versions()]
    file = file_of(small_fleet, second)
    found = Checkpoint.open_file(file)
    newer = write(msgspec.structs.replace(found.header, format=99), found.arrays)
    file.write_bytes(newer)
    _publish_again(small_fleet, second, fingerprint(newer))
    forget(small_fleet)
    assert task.decide("no wifi").version == first
    assert "format 99" in task.serving().why
    monkeypatch.setattr(checkpoint_module, "FORMAT", 99)  # as after an upgrade
    forget(small_fleet)
    assert task.serving().state == "live"


def _publish_again(fleet: Fleet, version: str, digest: str) -> None:
    """As if the file had been published like this."""
    published = fleet.log.of_task("acme", "team", ["version.published"])
    (event,) = [one for one in published if one.fields["version"] == version]
    fields = {**event.fields, "fingerprint": digest}
    fleet.import_events([Event(event.kind, "acme", event.time, new_id(), "team", fields)])


def test_loads_that_keep_failing_are_tried_less_and_less_often(
    small_fleet: Fleet, clock: HandClock
) -> None:
    task = trained(small_fleet, clock, versions=1)
    file_of(small_fleet, task.versions()[0].version).unlink()
    forget(small_fleet)
    pauses = []
    for _ in range(12):
        again = task.serving().again
        assert again is not None
        pauses.append(round((again - clock()) / 1e6))
        failed = small_fleet.cache.loads.failed
        for _ in range(5):
            task.decide("no wifi")
        assert small_fleet.cache.loads.failed == failed  # nothing is tried before its time
        clock.time = again
        task.decide("no wifi")
        eventually(lambda: small_fleet.cache.loads.failed > failed)  # noqa: B023 - waited for here
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]


def test_a_version_that_was_named_and_can_not_be_served_is_an_error_until_it_can(
    small_fleet: Fleet, clock: HandClock
) -> None:
    task = trained(small_fleet, clock, versions=2)
    first = task.versions()[-1].version
    file = file_of(small_fleet, first)
    file.rename(file.with_suffix(".away"))
    failed = small_fleet.cache.loads.failed
    for _ in range(3):
        with pytest.raises(CheckpointUnusable, match=first):
            small_fleet.cache.get("acme", "team", first)
    assert small_fleet.cache.loads.failed == failed + 1
    assert task.decide("no wifi").version == task.versions()[0].version
    file.with_suffix(".away").rename(file)
    clock.advance(1)
    eventually(lambda: _named(small_fleet.cache, first) == first)


def _named(cache: ModelCache, version: str) -> str | None:
    try:
        return cache.get("acme", "team", version).version
    except CheckpointUnusable:
        return None


class DeafStore:
    """A store that lets everybody wait, for files with this in their key."""

    def __init__(self, store: Store, part: str) -> None:
        self._store = store
        self._part = part
        self.release = threading.Event()
        self.asked = 0

    def open(self, key: str, fingerprint: str) -> Checkpoint:
        if self._part in key:
            self.asked += 1
            assert self.release.wait(20)
            raise StoreUnavailable("timed out")
        return self._store.open(key, fingerprint)


def test_any_number_of_requests_for_a_model_that_is_loading_take_one_thread(
    small_fleet: Fleet, clock: HandClock
) -> None:
    slow, quick = trained(small_fleet, clock, "slow"), trained(small_fleet, clock, "quick")
    store = DeafStore(small_fleet.cache._loader._store, "slow")
    small_fleet.cache._loader._store = store  # type: ignore[assignment]
    forget(small_fleet)
    waiting = [small_fleet.cache.soon("slow", "team") for _ in range(1_000)]
    threads = threading.active_count()
    assert small_fleet.cache.soon("quick", "team").result(10).version == quick.status().live
    assert not any(one.done() for one in waiting)
    assert threading.active_count() <= threads + 1
    store.release.set()
    assert {one.result(10).version for one in waiting} == {None}
    assert store.asked == 1
    assert slow.serving().why == "the store of models can't be reached"


@pytest.mark.parametrize("part", ["canary", "shadow"])
def test_whoever_waits_for_a_version_that_is_tried_out_takes_no_thread_either(
    small_fleet: Fleet, clock: HandClock, part: str
) -> None:
    task = trained(small_fleet, clock, "slow", versions=2)
    live, tried = [version.version for version in task.versions()]
    task.set_canary(tried, 1.0) if part == "canary" else task.set_shadow(tried)
    cache = small_fleet.cache
    store = DeafStore(cache._loader._store, tried)
    cache._loader._store = store  # type: ignore[assignment]
    forget(small_fleet)
    waiting = [cache.soon("slow", "team") for _ in range(100)]
    eventually(lambda: store.asked == 1)
    assert not any(one.done() for one in waiting)
    store.release.set()
    assert {one.result(10).version for one in waiting} == {live}
    routed = route(cache, "slow", "team", "a request")  # the one that can't be served has no part
    assert (routed.answers.version, routed.shadow) == (live, None)
    assert cache.soon("slow", "team").done()
    assert store.asked == 1


def test_a_version_that_is_tried_out_is_there_when_the_live_one_is(
    small_fleet: Fleet, clock: HandClock
) -> None:
    task = trained(small_fleet, clock, versions=2)
    live, tried = [version.version for version in task.versions()]
    task.set_canary(tried, 1.0)
    forget(small_fleet)
    assert small_fleet.cache.soon("acme", "team").result(10).version == live
    assert small_fleet.cache.fresh("acme", "team", "canary") is not None
    assert route(small_fleet.cache, "acme", "team", "a request").answers.version == tried


def test_a_version_that_fails_after_its_task_was_dropped_takes_no_room(
    small_fleet: Fleet, clock: HandClock
) -> None:
    task = trained(small_fleet, clock, "slow", versions=2)
    old = task.versions()[-1].version
    cache = small_fleet.cache
    store = DeafStore(cache._loader._store, "slow")
    cache._loader._store = store  # type: ignore[assignment]
    forget(small_fleet)
    with ThreadPoolExecutor() as threads:
        failing = threads.submit(cache.get, "slow", "team", old)
        eventually(lambda: store.asked == 1)
        cache.drop("slow", "team")
        store.release.set()
        assert isinstance(failing.exception(10), StoreUnavailable)
    assert (len(cache), cache.nbytes) == (0, 0)


def test_a_try_in_the_background_holds_nobody_up(small_fleet: Fleet, clock: HandClock) -> None:
    task = trained(small_fleet, clock, "slow")
    store = DeafStore(small_fleet.cache._loader._store, "slow")
    small_fleet.cache._loader._store = store  # type: ignore[assignment]
    forget(small_fleet)
    store.release.set()
    assert task.decide("no wifi").version is None
    store.release.clear()
    clock.advance(1)
    assert task.decide("no wifi").version is None  # has it tried, and doesn't wait
    eventually(lambda: store.asked == 2)
    assert task.decide("no wifi at all").version is None
    store.release.set()


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    damages=st.lists(
        st.tuples(
            st.sampled_from(["acme", "globex"]), st.integers(0, 1), st.sampled_from(sorted(DAMAGE))
        ),
        max_size=3,
    )
)
def test_whatever_is_damaged_a_whole_version_or_texts_answer(
    two_tenants: tuple[Fleet, dict[str, list[str]], dict[Path, bytes]],
    damages: list[tuple[str, int, str]],
) -> None:
    fleet, versions, whole = two_tenants
    for file, data in whole.items():
        file.write_bytes(data)
    broken: dict[str, set[int]] = {"acme": set(), "globex": set()}
    for tenant, which, how in damages:
        file = file_of(fleet, versions[tenant][which], tenant)
        if file.exists() and which not in broken[tenant]:
            DAMAGE[how](file)
            broken[tenant].add(which)
    fleet.cache.clear()
    for tenant, found in versions.items():
        left = [version for n, version in enumerate(found) if n not in broken[tenant]]
        expected = left[0] if left else None
        serving = fleet.task(tenant, "team").serving()
        assert serving.version == fleet.task(tenant, "team").decide("no wifi").version == expected
        assert (serving.state == "stand-in") == (0 in broken[tenant])
    for file, data in whole.items():
        file.write_bytes(data)


@pytest.fixture
def two_tenants(
    small_fleet: Fleet, clock: HandClock
) -> tuple[Fleet, dict[str, list[str]], dict[Path, bytes]]:
    """Two tenants of two versions each, the newest first, and what is in their files."""
    versions = {
        tenant: [one.version for one in trained(small_fleet, clock, tenant, 2).versions()]
        for tenant in ("acme", "globex")
    }
    files = [file_of(small_fleet, v, tenant) for tenant, found in versions.items() for v in found]
    return small_fleet, versions, {file: file.read_bytes() for file in files}


def test_open_files_and_threads_do_not_grow_with_the_models_in_memory(
    small_fleet: Fleet, clock: HandClock
) -> None:
    def counted() -> tuple[int, int]:
        return len(os.listdir("/proc/self/fd")), threading.active_count()  # noqa: PTH208 - the links are of this moment

    trained(small_fleet, clock, "tenant0").decide("no wifi")
    before = counted()
    for number in range(1, 40):
        trained(small_fleet, clock, f"tenant{number}").decide("no wifi")
    assert len(small_fleet.cache) == 40
    files, threads = counted()
    assert files <= before[0] + 2  # connections of the database's pool
    assert threads <= before[1] + 1


def test_an_event_does_not_have_a_broken_version_tried_before_its_time(
    small_fleet: Fleet, clock: HandClock
) -> None:
    task = trained(small_fleet, clock)
    file_of(small_fleet, task.versions()[0].version).unlink()
    forget(small_fleet)
    decision = task.decide("the moon is full")
    failed = small_fleet.cache.loads.failed
    for _ in range(5):
        task.give_examples([Example("the moon is full", "facilities")])
        assert task.decide("the moon is full").candidates[0].label == "facilities"
    assert small_fleet.cache.loads.failed == failed
    assert decision.version is None
