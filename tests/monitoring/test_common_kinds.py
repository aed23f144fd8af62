"""An alert about all requests names the kind that is behind it, and never one that isn't."""

import random
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import numpy as np
import pytest
from tests.conftest import HandClock
from tests.monitoring.lives import Habits, Life

from modelfleet.clock import DAY
from modelfleet.events import make
from modelfleet.events.kinds import (
    Candidate,
    DecisionAccepted,
    DecisionReassigned,
    RequestDecided,
)
from modelfleet.fleet import Fleet
from modelfleet.monitoring.alarms.common_kinds import common_kind
from modelfleet.settings import Settings

OFFICES = ("Oslo", "Rome", "Bonn", "Lima")
BEFORE, SINCE = 120, 40
ROME = ("metadata.office", "Rome")
Chance = Callable[[str, bool], float]


def named(wrong: Chance, seed: int, expected: float = 0.1) -> tuple[str, str] | None:
    """The kind that is named when requests go wrong so often, by office and by whether it began."""
    rng = np.random.default_rng(seed)
    count = BEFORE + SINCE
    kinds = [
        {
            "metadata.office": OFFICES[rng.integers(4)],
            "metadata.floor": str(rng.integers(9)),
            "length": "short",
            "hour": "09",
        }
        for _ in range(count)
    ]
    chances = [wrong(one["metadata.office"], n >= BEFORE) for n, one in enumerate(kinds)]
    found = common_kind(kinds, rng.random(count) < chances, np.full(count, expected), BEFORE)
    return None if found is None else found[0]


def times_named(wrong: Chance, expected: float = 0.1) -> list[tuple[str, str] | None]:
    return [named(wrong, seed, expected) for seed in range(100)]


def test_the_kind_that_most_errors_are_of_is_named() -> None:
    found = times_named(lambda office, began: 0.9 if began and office == "Rome" else 0.1)
    assert found.count(ROME) > 80
    assert set(found) <= {ROME, None}


def test_no_kind_is_named_when_all_get_worse_alike() -> None:
    assert times_named(lambda _office, began: 0.5 if began else 0.1).count(None) >= 99


def test_a_kind_that_always_was_worse_is_no_news() -> None:
    def hard(office: str, began: bool) -> float:  # noqa: FBT001 - a value, no switch
        odds = (9 if office == "Rome" else 1) * (3 if began else 1) / 9
        return odds / (1 + odds)

    assert times_named(hard).count(None) >= 99


@pytest.mark.usefixtures("_quick_to_close")
def test_what_was_told_before_its_kind_was_known_is_told_again_with_it(
    folder: Path, clock: HandClock
) -> None:
    def office(chance: random.Random) -> Mapping[str, str]:
        return {"office": chance.choice(OFFICES[:3]), "floor": str(chance.randrange(5))}

    def not_rome(confidence: float, metadata: Mapping[str, str]) -> float:
        return confidence - (0.6 if metadata["office"] == "Rome" else 0)

    clock.time = 1_790_000_000_000_000  # what rings first shouldn't hang on the hour of the test
    good = Habits(version="v1", metadata=office)
    with Fleet(
        folder, settings=Settings(actions=()), train=False, durable=False, clock=clock
    ) as fleet:
        life = Life(fleet, clock, seed=0)
        life.live(good)
        life.live(msgspec.structs.replace(good, right=not_rome), days=14)
        alert = fleet.catalog.alerts("acme", "team", ended=True)[-1]
        assert (alert.finding, alert.slice) == ("precision", "")
        assert alert.raised_again is not None
        assert "requests with office Rome" in alert.sentence
        assert "It goes on." in alert.sentence


def test_what_was_left_undecided_is_no_label_that_could_be_named(
    small_fleet: Fleet, clock: HandClock
) -> None:
    clock.time = 1_790_000_000_000_000
    chance = random.Random(2)  # noqa: S311 - a test's own chance
    for number in range(600):
        undecided, began = number % 3 == 0, number >= 300
        sure = 0.65 if undecided else 0.9
        candidates = (Candidate("it", sure), Candidate("hr", 0.95 - sure))
        label = None if undecided else "it"
        asked = RequestDecided("it broke", {}, label, sure, candidates, 0.7)
        right = "hr" if (undecided and began) or chance.random() > sure else "it"
        name = f"d{number}"
        said = DecisionAccepted(name) if label == right else DecisionReassigned(name, right)
        for body, identity in ((asked, name), (said, None)):
            event = make(body, tenant="acme", task="team", time=clock.time, id=identity)
            small_fleet.log.append([event])
        clock.advance(3600)
    clock.time += 30 * DAY
    small_fleet.watch_due()
    (alert,) = small_fleet.catalog.alerts("acme", "team", ended=True)
    assert (alert.finding, alert.slice) == ("overconfidence", "")
    assert "with label" not in alert.sentence


def test_labels_that_are_mixed_up_are_said_once(small_fleet: Fleet, clock: HandClock) -> None:
    clock.time = 1_790_000_000_000_000
    chance = random.Random(2)  # noqa: S311 - a test's own chance
    labels = ("it", "hr", "lift")
    for number in range(500):
        label = chance.choice(labels)
        wrong = chance.random() > (0.2 if label == "it" and number >= 300 else 0.9)
        right = chance.choice(labels[1:]) if wrong and number < 300 else "hr" if wrong else label
        asked = RequestDecided("it broke", {}, label, 0.9, (Candidate(label, 0.9),), 0.7)
        said = DecisionReassigned(f"d{number}", right)
        for body, identity in ((asked, f"d{number}"), (said, None)):
            event = make(body, tenant="acme", task="team", time=clock.time, id=identity)
            small_fleet.log.append([event])
        clock.advance(3600)
    clock.time += 30 * DAY
    small_fleet.watch_due()
    said_of = [one.sentence for one in small_fleet.catalog.alerts("acme", "team", ended=True)]
    assert any("hr and it were mixed up" in one for one in said_of), said_of
    assert not any("mixed up" in one and "requests with label" in one for one in said_of), said_of
