"""A version whose file is lost is made anew with no one's hands."""

import pytest
from tests.conftest import HandClock
from tests.serving.test_serving import DAMAGE, eventually, file_of, forget, trained

from modelfleet.decisions import Example
from modelfleet.events import Query
from modelfleet.fleet import Fleet
from modelfleet.models import checkpoint


def test_a_new_version_heals_a_task_whose_files_were_lost(
    small_fleet: Fleet, clock: HandClock
) -> None:
    task = trained(small_fleet, clock)
    file_of(small_fleet, task.versions()[0].version).unlink()
    forget(small_fleet)
    assert task.decide("no wifi").version is None
    task.give_examples([Example(f"wifi gone {n}", "it") for n in range(6)])
    clock.advance(5)
    assert len(small_fleet.train_due()) == 1
    assert task.decide("no wifi").version == task.status().live


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_live_version_whose_file_was_lost_is_made_anew_as_soon_as_it_is_missed(
    small_fleet: Fleet, clock: HandClock, damage: str
) -> None:
    task = trained(small_fleet, clock)
    live = task.versions()[0].version
    file = file_of(small_fleet, live)
    whole = file.read_bytes()
    for times in (1, 2):
        DAMAGE[damage](file)
        assert small_fleet.train_due() == []
        for _ in range(2):
            forget(small_fleet)
            assert task.decide("no wifi").version is None
            eventually(lambda: task.status().error is not None)
        assert f"version {live} can't be served: " in str(task.status().error)
        assert len(list(small_fleet.events(Query(kinds=("version.unusable",))))) == times
        clock.advance(1)
        assert len(small_fleet.train_due()) == 1
        assert task.status().error is None
        assert (task.status().live, task.decide("no wifi").version) == (live, live)
        assert file.read_bytes() == whole, "the same log makes the same file"


def test_a_version_that_only_this_server_can_not_read_is_not_trained_anew(
    small_fleet: Fleet, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = trained(small_fleet, clock)
    monkeypatch.setattr(checkpoint, "FORMAT", 1)  # as an older release
    forget(small_fleet)
    assert task.decide("no wifi").version is None
    assert "format 2" in task.serving().why
    assert not list(small_fleet.events(Query(kinds=("version.unusable",))))
