"""The doctor finds what is wrong with a task's examples and labels, and says so to people."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import HandClock
from typer.testing import CliRunner

from modelfleet.cli import app
from modelfleet.clock import DAY
from modelfleet.decisions import Example
from modelfleet.fleet import Fleet
from modelfleet.learners.confident import doubtful
from modelfleet.task import Task
from modelfleet.training.doctor import words_of

WHAT = {
    "it": ["no wifi in {}", "my laptop in {} is dead", "password for {} lost", "vpn down at {}"],
    "facilities": ["lift in {} is stuck", "no heating in {}", "door of {} locked", "leak in {}"],
    "payroll": ["payslip of {} is wrong", "no salary for {}", "bonus of {}?", "tax form for {}"],
}
WHERE = ["Oslo", "the annex", "march", "the night shift", "hall B", "my team", "Ann", "the bus"]


@pytest.fixture
def task(small_fleet: Fleet) -> Task:
    """A task with 32 good examples of each of three labels."""
    task = small_fleet.task("acme", "team")
    for label, texts in WHAT.items():
        task.define_label(label)
        task.give_examples([Example(text.format(p), label) for text in texts for p in WHERE])
    return task


def test_it_finds_nothing_where_nothing_is_wrong(task: Task) -> None:
    found = task.doctor()
    assert (found.examples, found.accuracy) == (96, 1.0)
    assert not any([found.doubtful, found.overlaps, found.scarce, found.contradictions])
    assert not any([found.unpredicted, found.resting])


def test_a_label_whose_requests_all_say_the_same_is_not_doubted_for_that(task: Task) -> None:
    task.define_label("parking")
    task.give_examples([Example(f"Badge {n} opens no gate!", "parking") for n in range(30)])
    found = task.doctor()
    assert (found.accuracy, found.doubtful, found.unpredicted) == (1.0, (), ())


def test_it_finds_labels_that_are_probably_wrong(task: Task) -> None:
    task.give_examples(
        [
            Example("the wifi password for the lift is lost", "it"),
            Example("laptop dead and no wifi at the pier", "payroll", key="wrong-1"),
            Example("no heating and a leak in the cellar", "it", key="wrong-2"),
        ]
    )
    found = {one.example.key: one.likely for one in task.doctor().doubtful}
    assert found == {"example:wrong-1": "it", "example:wrong-2": "facilities"}


def test_it_finds_the_same_words_under_different_labels(task: Task) -> None:
    task.give_examples(
        [Example("Room 12: window broken!", "it"), Example("window broken, room 7", "facilities")]
    )
    (found,) = task.doctor().contradictions
    assert found.labels == {"facilities": 1, "it": 1}
    assert {one.label for one in found.shown} == {"facilities", "it"}


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("Straße  gesperrt", "STRASSE gesperrt.", True),
        ("ticket 4711 is late", "Ticket 12 is late", True),
        ("打印机坏了", "打印机坏了!", True),
        ("🙂", "🙃", False),
        ("no wifi", "no lift", False),
    ],
)
def test_what_says_the_same_is_told_in_any_language(one: str, other: str, *, alike: bool) -> None:
    assert (words_of(one) == words_of(other)) == alike


def test_it_finds_labels_that_overlap_and_shows_examples(task: Task) -> None:
    task.define_label("buildings")
    task.give_examples(
        [Example(t.format(p), "buildings") for t in WHAT["facilities"] for p in WHERE]
    )
    found = task.doctor().overlaps[0]
    assert {found.first, found.second} == {"buildings", "facilities"}
    assert found.share > 0.1
    assert found.confused >= len(found.shown) > 0


def test_it_says_how_many_examples_a_label_lacks_and_when_it_has_them(
    small_fleet: Fleet, clock: HandClock
) -> None:
    task = small_fleet.task("acme", "team")
    for label in ("it", "hr", "press"):
        task.define_label(label)
    for day in range(10):
        task.give_examples([Example(f"no wifi {n} {day}", "it") for n in range(3)])
        task.give_examples([Example(f"payslip {day}", "hr")])
        clock.advance(86_400)
    found = {one.label: one for one in task.doctor().scarce}
    assert set(found) == {"hr", "press"}
    assert (found["hr"].examples, found["hr"].missing) == (10, 10)
    assert found["hr"].enough_by == clock() + 8 * DAY  # at ten in nine days
    assert (found["press"].missing, found["press"].enough_by) == (20, None)


def test_it_counts_examples_that_rest_and_labels_never_predicted(task: Task) -> None:
    task.define_label("legal")
    task.give_examples([Example("no wifi in Oslo", "legal"), Example("no wifi in hall B", "legal")])
    task.remove_label("payroll")
    found = task.doctor()
    assert found.resting == {"payroll": 32}
    assert [(one.label, one.examples) for one in found.unpredicted] == [("legal", 2)]


def test_a_task_without_examples_can_be_examined(small_fleet: Fleet) -> None:
    assert small_fleet.task("acme", "team").doctor().examples == 0
    task = small_fleet.task("acme", "other")
    task.define_label("it")
    task.give_examples([Example("happy birthday", None)])
    assert [one.label for one in task.doctor().scarce] == ["it"]


def test_of_labels_given_at_random_most_are_found() -> None:
    random = np.random.default_rng(0)
    right = random.integers(0, 8, 2_000)
    scores = random.normal(0, 1, (2_000, 8))
    scores[np.arange(2_000), right] += 6
    chances = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    given = right.copy()
    wrong = random.choice(2_000, 100, replace=False)
    given[wrong] = (right[wrong] + random.integers(1, 8, 100)) % 8
    found = doubtful(chances, given)
    assert np.isin(wrong, found).mean() > 0.8
    assert np.isin(found, wrong).mean() > 0.9


def test_the_command_shows_it_to_people_and_to_programs(
    task: Task, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    task.give_examples([Example("no heating and a leak in the cellar", "it", key="wrong")])
    shown = CliRunner().invoke(app, ["doctor", "acme/team", "--data", str(folder)])
    assert shown.exit_code == 0, shown.output
    assert "Probably wrong labels" in shown.output
    assert "no heating and a leak in the cellar" in shown.output
    told = CliRunner().invoke(app, ["doctor", "acme/team", "--json", "--data", str(folder)])
    assert json.loads(told.output)["doubtful"][0]["likely"] == "facilities"
