"""Whoever says something is told what it does."""

import pytest
from tests.conftest import HandClock

from modelfleet.decisions import Example, Taught
from modelfleet.fleet import Fleet
from modelfleet.task import Task


@pytest.fixture
def task(small_fleet: Fleet) -> Task:
    task = small_fleet.task("acme", "team")
    task.define_label("it", keywords=["wifi"])
    task.define_label("facilities", keywords=["heating"])
    return task


def test_a_correction_says_what_it_taught_and_when_it_will_be_trained(task: Task) -> None:
    decision = task.decide("no wifi")
    lesson = task.assign(decision.id, "facilities")
    assert lesson.known
    assert lesson.example == Taught(f"decision:{decision.id}", "facilities")
    assert lesson.due == task.status().due is not None
    again = task.decide("no wifi")
    assert again.candidates[0].label == "facilities"


def test_words_without_a_label_teach_that_none_fits_and_ratings_teach_nothing(task: Task) -> None:
    decision = task.decide("hello")
    assert task.no_label_fits(decision.id).example == Taught(f"decision:{decision.id}", None)
    rated = task.helpful(decision.id)
    assert (rated.known, rated.example, rated.due) == (False, None, None)


def test_examples_say_under_which_key_they_are_known(task: Task) -> None:
    named, unnamed = task.give_examples([Example("a", "it", key="t1"), Example("b", None)])
    assert named.example == Taught("example:t1", "it")
    assert unnamed.example == Taught(f"example:{unnamed.id}", None)
    assert named.due == unnamed.due == task.status().due
    assert task.forget(unnamed.example.key)[0].events == 1


def test_while_a_version_is_pinned_no_training_is_promised(
    small_fleet: Fleet, task: Task, clock: HandClock
) -> None:
    task.give_examples([Example(f"no wifi {n}", "it") for n in range(5)])
    clock.advance(60)
    small_fleet.train_due()
    live = task.status().live
    assert live is not None
    task.pin(live)
    lesson = task.give_examples([Example("no heating", "facilities")])[0]
    assert (lesson.known, lesson.due) == (True, None)


def test_a_word_about_a_forgotten_request_teaches_nothing_and_is_told_so(task: Task) -> None:
    decision = task.decide("no wifi")
    task.forget(f"decision:{decision.id}")
    lesson = task.assign(decision.id, "it")
    assert (lesson.known, lesson.example) == (False, None)
    assert task.status().answered == 1
