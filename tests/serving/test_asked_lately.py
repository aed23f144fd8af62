"""What everybody asks about today is expected, where it was so before."""

from collections.abc import Sequence
from itertools import chain, repeat

from tests.conftest import HandClock

from modelfleet.decisions import Example
from modelfleet.fleet import Fleet

ROOMS = {"kitchen": "oven", "garage": "car", "attic": "roof", "cellar": "wine"}
RUNS = list(chain.from_iterable(repeat(room, 20) for room in [*ROOMS] * 4))
UNCLEAR = "it doesn't work, what now"


def _requests(order: Sequence[str]) -> list[tuple[str, str]]:
    """Requests with their rooms; every fourth doesn't say which room it is about."""
    return [
        (
            f"the {ROOMS[room]}, case {number}" if number % 4 else f"case {number * 7919 % 1000}",
            room,
        )
        for number, room in enumerate(order)
    ]


def _told(fleet: Fleet, clock: HandClock, order: Sequence[str]) -> None:
    """Requests one after another, each of which a person gives its room."""
    team = fleet.task("acme", "room")
    for text, room in _requests(order):
        team.assign(team.decide(text).id, room)
        clock.advance(600)


def _trained(fleet: Fleet, clock: HandClock) -> None:
    clock.advance(86_400)
    while fleet.worker.step():
        clock.advance(86_400)


def _probability(fleet: Fleet, label: str) -> float:
    candidates = fleet.task("acme", "room").decide(UNCLEAR).candidates
    return {one.label: one.probability for one in candidates}[label]


def test_where_requests_come_in_runs_the_label_of_the_run_is_expected(
    small_fleet: Fleet, clock: HandClock
) -> None:
    for room in ROOMS:
        small_fleet.task("acme", "room").define_label(room)
    _told(small_fleet, clock, RUNS)
    _trained(small_fleet, clock)
    assert small_fleet.task("acme", "room").decide(UNCLEAR).version
    assert _probability(small_fleet, "cellar") > 0.4
    _told(small_fleet, clock, ["garage"] * 20)
    assert _probability(small_fleet, "garage") > 0.4
    assert _probability(small_fleet, "cellar") < 0.25


def test_examples_that_were_loaded_label_by_label_tell_nothing_of_it(
    small_fleet: Fleet, clock: HandClock
) -> None:
    team = small_fleet.task("acme", "room")
    for room in ROOMS:
        team.define_label(room)
    for text, room in _requests(RUNS):
        team.give_examples([Example(text, room)])
        clock.advance(600)
    _trained(small_fleet, clock)
    assert team.decide(UNCLEAR).version
    assert _probability(small_fleet, "cellar") < 0.3
