"""`kill -9` of the watcher at any moment: what it counted is what the log says, once each."""

import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.monitoring.test_fold import tables

from modelfleet.clock import DAY, now
from modelfleet.events import Database, Event
from modelfleet.fleet import Fleet
from modelfleet.monitoring.rows import position

pytestmark = pytest.mark.slow

_DECISIONS = 2_000
_TENANTS = 50


def _log_decisions(place: str) -> int:
    """Decisions of many tenants months ago, and words about half of them; how many events."""
    chance = random.Random(7)  # noqa: S311 - not for secrets
    start = now() - 60 * DAY
    time_of_log = [start]
    with Fleet(place, train=False, durable=False, clock=lambda: time_of_log[0]) as fleet:
        for first in range(0, _DECISIONS, 1_000):
            time_of_log[0] = start + first * DAY // 1_000
            events = [_decision(number, start) for number in range(first, first + 1_000)]
            fleet.log.append(
                events + [_word(one, start) for one in events if chance.random() < 0.5]
            )
        return fleet.log.head()


def _decision(number: int, start: int) -> Event:
    label = ("it", "hr")[number % 2]
    fields: dict[str, Any] = {"text": f"request {number}", "label": label, "confidence": 0.8}
    fields |= {"candidates": [[label, 0.8]], "metadata": {"office": f"o{number % 3}"}}
    tenant = f"tenant{number % _TENANTS}"
    return Event("request.decided", tenant, start, f"d{number}", "team", fields)


def _word(decision: Event, start: int) -> Event:
    fields = {"decision": decision.id}
    return Event("decision.accepted", decision.tenant, start, f"f{decision.id}", "team", fields)


def _seq(database: Database) -> int:
    with database.reading() as connection:
        return position(connection).seq


_WATCH = """
import sys
from modelfleet.fleet import Fleet
with Fleet(sys.argv[1], train=False) as fleet:
    while fleet.watcher.step(most=100):
        pass
"""
"""A process that takes in the log as `modelfleet watch` does, in small pages: many to die in."""


def test_a_watcher_that_is_killed_again_and_again_counts_each_outcome_once(tmp_path: Path) -> None:
    place = str(tmp_path / "data")
    last = _log_decisions(place)
    chance = random.Random(8)  # noqa: S311 - not for secrets
    database = Database(place)
    seen = [0]
    for _ in range(5):
        with subprocess.Popen([sys.executable, "-c", _WATCH, place]) as watcher:  # noqa: S603 - ours
            end = time.monotonic() + 60
            while _seq(database) == seen[-1] and time.monotonic() < end:
                time.sleep(0.001)
            time.sleep(chance.uniform(0.0, 0.05))
            watcher.kill()
        seen.append(_seq(database))
    assert seen == sorted(set(seen))
    assert seen[-1] < last
    with Fleet(place, train=False) as fleet:
        fleet.watch_due()
        assert _seq(database) == last
        expected = tables(database)
        fleet.rebuild()
        assert tables(database) == expected
    database.close()
