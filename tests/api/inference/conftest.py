"""Acme's task, trained twice, as other servers' clients see it; beside it one without a version."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient
from tests.conftest import HandClock

from modelfleet import Fleet
from modelfleet.api import create_app
from modelfleet.clock import now
from modelfleet.decisions import Example

MODEL = "acme.team"
UNTRAINED = "globex..eu.support..first"
TEXTS = ("the wifi is down in office 7", "the heating is broken", "purple monkey dishwasher")
KNOWN = {
    "it": ("wifi is down", "my laptop is slow", "printer jam", "vpn fails", "reset my password"),
    "facilities": ("the door is stuck", "heating is cold", "lift is broken", "a lamp", "dirty"),
}


class Cast(msgspec.Struct):
    """Keys: alice owns acme, bob uses it, charlie owns another tenant."""

    alice: str
    bob: str
    charlie: str
    operator: str

    def header(self, who: str) -> dict[str, str]:
        """What goes with a request."""
        return {"Authorization": f"Bearer {getattr(self, who)}"}


def fill(fleet: Fleet, clock: HandClock) -> None:
    """Teach and train acme's task twice; the other has but a label."""
    team = fleet.task("acme", "team")
    for label, texts in KNOWN.items():
        team.define_label(label, keywords=[texts[0].split()[0]])
    for half in range(2):
        offices = range(half * 3, half * 3 + 3)
        examples = [
            Example(f"{text} in office {number}", label, id=f"{text} in {number}")  # folds go by it
            for label, texts in KNOWN.items()
            for text in texts
            for number in offices
        ]
        team.give_examples(examples)
        clock.advance(5)
        assert len(fleet.train_due()) == 1
    fleet.task("globex.eu", "support.first").define_label("billing", keywords=["invoice"])


def cast_of(fleet: Fleet) -> Cast:
    """The keys of those who take part."""
    return Cast(
        alice=fleet.create_key("owner", "acme", name="alice")[1],
        bob=fleet.create_key("user", "acme", name="bob")[1],
        charlie=fleet.create_key("owner", "globex.eu", name="charlie")[1],
        operator=fleet.create_key("operator")[1],
    )


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder: Path = tmp_path_factory.mktemp("protocols")
    clock = HandClock(now() - 3_600_000_000)
    with Fleet(folder, durable=False, train=False, clock=clock) as opened:
        fill(opened, clock)
        yield opened


@pytest.fixture(scope="module")
def versions(fleet: Fleet) -> list[str]:
    """The names of acme's versions, the oldest first."""
    return [one.version for one in reversed(fleet.task("acme", "team").versions())]


@pytest.fixture(scope="module")
def cast(fleet: Fleet) -> Cast:
    return cast_of(fleet)


@pytest.fixture(scope="module")
def api(fleet: Fleet) -> Iterator[TestClient[Litestar]]:
    with TestClient(create_app(fleet, keys_required=False)) as client:
        yield client


@pytest.fixture(scope="module")
def guarded(fleet: Fleet) -> Iterator[TestClient[Litestar]]:
    with TestClient(create_app(fleet, keys_required=True)) as client:
        yield client
