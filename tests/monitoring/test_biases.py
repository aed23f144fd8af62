"""Kinds of requests that nobody named: found where there are some, and nowhere else."""

import random

import pytest
from litestar.testing import TestClient
from tests.conftest import HandClock
from tests.test_client import Running

from modelfleet import Client, Fleet
from modelfleet.api import create_app
from modelfleet.clock import DAY
from modelfleet.errors import InvalidInput
from modelfleet.events import Event

TENANTS = 40


def lived(fleet: Fleet, clock: HandClock, *, biased: bool) -> None:
    """Requests of many tenants; short ones by chat are wrong far more often, if it is biased."""
    chance = random.Random(3)  # noqa: S311 - a test's own chance
    events = []
    for number in range(6_000):
        tenant = f"tenant-{number % TENANTS}"
        channel = chance.choice(("chat", "mail", "phone"))
        text = "it broke" if chance.random() < 0.5 else "it broke " + "again and again " * 6
        is_worse = biased and channel == "chat" and len(text) < 50
        confidence = chance.choice((0.8, 0.9, 0.95))
        wrong = chance.random() < (0.45 if is_worse else 1 - confidence)
        time = clock.time - round(chance.random() * 5 * DAY)
        fields = {"text": text, "label": "it", "confidence": confidence}
        fields |= {"candidates": [["it", confidence]], "metadata": {"channel": channel}}
        events.append(Event("request.decided", tenant, time, f"d{number}", "team", fields))
        kind = "decision.reassigned" if wrong else "decision.accepted"
        word = {"decision": f"d{number}"} | ({"label": "hr"} if wrong else {})
        events.append(Event(kind, tenant, time, f"w{number}", "team", word))
    for start in range(0, len(events), 2_000):
        fleet.import_events(events[start : start + 2_000])


def test_a_kind_that_is_decided_worse_is_named_by_both_of_its_fields(
    fleet: Fleet, clock: HandClock
) -> None:
    lived(fleet, clock, biased=True)
    (found,) = fleet.biases()
    assert dict(found.where) == {"metadata.channel": "chat", "length": "under 50"}
    assert found.wrong > 2 * found.expected
    assert found.odds > 2
    with Running(fleet) as url, Client(url) as client:
        assert client.biases() == [found]


def test_without_a_bias_none_is_named(small_fleet: Fleet, clock: HandClock) -> None:
    lived(small_fleet, clock, biased=False)
    assert small_fleet.biases() == []


def test_an_empty_fleet_has_none(small_fleet: Fleet) -> None:
    assert small_fleet.biases() == []
    with pytest.raises(InvalidInput, match="days"):
        small_fleet.biases(-1)


def test_only_operators_may_ask(small_fleet: Fleet) -> None:
    _, owner = small_fleet.create_key("owner", "tenant-1")
    with TestClient(create_app(small_fleet, keys_required=True)) as api:
        answer = api.get("/api/biases", headers={"authorization": f"Bearer {owner}"})
    assert answer.status_code == 403
