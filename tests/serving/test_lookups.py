"""How often a model is found in memory, and how often it must be loaded, is counted."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from modelfleet.decisions import Example
from modelfleet.fleet import Fleet
from modelfleet.serving import ModelCache


@pytest.fixture
def cache(small_fleet: Fleet) -> ModelCache:
    """With nothing in memory, of a fleet with two tasks."""
    for tenant in ("acme", "charlie"):
        small_fleet.task(tenant, "team").define_label("it", keywords=["wifi"])
    small_fleet.cache.clear()
    return small_fleet.cache


@pytest.fixture
def _busy_threads() -> Iterator[None]:
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_the_first_lookup_loads_and_the_others_find(cache: ModelCache) -> None:
    hits, misses = cache.hits, cache.misses
    for tenant in ("acme", "acme", "charlie", "acme"):
        cache.get(tenant, "team")
    assert (cache.hits - hits, cache.misses - misses) == (2, 2)
    cache.drop("acme", "team")
    cache.get("acme", "team")
    assert (cache.hits - hits, cache.misses - misses) == (2, 3)


def test_a_model_that_only_learns_something_new_was_found(
    cache: ModelCache, small_fleet: Fleet
) -> None:
    cache.get("acme", "team")
    hits, misses = cache.hits, cache.misses
    small_fleet.task("acme", "team").give_examples([Example("no wifi", "it")])
    cache.get("acme", "team")
    assert (cache.hits - hits, cache.misses - misses) == (1, 0)


@pytest.mark.usefixtures("_busy_threads")
def test_none_is_lost_however_many_ask_at_once(cache: ModelCache) -> None:
    before = cache.hits + cache.misses

    def ask(_thread: int) -> None:
        for _ in range(2_000):
            cache.get("acme", "team")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(8)))
    assert cache.hits + cache.misses - before == 16_000
