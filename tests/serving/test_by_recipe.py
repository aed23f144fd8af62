"""One order rolls back, or promotes, every task that versions of a recipe serve."""

from typing import Any

import pytest
from tests.conftest import HandClock
from typer.testing import CliRunner

from modelfleet.catalog import TaskState
from modelfleet.cli import app
from modelfleet.decisions import Moved
from modelfleet.errors import InvalidInput
from modelfleet.events import Event, Query
from modelfleet.fleet import Fleet


def published(fleet: Fleet, tenant: str, version: str, recipe: str, digest: str = "") -> None:
    """A version of a recipe, as a training logs it."""
    fields: dict[str, Any] = {
        "version": version,
        "watermark": 1,
        "evidence": 1,
        "recipe": recipe,
        "examples": 1,
        "labels": 1,
        "fingerprint": "f",
        "training_digest": "d",
        "why": "first",
        "recipe_digest": digest,
    }
    event = Event("version.published", tenant, fleet.clock(), f"{version}", "team", fields)
    fleet.import_events([event])


def live(fleet: Fleet, tenant: str) -> str | None:
    """The live version of a tenant's task."""
    state: TaskState = fleet.task(tenant, "team").status()
    return state.live


def test_every_task_goes_back_to_its_newest_version_that_the_recipe_did_not_make(
    fleet: Fleet,
) -> None:
    for tenant, recipes in {
        "once": ["good", "bad"],
        "twice": ["good", "bad", "bad"],
        "never": ["good", "good"],
        "only": ["bad"],
        "fixed": ["good", "bad"],
        "before": ["bad", "good"],
    }.items():
        for number, recipe in enumerate(recipes):
            published(fleet, tenant, f"v{number}", recipe)
    fleet.task("fixed", "team").pin("v1")
    assert fleet.roll_back_recipe("bad", by="alice") == Moved(changed=2, without=1, pinned=1)
    assert {t: live(fleet, t) for t in ("once", "twice", "never", "only", "fixed", "before")} == {
        "once": "v0",
        "twice": "v0",
        "never": "v1",
        "only": "v0",
        "fixed": "v1",
        "before": "v1",
    }
    assert fleet.roll_back_recipe("bad") == Moved(changed=0, without=1, pinned=1)
    told = list(fleet.events(Query(kinds=("version.promoted",))))
    assert [(event.tenant, event.fields["by"]) for event in told] == [
        ("once", "alice"),
        ("twice", "alice"),
    ]
    assert "made by recipe bad" in told[0].fields["why"]


def test_only_versions_of_a_digest_or_published_since_are_meant(
    fleet: Fleet, clock: HandClock
) -> None:
    for tenant in ("one", "two"):
        published(fleet, tenant, "v0", "default", "aaaa")
    clock.advance(3600)
    since = clock()
    published(fleet, "one", "v1", "default", "bbbb")
    published(fleet, "two", "v1", "default", "aaaa")
    assert fleet.roll_back_recipe("default", digest="bbbb").changed == 1
    assert (live(fleet, "one"), live(fleet, "two")) == ("v0", "v1")
    assert fleet.roll_back_recipe("default", since=since).changed == 1
    assert live(fleet, "two") == "v0"


def test_every_task_is_promoted_to_its_newest_version_of_a_recipe(fleet: Fleet) -> None:
    for tenant, recipes in {
        "behind": ["new", "new", "old"],
        "there": ["old", "new"],
        "without": ["old"],
    }.items():
        for number, recipe in enumerate(recipes):
            published(fleet, tenant, f"v{number}", recipe)
    assert fleet.promote_recipe("new") == Moved(changed=1, without=0, pinned=0)
    assert [live(fleet, one) for one in ("behind", "there", "without")] == ["v1", "v1", "v0"]


@pytest.mark.parametrize("count", [2_500])
def test_more_tasks_than_fit_a_page_are_rolled_back_each_once(
    small_fleet: Fleet, count: int
) -> None:
    fields: dict[str, Any] = {
        "watermark": 1,
        "evidence": 1,
        "examples": 1,
        "labels": 1,
        "fingerprint": "f",
        "training_digest": "d",
        "why": "first",
    }
    events = [
        Event(
            "version.published",
            f"tenant{number}",
            small_fleet.clock(),
            f"{number}-{recipe}",
            "team",
            {**fields, "version": recipe, "recipe": recipe},
        )
        for number in range(count)
        for recipe in ("good", "bad")
    ]
    small_fleet.import_events(events)
    assert small_fleet.roll_back_recipe("bad") == Moved(count, 0, 0)
    assert {live(small_fleet, f"tenant{n}") for n in range(0, count, 100)} == {"good"}
    assert small_fleet.roll_back_recipe("bad") == Moved(0, 0, 0)


def test_what_goes_with_a_recipe_only_is_not_passed_over_for_a_task(small_fleet: Fleet) -> None:
    command = ["rollback", "acme/team", "--digest", "d", "--data", small_fleet.settings.database]
    said = CliRunner().invoke(app, command)
    assert isinstance(said.exception, InvalidInput)
    assert "--recipe" in str(said.exception)
