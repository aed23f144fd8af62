"""A label that was removed is never predicted again, whichever server decides."""

import threading
from collections.abc import Iterator

import pytest

from modelfleet.events import Query
from modelfleet.fleet import Fleet
from modelfleet.settings import Settings


@pytest.fixture
def other(place: str, fleet: Fleet) -> Iterator[Fleet]:
    """Another server of the same fleet, which never looks at what others log."""
    settings = Settings(store=fleet.settings.models)
    with Fleet(place, settings=settings, train=False, durable=False) as opened:
        opened._follower.close()
        yield opened


def test_the_very_next_decision_of_another_server_knows_it(fleet: Fleet, other: Fleet) -> None:
    here, there = fleet.task("acme", "team"), other.task("acme", "team")
    for label in ("wifi", "lift"):
        here.define_label(label)
    assert there.decide("the wifi").candidates[0].label == "wifi"
    here.remove_label("wifi")
    assert [one.label for one in there.decide("the wifi").candidates] == ["lift"]
    here.define_label("wifi")
    assert there.decide("the wifi").candidates[0].label == "wifi"


def test_no_decision_stands_in_the_log_behind_the_removal_of_its_label(
    fleet: Fleet, other: Fleet
) -> None:
    here, there = fleet.task("acme", "team"), other.task("acme", "team")
    for label in ("wifi", "lift"):
        here.define_label(label)
    done = threading.Event()

    def decide() -> None:
        while not done.is_set():
            there.decide("the wifi")

    deciding = [threading.Thread(target=decide) for _ in range(3)]
    for thread in deciding:
        thread.start()
    for _ in range(8):
        here.remove_label("wifi")
        here.define_label("wifi")
    done.set()
    for thread in deciding:
        thread.join()
    active: set[str] = set()
    for event in fleet.events(Query(tenant="acme", task="team")):
        if event.kind == "label.defined":
            active.add(event.fields["label"])
        elif event.kind == "label.removed":
            active.remove(event.fields["label"])
        else:
            assert {label for label, _ in event.fields["candidates"]} == active
