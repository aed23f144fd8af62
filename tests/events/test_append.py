"""What is acknowledged is in the log: once, in order, all of it or nothing, and for good."""

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from tests.conftest import HandClock
from tests.events.made import RANDOM_FIELDS, event, everything

from modelfleet.errors import Conflict, LogUnavailable
from modelfleet.events import Database, Event, EventLog, Logged, kinds, make
from modelfleet.events.statements import take_numbers

APPEND_IN_ANOTHER_PROCESS = """
import sys
from modelfleet.clock import now
from modelfleet.events import Database, Event, EventLog
place, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
log = EventLog(Database(place, durable=False), lambda connection, events, known: None, now)
for number in range(count):
    log.append([Event("ticket.closed", "acme", 1, f"{name}-{number}", "team", {"n": number})])
log.close()
"""


def test_what_was_acknowledged_is_there_after_everything_was_closed(
    log: EventLog, database: Database, place: str
) -> None:
    (appended,) = log.append([event(fields={"office": "Oslo", "sizes": [1, 2.5, None]})])
    log.close()
    database.close()
    again = Database(place)
    reopened = EventLog(again, lambda _connection, _events, _known: None, lambda: 0)
    assert everything(reopened) == [appended.event]
    reopened.close()
    again.close()


def test_numbers_are_dense_and_in_the_order_of_appends(log: EventLog) -> None:
    seqs = [log.append([event(), event()]) for _ in range(5)]
    assert [one.event.seq for group in seqs for one in group] == list(range(1, 11))
    assert log.head() == 10


def test_an_event_sent_again_is_logged_once(log: EventLog) -> None:
    sent = event(id="mine", fields={"a": 1, "b": ["x", {"c": 2.5}]})
    (first,) = log.append([sent])
    (second,) = log.append([sent])
    assert (first.duplicate, second.duplicate) == (False, True)
    assert second.event == first.event
    assert log.head() == 1


def test_a_label_with_keywords_sent_again_is_logged_once(log: EventLog) -> None:
    body = kinds.LabelDefined("it", "IT support", "laptops", ("wifi", "printer"))
    sent = make(body, tenant="acme", task="team", time=1, id="mine")
    log.append([sent])
    (again,) = log.append([sent])
    assert again.duplicate


def test_a_decision_sent_again_is_the_same_though_the_answer_changed(log: EventLog) -> None:
    asked = kinds.RequestDecided("no wifi", {"office": "Oslo"}, "it", version="v1")
    now = kinds.RequestDecided("no wifi", {"office": "Oslo"}, "facilities", version="v2")
    log.append([make(asked, tenant="acme", task="team", time=1, id="d1")])
    (again,) = log.append([make(now, tenant="acme", task="team", time=2, id="d1")])
    assert again.duplicate
    assert again.event.fields["label"] == "it"


OTHERS: dict[str, dict[str, Any]] = {
    "another value": {"fields": {"a": 2}},
    "one more field": {"fields": {"a": 1, "b": None}},
    "a truth value for a number": {"fields": {"a": True}},
    "another kind": {"kind": "ticket.opened"},
    "another task": {"task": "type"},
}


@pytest.mark.parametrize("other", OTHERS)
def test_an_id_used_for_something_else_is_refused_and_nothing_changes(
    log: EventLog, other: str
) -> None:
    told: dict[str, Any] = {"id": "mine", "fields": {"a": 1}}
    log.append([event(**told)])
    before = everything(log)
    with pytest.raises(Conflict, match="mine"):
        log.append([event(), event(**(told | OTHERS[other]))])
    assert everything(log) == before


def test_the_same_id_in_another_tenant_is_another_event(log: EventLog) -> None:
    log.append([event(id="mine", fields={"a": 1})])
    (other,) = log.append([event(id="mine", tenant="globex", fields={"a": 2})])
    assert not other.duplicate
    assert log.head() == 2


def test_an_id_twice_in_one_group_is_one_event(log: EventLog) -> None:
    answers = log.append([event(id="mine"), event(id="mine"), event()])
    assert [one.duplicate for one in answers] == [False, True, False]
    assert [one.event.seq for one in answers] == [1, 1, 2]


def test_a_group_is_logged_whole_or_not_at_all(log: EventLog) -> None:
    log.append([event(id="taken", fields={"a": 1})])
    with pytest.raises(Conflict):
        log.append([event(id="x"), event(id="taken", fields={"a": 2}), event(id="y")])
    assert log.head() == 1
    assert log.get("acme", "x") is None


def test_an_empty_group_is_answered(log: EventLog) -> None:
    assert log.append([]) == []
    assert log.head() == 0


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fields=RANDOM_FIELDS)
def test_any_json_comes_back_as_it_was_sent_and_can_be_sent_again(
    log: EventLog, fields: dict[str, Any]
) -> None:
    sent = event(fields=fields)
    log.append([sent])
    logged = log.get("acme", sent.id)
    assert logged is not None
    assert logged.fields == fields
    (again,) = log.append([sent])
    assert again.duplicate


def _hold(database: Database, held: threading.Event, release: threading.Event) -> None:
    with database.writing() as connection:
        take_numbers(connection, 0)
        held.set()
        release.wait(10)


def test_one_callers_poison_does_not_hurt_the_others_in_its_commit(
    log: EventLog, database: Database
) -> None:
    log.append([event(id="taken", fields={"a": 1})])
    held, release = threading.Event(), threading.Event()
    holder = threading.Thread(target=_hold, args=(database, held, release))
    holder.start()
    held.wait(10)
    good = [log.submit([event(id=f"good-{number}"), event()]) for number in range(20)]
    bad = log.submit([event(id="lost"), event(id="taken", fields={"a": 2})])
    more = [log.submit([event(id=f"more-{number}")]) for number in range(20)]
    release.set()
    holder.join()
    assert all(len(future.result(10)) == 2 for future in good)
    assert all(len(future.result(10)) == 1 for future in more)
    with pytest.raises(Conflict):
        bad.result(10)
    assert log.get("acme", "lost") is None
    assert [one.seq for one in everything(log)] == list(range(1, 62))


def test_a_fold_that_fails_takes_only_its_own_events_with_it(
    database: Database, clock: HandClock
) -> None:
    def fold(connection: sa.Connection, events: list[Logged], _known: object) -> None:
        connection.execute(sa.text("UPDATE fleet SET tasks = tasks + 1"))
        if any(one.kind == "poison.it" for one in events):
            raise ZeroDivisionError

    log = EventLog(database, fold, clock)  # type: ignore[arg-type]
    held, release = threading.Event(), threading.Event()
    holder = threading.Thread(target=_hold, args=(database, held, release))
    holder.start()
    held.wait(10)
    futures = [log.submit([event("poison.it" if n == 5 else "ticket.closed")]) for n in range(10)]
    release.set()
    holder.join()
    failed = [future.exception(10) is not None for future in futures]
    assert failed == [number == 5 for number in range(10)]
    log.close()
    assert len(everything(log)) == 9


def test_many_threads_get_dense_numbers_each_in_its_own_order(log: EventLog) -> None:
    def write(name: int) -> list[int]:
        return [log.append([event(id=f"{name}-{number}")])[0].event.seq for number in range(25)]

    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(write, range(16)))
    assert all(seqs == sorted(seqs) for seqs in answers)
    assert sorted(seq for seqs in answers for seq in seqs) == list(range(1, 401))
    assert [one.seq for one in everything(log)] == list(range(1, 401))


def test_two_processes_get_dense_numbers(log: EventLog, place: str) -> None:
    command = [sys.executable, "-c", APPEND_IN_ANOTHER_PROCESS, place]
    others = [
        subprocess.Popen([*command, name, "60"])  # noqa: S603 - our own interpreter and program
        for name in ("one", "two")
    ]
    while any(other.poll() is None for other in others):
        log.append([event()])
        time.sleep(0.005)
    assert [other.returncode for other in others] == [0, 0]
    logged = everything(log)
    assert [one.seq for one in logged] == list(range(1, len(logged) + 1))
    for name in ("one", "two"):
        numbers = [one.fields["n"] for one in logged if one.id.startswith(f"{name}-")]
        assert numbers == list(range(60))


def test_a_bulk_larger_than_a_database_takes_parameters_can_be_sent_again(
    log: EventLog, database: Database
) -> None:
    count = 33_000 if database.is_postgresql else 4_000  # it takes 65,535 parameters
    sent = [event() for _ in range(count)]
    log.append(sent)
    assert all(one.duplicate for one in log.append(sent))
    assert log.head() == count


def test_whoever_listens_is_told_before_the_append_is_answered(log: EventLog) -> None:
    told: list[str] = []
    log.on_commit(lambda events: told.extend(one.id for one in events))
    log.append([event(id="a"), event(id="b")])
    assert told == ["a", "b"]
    log.append([event(id="a"), event(id="c")])
    assert told == ["a", "b", "c"]


def test_closing_finishes_what_was_handed_over_and_refuses_what_comes_later(
    log: EventLog, database: Database
) -> None:
    held, release = threading.Event(), threading.Event()
    holder = threading.Thread(target=_hold, args=(database, held, release))
    holder.start()
    held.wait(10)
    futures = [log.submit([event()]) for _ in range(10)]
    closer = threading.Thread(target=log.close)
    closer.start()
    release.set()
    closer.join()
    holder.join()
    assert [future.result(0)[0].event.seq for future in futures] == list(range(1, 11))
    with pytest.raises(LogUnavailable, match="closed"):
        log.append([event()])
    with pytest.raises(LogUnavailable, match="closed"):
        log.submit([Event("ticket.closed", "acme", 1, "late")])
    assert log.head() == 10
