"""What another alert explains wakes nobody, for as long as the other is open and no longer."""

import msgspec
from tests.conftest import HandClock
from tests.monitoring.lives import Habits, Life

from modelfleet.fleet import Fleet

GOOD = Habits(version="v1")
BAD = msgspec.structs.replace(GOOD, right=lambda confidence, _metadata: confidence - 0.4)


def test_what_goes_on_after_what_explained_it_is_over_is_told(
    small_fleet: Fleet, clock: HandClock
) -> None:
    life = Life(small_fleet, clock)
    few, many = [[(f"{size}-{n}", "team") for n in range(size)] for size in (3, 15)]
    for tenant, _ in few:
        life.publish("v1", tenant, recipe="rare")
    for tenant, _ in many:
        life.publish("v1", tenant)
    life.live_together(dict.fromkeys([*few, *many], GOOD), days=4, a_day=8)
    life.live_together(dict.fromkeys([*few, *many], BAD), days=5, a_day=8)
    (explains,) = (one for one in small_fleet.alerts() if one.scope == "fleet")
    of_recipes = {one.recipe: one for one in small_fleet.alerts() if one.scope == "recipe"}
    assert of_recipes["rare"].muted_by == explains.alert

    life.live_together(dict.fromkeys(few, BAD) | dict.fromkeys(many, GOOD), days=8, a_day=8)
    loud = [one for one in small_fleet.alerts() if one.muted_by is None and one.scope != "task"]
    assert [(one.scope, one.recipe) for one in loud] == [("recipe", "rare")]
    first = small_fleet.catalog.alert_named(of_recipes["rare"].alert)
    assert first is not None
    assert first.why == "what explained it is over"
