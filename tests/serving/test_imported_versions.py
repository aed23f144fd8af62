"""What another fleet exported goes on here, whatever its log's numbers were."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conftest import HandClock
from tests.serving.test_serving import forget, trained

from modelfleet.decisions import Example, Request
from modelfleet.events import Event, Query
from modelfleet.events.files import read_events, write_events
from modelfleet.fleet import Fleet
from modelfleet.task import Task


@pytest.fixture(params=["into an empty log", "into a longer log"])
def moved(
    request: pytest.FixtureRequest, small_fleet: Fleet, tmp_path: Path, clock: HandClock
) -> Iterator[tuple[Fleet, Task]]:
    """One of two tenants and its files, moved to another fleet."""
    small_fleet.task("busy", "team").define_label("any")
    file, there = tmp_path / "acme.ndjson", tmp_path / "there"
    with Fleet(there, train=False, clock=clock, durable=False) as other:
        crowded = other if "longer" in request.param else small_fleet
        crowded.task("busy", "team").define_label("any")
        crowded.task("busy", "team").decide_many([Request(f"what {n}") for n in range(200)])
        trained(small_fleet, clock)
        write_events(small_fleet.events(Query(tenant="acme")), file)
        clock.advance(1)
        other.import_events(event for _, event in read_events(file) if isinstance(event, Event))
        shutil.copytree(small_fleet.settings.models, other.settings.models, dirs_exist_ok=True)
        yield other, other.task("acme", "team")


def test_corrections_and_labels_after_an_import_are_known_after_a_restart(
    moved: tuple[Fleet, Task],
) -> None:
    fleet, task = moved
    assert task.decide("no wifi").version == task.status().live
    decision = task.decide("the gong is out of tune")
    task.assign(decision.id, "facilities")
    task.define_label("music", keywords=["xylophone"])
    for _ in range(2):
        assert task.decide("the gong is out of tune").label == "facilities"
        found = task.decide("xylophone").candidates
        assert "music" in [candidate.label for candidate in found]
        forget(fleet)


def test_what_is_forgotten_after_an_import_is_known_to_be_in_the_imported_version(
    moved: tuple[Fleet, Task], clock: HandClock
) -> None:
    fleet, task = moved
    live = task.status().live
    example = next(iter(fleet.events(Query(tenant="acme", kinds=("example.given",)))))
    (receipt,) = task.forget(f"example:{example.id}")
    assert (receipt.versions, receipt.free) == ((live,), False)
    clock.advance(60)
    assert fleet.train_due()
    assert [one.free for one in task.forgotten()] == [True]


def test_what_comes_after_an_import_is_trained_on(
    moved: tuple[Fleet, Task], clock: HandClock
) -> None:
    fleet, task = moved
    live = task.status().live
    task.give_examples([Example(f"invoice {n} is missing", "it") for n in range(6)])
    clock.advance(5)
    assert fleet.train_due()
    assert task.status().watermark <= fleet.log.head()
    assert task.status().live != live or "worse" in str(task.status().found)
    assert (task.status().behind, task.status().due) == (0, None)
