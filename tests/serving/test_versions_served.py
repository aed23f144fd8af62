"""Any version of a task can be asked for, by its name or by the part that it plays."""

import pytest
from tests.conftest import HandClock
from tests.serving.test_serving import forget, trained

from modelfleet.errors import NotFound
from modelfleet.fleet import Fleet
from modelfleet.serving import probable
from modelfleet.text import default_encoder


def best(fleet: Fleet, text: str, version: str | None) -> str:
    """The most probable label by a version."""
    (features,) = default_encoder().encode([text], [{}])
    return probable(fleet.cache.get("acme", "team", version), features)[0].label


def test_a_version_is_asked_for_by_its_name_and_by_its_part(fleet: Fleet, clock: HandClock) -> None:
    task = trained(fleet, clock, versions=3)
    third, second, first = [version.version for version in task.versions()]
    get = fleet.cache.get
    assert get("acme", "team").version == get("acme", "team", "live").version == third
    assert get("acme", "team", "previous").version == second
    assert [get("acme", "team", name).version for name in (first, second, third)] == [
        first,
        second,
        third,
    ]
    assert fleet.cache.fresh("acme", "team", first) is get("acme", "team", first)
    assert fleet.cache.fresh("acme", "team", "previous") is get("acme", "team", second)


def test_what_is_live_is_in_memory_once_however_it_is_called(
    small_fleet: Fleet, clock: HandClock
) -> None:
    task = trained(small_fleet, clock, versions=2)
    task.pin(task.versions()[0].version)
    cache = small_fleet.cache
    named = [cache.get("acme", "team", name) for name in (None, "live", "pinned")]
    named.append(cache.get("acme", "team", task.versions()[0].version))
    assert {id(one) for one in named} == {id(named[0])}
    assert len(cache) == 1


@pytest.mark.parametrize("version", ["pinned", "canary", "shadow", "no-such-version"])
def test_a_version_that_is_not_there_is_said_to_be_missing_and_takes_no_memory(
    small_fleet: Fleet, clock: HandClock, version: str
) -> None:
    trained(small_fleet, clock)
    before = small_fleet.cache.get("acme", "team") and len(small_fleet.cache)
    with pytest.raises(NotFound, match=f"version: acme/team has no .*{version}"):
        small_fleet.cache.get("acme", "team", version)
    assert small_fleet.cache.fresh("acme", "team", version) is None
    assert len(small_fleet.cache) == before


def test_another_tenants_version_is_not_there(small_fleet: Fleet, clock: HandClock) -> None:
    theirs = trained(small_fleet, clock).versions()[0].version
    trained(small_fleet, clock, "charlies")
    with pytest.raises(NotFound):
        small_fleet.cache.get("nobody", "team", theirs)


def test_a_version_that_is_not_live_answers_with_the_corrections_and_labels_of_this_moment(
    fleet: Fleet, clock: HandClock
) -> None:
    task = trained(fleet, clock, versions=2)
    first = task.versions()[-1].version
    before = fleet.cache.get("acme", "team", first)
    decision = task.decide("the moon is full")
    task.assign(decision.id, "facilities")
    assert fleet.cache.fresh("acme", "team", first) is None
    assert best(fleet, "the moon is full", first) == "facilities"
    task.define_label("astronomy", keywords=["the moon is full of craters"])
    assert fleet.cache.get("acme", "team", first).active == ("astronomy", "facilities", "it")
    task.remove_label("facilities")
    assert fleet.cache.get("acme", "team", first).active == ("astronomy", "it")
    assert before.active == ("facilities", "it")
    forget(fleet)
    assert fleet.cache.get("acme", "team", first).active == ("astronomy", "it")


def test_a_part_is_played_by_another_version_at_once(fleet: Fleet, clock: HandClock) -> None:
    task = trained(fleet, clock, versions=2)
    second, first = [version.version for version in task.versions()]
    assert fleet.cache.get("acme", "team", "previous").version == first
    task.roll_back()
    assert fleet.cache.get("acme", "team", "previous").version == second
    assert task.status().aliases == {"live": first, "previous": second}
    task.pin(second)
    assert task.status().aliases == {"live": second, "previous": first, "pinned": second}
