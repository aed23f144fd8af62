"""Alerts in the log, and outlets that are told of them."""

from collections.abc import Callable, Iterator

import pytest
from tests.conftest import HandClock
from tests.monitoring.outlets.receiver import Receiver

from modelfleet.events import Database, EventLog, kinds, make
from modelfleet.events.findings import Cause, Inception
from modelfleet.monitoring.outlets import Notifier, Outlet, Positions

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="  # noqa: S105 - of these tests


class Newsroom:
    """Raises and ends alerts, as monitoring does: by events in the log."""

    def __init__(self, log: EventLog, clock: HandClock) -> None:
        self._log = log
        self._clock = clock

    def raise_(self, alert: kinds.AlertRaised, whose: str = "acme/team") -> None:
        tenant, _, task = whose.partition("/")
        self._log.append([make(alert, tenant=tenant, task=task, time=self._clock())])

    def end(self, alert: str, why: str = "it recovered", whose: str = "acme/team") -> None:
        tenant, _, task = whose.partition("/")
        ended = kinds.AlertEnded(alert, why)
        self._log.append([make(ended, tenant=tenant, task=task, time=self._clock())])


def an_alert(name: str = "a1", **changed: object) -> kinds.AlertRaised:
    """An alert as monitoring raises it."""
    said = {
        "finding": "precision",
        "sentence": "Precision of acme/team fell from 95% to 71%.",
        "recipe": "default",
        "expected": 0.95,
        "observed": 0.71,
        "events": 34,
        "inception": Inception(
            "e1", 7, 1_772_443_867_000_000, 1_772_440_000_000_000, 1_772_447_000_000_000
        ),
        "causes": (Cause("e2", "version.published", "a version was published"),),
    }
    return kinds.AlertRaised(alert=name, **(said | changed))  # type: ignore[arg-type]


@pytest.fixture
def news(log: EventLog, clock: HandClock) -> Newsroom:
    return Newsroom(log, clock)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver().listening() as listening:
        yield listening


Tell = Callable[[Outlet], Notifier]


@pytest.fixture
def notifier(log: EventLog, database: Database, clock: HandClock) -> Iterator[Tell]:
    """Makes the notifier of an outlet."""
    made: list[Notifier] = []

    def make_one(outlet: Outlet) -> Notifier:
        made.append(Notifier(log, Positions(database), outlet, clock))
        return made[-1]

    yield make_one
    for one in made:
        one.outlet.close()


def tell_all(notifier: Notifier) -> None:
    """Tell until there is nothing to tell."""
    while notifier.step():
        continue
