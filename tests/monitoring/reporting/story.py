"""Eight weeks of a help desk, of which the last two go wrong at one office."""

import random

from tests.conftest import HandClock

from modelfleet.clock import DAY, HOUR, MINUTE
from modelfleet.events import Event, kinds, make
from modelfleet.events.findings import Inception
from modelfleet.fleet import Fleet

TEXTS = {
    "it": ["no wifi in room {n}", "laptop {n} won't start", "printer {n} is out of ink"],
    "facilities": ["the door of room {n} sticks", "no heat on floor {n}", "lamp {n} is broken"],
    "hr": ["how many days off do I have in {n}", "my payslip of week {n} is wrong"],
    "payroll": ["bonus of {n} is missing", "bank account changed, no. {n}"],
}
OFFICES = ("Oslo", "Berlin", "Lisbon")
VERSIONS = ("20260101T080000.000000Z-aaaaaaaa", "20260212T080000.000000Z-bbbbbbbb")
BROKEN = 42
"""The day from which on requests from Oslo go wrong."""
DROUGHT = 24


def tell(fleet: Fleet, clock: HandClock, a_day: int = 30, days: int = 56) -> None:
    """Live through the weeks, up to the clock's time; and take in what became of it."""
    chance = random.Random(7)  # noqa: S311 - a story, no secret
    end = clock.time
    first = end // DAY - days + 1
    clock.time = first * DAY
    _log(fleet, [_event(fleet, kinds.LabelDefined(label)) for label in TEXTS])
    _publish(fleet, VERSIONS[0])
    for day in range(days):
        clock.time = (first + day) * DAY + 8 * HOUR
        if day == DROUGHT:
            _drought(fleet)
        if day == BROKEN:
            _publish(fleet, VERSIONS[1])
        _live(fleet, clock, chance, (day, a_day))
        fleet.watch_due()
    clock.time = max(end, clock.time)
    fleet.watch_due()


def _publish(fleet: Fleet, version: str) -> None:
    body = kinds.VersionPublished(
        version, 1, 1, "default", 90, 4, "f", "d", f"{version[:8]}: as good as the one before"
    )
    _log(fleet, [_event(fleet, body)])


def _live(
    fleet: Fleet, clock: HandClock, chance: random.Random, day_and_size: tuple[int, int]
) -> None:
    day, a_day = day_and_size
    decided, said = [], []
    for place in range(a_day):
        office = chance.choice(OFFICES)
        right = chance.choices(list(TEXTS), (5, 3, 2, 1))[0]
        goes_wrong = 0.55 if day >= BROKEN and office == "Oslo" else 0.08
        is_wrong = chance.random() < goes_wrong
        label = "it" if is_wrong and right != "it" else "hr" if is_wrong else right
        decision = f"d{day}-{place}"
        body = kinds.RequestDecided(
            text=chance.choice(TEXTS[right]).format(n=chance.randrange(90)),
            metadata={"office": office},
            label=None if chance.random() < 0.12 else label,
            confidence=0.92,
            candidates=(kinds.Candidate(label, 0.92), kinds.Candidate(right, 0.05)),
            threshold=0.9,
            version=VERSIONS[day >= BROKEN],
        )
        decided.append(_event(fleet, body, decision))
        if chance.random() < 0.6:
            said.append(_word(fleet, body, decision, right))
    _log(fleet, decided)
    clock.time += 90 * MINUTE
    _log(fleet, said)


def _word(fleet: Fleet, body: kinds.RequestDecided, decision: str, right: str) -> Event:
    if body.label == right:
        return _event(fleet, kinds.DecisionAccepted(decision, "kim"))
    return _event(fleet, kinds.DecisionReassigned(decision, right, "kim"))


def _drought(fleet: Fleet) -> None:
    """An alert that was raised and is over."""
    began = fleet.clock() - 3 * DAY
    raised = kinds.AlertRaised(
        alert="drought",
        finding="response_rate",
        sentence="People spoke of 31% of the decisions of acme/team (40 of 129) instead of 60%.",
        expected=0.6,
        observed=0.31,
        events=129,
        inception=Inception("d20-1", 8, began, began - DAY, began + DAY),
    )
    ended = kinds.AlertEnded("drought", "people spoke of 61% of 120 since")
    _log(fleet, [_event(fleet, raised), _event(fleet, ended)])


def _event(fleet: Fleet, body: kinds.Body, identity: str | None = None) -> Event:
    return make(body, tenant="acme", task="team", time=fleet.clock(), id=identity)


def _log(fleet: Fleet, events: list[Event]) -> None:
    if events:
        fleet.log.append(events)
