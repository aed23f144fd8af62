"""Any number of watchers may run: an outcome is counted once, what is found is logged once."""

import threading
from collections.abc import Sequence

import pytest
import sqlalchemy as sa
from tests.conftest import HandClock
from tests.monitoring.test_fold import tables

from modelfleet.clock import DAY
from modelfleet.events import Event, Query
from modelfleet.fleet import Fleet
from modelfleet.monitoring import Found, Matured, Period, Seen, Watcher, find_nothing, rebuild
from modelfleet.monitoring.rows import position

COUNT = 400


def log_history(fleet: Fleet, clock: HandClock) -> None:
    """Decisions over weeks, half of them accepted."""
    for number in range(COUNT):
        fields = {"text": "no wifi", "label": "it", "candidates": [["it", 0.9]], "confidence": 0.9}
        events = [Event("request.decided", f"t{number % 7}", 1, f"d{number}", "team", fields)]
        if number % 2:
            said = {"decision": f"d{number}"}
            word = Event("decision.accepted", f"t{number % 7}", 1, f"f{number}", "team", said)
            events.append(word)
        fleet.log.append(events)
        clock.advance(3600)
    clock.advance(30 * DAY / 1_000_000)


def find_every_hundredth(_connection: sa.Connection, seen: Seen) -> Found:
    """Has something to say about some decisions, and remembers how many it saw of each task."""
    matured = [one for one in seen.happened if isinstance(one, Matured)]
    events: list[Event] = []
    states: dict[tuple[str, str], bytes] = {}
    for one in matured:
        key = one.tenant, one.task
        before = int.from_bytes(states.get(key, seen.states.get(key, b"")))
        states[key] = (before + 1).to_bytes(4)
        if one.seq % 100 == 1:
            name, said = f"found-{one.decision}", {"n": before}
            events.append(Event("finding.made", one.tenant, one.matured, name, one.task, said))
    return Found(states=states, events=events)


def step_until_done(watcher: Watcher, trouble: list[BaseException]) -> None:
    try:
        while watcher.step(37):
            pass
    except BaseException as error:  # noqa: BLE001 - handed to the test
        trouble.append(error)


def together(watchers: Sequence[Watcher]) -> None:
    """Have watchers run at the same time until none has anything to do."""
    trouble: list[BaseException] = []
    threads = [threading.Thread(target=step_until_done, args=(one, trouble)) for one in watchers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert trouble == []


def test_two_at_the_same_time_count_and_find_as_one_would(fleet: Fleet, clock: HandClock) -> None:
    log_history(fleet, clock)
    two = [Watcher(fleet.database, fleet.log, clock, find_every_hundredth) for _ in range(2)]
    together(two)
    found = list(fleet.events(Query(kinds=("finding.made",))))
    assert len({event.id for event in found}) == len(found)
    assert {event.id for event in found} == {
        f"found-d{number}" for number in range(COUNT) if _seq(fleet, number) % 100 == 1
    }
    counted = fleet.metrics(Period(days=365)).now.metrics
    assert (counted.requests, counted.confirmed, counted.silent) == (COUNT, COUNT // 2, COUNT // 2)
    before = tables(fleet.database)
    rebuild(fleet.database, find_every_hundredth)
    assert tables(fleet.database) == before


def _seq(fleet: Fleet, number: int) -> int:
    event = fleet.log.get(f"t{number % 7}", f"d{number}")
    assert event is not None
    return event.seq


def test_a_watcher_that_read_before_a_rebuild_writes_nothing_after_it(
    fleet: Fleet, clock: HandClock
) -> None:
    log_history(fleet, clock)

    def rebuilt_meanwhile(_connection: sa.Connection, _seen: Seen) -> Found:
        if not rebuilt:
            rebuilt.append(True)
            thread = threading.Thread(target=rebuild, args=(fleet.database, find_nothing))
            thread.start()
            thread.join()
        return Found()

    rebuilt: list[bool] = []
    Watcher(fleet.database, fleet.log, clock, find_nothing).step(100)
    before = tables(fleet.database)
    Watcher(fleet.database, fleet.log, clock, rebuilt_meanwhile).step(100)
    assert rebuilt
    assert tables(fleet.database) == before


def test_how_far_behind_the_watcher_is_can_be_asked(fleet: Fleet, clock: HandClock) -> None:
    watcher = Watcher(fleet.database, fleet.log, clock, find_nothing)
    assert (watcher.lag().events, watcher.lag().seconds) == (0, 0.0)
    fleet.task("acme", "team").decide("no wifi")
    clock.advance(90)
    assert (watcher.lag().events, watcher.lag().seconds) == (1, 90.0)
    fleet.watch_due()
    assert (watcher.lag().events, watcher.lag().seconds) == (0, 0.0)


@pytest.mark.parametrize("most", [7, 1_000])
def test_time_goes_on_when_nothing_is_logged(fleet: Fleet, clock: HandClock, most: int) -> None:
    log_history(fleet, clock)
    watcher = Watcher(fleet.database, fleet.log, clock, find_nothing)
    while watcher.step(most):
        pass
    with fleet.database.reading() as connection:
        waiting = connection.exec_driver_sql("SELECT count(*) FROM maturing").scalar()
        assert waiting == 0
        assert position(connection).time == clock()


def test_in_a_process_that_uses_the_library_outcomes_are_counted_by_themselves(
    small_fleet: Fleet,
) -> None:
    place = small_fleet.settings.database
    small_fleet.task("acme", "team").decide("no wifi")
    with Fleet(place, train=False, watch=True, durable=False) as watching:
        task = watching.task("acme", "team")
        end = threading.Event()
        for _ in range(200):
            if task.metrics().now.metrics.requests == 1:
                break
            end.wait(0.05)
        assert task.metrics().now.metrics.requests == 1
