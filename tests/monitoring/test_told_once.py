"""What people were told of an alert isn't told again, however much is taken in at once."""

from collections import Counter
from pathlib import Path

import pytest
from tests.conftest import HandClock
from tests.monitoring.lives import Habits, Life

from modelfleet.events import Query
from modelfleet.fleet import Fleet
from modelfleet.settings import Settings


@pytest.mark.parametrize("at_once", [False, True])
def test_an_alert_that_goes_on_is_told_once_where_nothing_may_be_done(
    folder: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch, *, at_once: bool
) -> None:
    settings = Settings(actions=())
    with Fleet(folder, settings=settings, train=False, durable=False, clock=clock) as fleet:
        life = Life(fleet, clock)
        life.publish("v1")
        life.live(Habits(version="v1"), days=30)
        life.publish("v2")
        with monkeypatch.context() as patched:
            if at_once:
                patched.setattr(fleet, "watch_due", lambda: None)
            life.live(Habits(version="v2", right=lambda *_: 0.2), days=6)
        life.settle(4)
        taken = fleet.events(Query(kinds=("action.taken",)))
        told = Counter(one.fields["alert"] for one in taken)
    assert told
    assert set(told.values()) == {1}
