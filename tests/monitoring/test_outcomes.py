"""What becomes of decisions is counted once it is final, as people would count it."""

from pathlib import Path

import pytest
from tests.conftest import HandClock

from modelfleet.clock import DAY
from modelfleet.decisions import Feedback
from modelfleet.fleet import Fleet
from modelfleet.monitoring import counts
from modelfleet.monitoring.rows import between
from modelfleet.monitoring.sums import day_of
from modelfleet.monitoring.tally import Table
from modelfleet.task import Task

WEEK = 7 * 24 * 3600
TEXTS = ("the wifi is down", "no wifi in room 3", "the lift is stuck", "lift doors don't close")


@pytest.fixture
def task(fleet: Fleet) -> Task:
    """A task with two labels, that decides by their texts."""
    made = fleet.task("acme", "team")
    made.define_label("it", keywords=["wifi"])
    made.define_label("facilities", keywords=["lift"])
    return made


def sums_of(fleet: Fleet, tenant: str = "acme", task: str = "team") -> tuple[Table, Table]:
    """All that was counted of a task, over its days, with its slices."""
    sums: Table = {}
    slices: Table = {}
    with fleet.database.reading() as connection:
        days = between(connection, (tenant, task), 0, 2**31)
    for _, day in days:
        for total, table in ((sums, day.sums.table), (slices, day.slices.table)):
            for field, values in table.items():
                for value, counted in values.items():
                    counts.add(total.setdefault(field, {}).setdefault(value, {}), counted)
    return sums, slices


def all_of(fleet: Fleet) -> counts.Counts:
    """What was counted of all decisions of the task."""
    together: counts.Counts = {}
    for counted in sums_of(fleet)[0].get("label", {}).values():
        counts.add(together, counted)
    return together


def test_a_decision_counts_at_once_and_its_outcome_when_it_is_final(
    fleet: Fleet, task: Task, clock: HandClock
) -> None:
    decision = task.decide(TEXTS[0], metadata={"office": "Oslo"})
    fleet.watch_due()
    assert all_of(fleet)[counts.REQUESTS] == 1
    task.assign(decision.id, "facilities")
    fleet.watch_due()
    assert counts.MATURED not in all_of(fleet)
    clock.advance(2 * WEEK)
    fleet.watch_due()
    assert all_of(fleet)[counts.MATURED] == 1
    assert all_of(fleet)[counts.REASSIGNED] == 1


def test_a_word_that_comes_late_corrects_what_was_counted(
    fleet: Fleet, task: Task, clock: HandClock
) -> None:
    decision = task.decide(TEXTS[0])
    assert decision.label == "it"
    clock.advance(2 * WEEK)
    fleet.watch_due()
    assert all_of(fleet)[counts.SILENT] == 1
    for said, kept, gone in (
        (Feedback("accepted"), counts.CONFIRMED, counts.SILENT),
        (Feedback("reassigned", "facilities"), counts.CORRECTED, counts.CONFIRMED),
        (Feedback("irrelevant"), counts.IRRELEVANT, counts.REASSIGNED),
    ):
        task.feedback(decision.id, said)
        fleet.watch_due()
        assert all_of(fleet)[kept] == 1
        assert gone not in all_of(fleet)
    assert all_of(fleet)[counts.LATE] == 3
    assert all_of(fleet)[counts.MATURED] == 1


def test_how_long_a_decision_awaits_words_is_learned(
    fleet: Fleet, task: Task, clock: HandClock
) -> None:
    for number in range(200):
        decision = task.decide(f"{TEXTS[0]} {number}")
        clock.advance(600)
        task.accept(decision.id)
    fleet.watch_due()
    task.decide(TEXTS[2])
    fleet.watch_due()
    assert counts.SILENT not in all_of(fleet)
    clock.advance(3600)
    fleet.watch_due()
    assert all_of(fleet)[counts.SILENT] == 1


def test_values_of_the_metadata_are_slices_once_several_requests_had_them(
    fleet: Fleet, task: Task
) -> None:
    for number in range(20):
        metadata = {"office": ("Oslo", "Rome")[number % 2], "ticket": f"T-{number}"}
        task.decide(f"{TEXTS[0]} {number}", metadata=metadata)
    fleet.watch_due()
    _, slices = sums_of(fleet)
    assert slices.keys() == {"length", "script", "metadata.office"}
    offices = {office: sums[counts.REQUESTS] for office, sums in slices["metadata.office"].items()}
    assert offices == {"Oslo": 6, "Rome": 6}
    assert slices["length"]["under 50"][counts.REQUESTS] == 20


def test_what_was_forgotten_leaves_nothing_of_what_it_was_like(
    fleet: Fleet, task: Task, clock: HandClock
) -> None:
    decisions = [
        task.decide(f"{TEXTS[0]} {number}", metadata={"author": "ann"}) for number in range(6)
    ]
    fleet.watch_due()
    assert "ann" in str(sums_of(fleet))
    task.forget(f"decision:{decisions[0].id}")
    fleet.watch_due()
    assert "ann" not in str(sums_of(fleet))
    assert sums_of(fleet)[1] == {}
    with fleet.database.reading() as connection:
        kept = str(connection.exec_driver_sql("SELECT slices FROM maturing").all())
        learned = str(connection.exec_driver_sql("SELECT learned FROM monitor_states").all())
    assert "ann" not in kept + learned
    clock.advance(2 * WEEK)
    fleet.watch_due()
    assert all_of(fleet)[counts.MATURED] == 6
    before = sums_of(fleet)
    fleet.rebuild()
    assert sums_of(fleet) == before


def test_charlie_sees_nothing_of_acme(fleet: Fleet, task: Task) -> None:
    task.decide(TEXTS[0])
    fleet.watch_due()
    assert sums_of(fleet, "charlie") == ({}, {})


def test_a_day_is_of_utc() -> None:
    assert day_of(2 * DAY - 1) == 1


def test_what_was_forgotten_is_gone_from_the_databases_files(small_fleet: Fleet) -> None:
    task = small_fleet.task("acme", "team")
    task.define_label("it", keywords=["wifi"])
    for number in range(12):
        task.decide(f"{TEXTS[0]} {number}", metadata={"author": "ann-of-oslo"})
        small_fleet.watch_due()
    assert "ann-of-oslo" in str(sums_of(small_fleet))
    task.forget(metadata={"author": "ann-of-oslo"})
    small_fleet.watch_due()
    small_fleet.log.scrub()
    files = [path for path in Path(small_fleet.settings.database).iterdir() if path.is_file()]
    assert [path.name for path in files if b"ann-of-oslo" in path.read_bytes()] == []
