"""After a restart the models that carried the most traffic are loaded first, by themselves."""

from contextlib import closing
from pathlib import Path

import pytest
from tests.conftest import HandClock
from tests.serving.test_serving import forget, trained

from modelfleet.errors import StoreUnavailable
from modelfleet.fleet import Fleet
from modelfleet.models import Checkpoint
from modelfleet.serving import ModelCache, Warmth

TRAFFIC = {"calm": 1, "busy": 9, "usual": 4, "busiest": 20}


@pytest.fixture
def lived(small_fleet: Fleet, clock: HandClock, tmp_path: Path) -> tuple[Fleet, Path]:
    """A server that had some traffic, was stopped, and has just been started again."""
    file = tmp_path / "somewhere" / "warm-8080.json"
    for tenant in TRAFFIC:
        trained(small_fleet, clock, tenant)
    forget(small_fleet)
    with closing(Warmth(small_fleet.cache, file)):
        for tenant, requests in TRAFFIC.items():
            for _ in range(requests):
                small_fleet.cache.get(tenant, "team")
    forget(small_fleet)
    return small_fleet, file


def in_memory(cache: ModelCache) -> set[str]:
    return {tenant for tenant in TRAFFIC if cache.fresh(tenant, "team") is not None}


def test_what_was_asked_for_is_loaded_before_anybody_asks(lived: tuple[Fleet, Path]) -> None:
    fleet, file = lived
    assert in_memory(fleet.cache) == set()
    with closing(Warmth(fleet.cache, file)) as warmth:
        assert warmth.is_warm.wait(20)
        assert in_memory(fleet.cache) == set(TRAFFIC)


def test_the_busiest_are_loaded_first_and_as_many_as_fit(lived: tuple[Fleet, Path]) -> None:
    fleet, file = lived
    one = fleet.cache.get("busy", "team").nbytes
    small = ModelCache(fleet.cache._loader, 12 * one // 5, fleet.clock)
    with closing(Warmth(small, file)) as warmth:
        assert warmth.is_warm.wait(20)
        assert in_memory(small) == {"busiest", "busy"}


def test_what_was_asked_for_long_ago_counts_less(small_fleet: Fleet) -> None:
    cache = small_fleet.cache
    for tenant in ("before", "lately"):
        small_fleet.task(tenant, "team").define_label("it")
    for _ in range(6):
        cache.get("before", "team")
    cache.get("lately", "team")
    assert cache.busiest() == [("before", "team"), ("lately", "team")]
    for _ in range(4):
        cache.get("lately", "team")
    assert cache.busiest() == [("lately", "team"), ("before", "team")]


@pytest.mark.parametrize("content", [None, b"", b"not json", b"[1, 2]", b'[["gone", "team"]]'])
def test_without_a_file_that_can_be_used_the_start_is_cold(
    small_fleet: Fleet, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "warm.json"
    if content is not None:
        file.write_bytes(content)
    with closing(Warmth(small_fleet.cache, file)) as warmth:
        assert warmth.is_warm.wait(20)
        assert len(small_fleet.cache) == 0
    small_fleet.task("acme", "team").define_label("it")
    with closing(Warmth(small_fleet.cache, file)):
        small_fleet.cache.get("acme", "team")
    assert b"acme" in file.read_bytes()


class Away:
    """A store that can't be reached."""

    def open(self, key: str, fingerprint: str) -> Checkpoint:
        raise StoreUnavailable(f"{key} ({fingerprint}) can't be reached")


def test_a_store_that_is_down_does_not_end_a_warm_start(lived: tuple[Fleet, Path]) -> None:
    fleet, file = lived
    fleet.cache._loader._store = Away()  # type: ignore[assignment]
    with closing(Warmth(fleet.cache, file)) as warmth:
        assert warmth.is_warm.wait(20)
        assert {fleet.cache.serving(tenant, "team").state for tenant in TRAFFIC} == {"stand-in"}
