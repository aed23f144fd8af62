"""Whoever reads the log by position sees every event, whatever commits late or never."""

import random
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

import pytest
from tests.events.made import event

from modelfleet.events import Database, EventLog, Logged, open_wake
from modelfleet.events.statements import insert, take_numbers, wake_readers

APPEND_WHEN_TOLD = """
import sys, time
from modelfleet.clock import now
from modelfleet.events import Database, Event, EventLog
log = EventLog(Database(sys.argv[1], durable=False), lambda connection, events, known: None, now)
print("ready", flush=True)
sys.stdin.readline()
log.append([Event("ticket.closed", "acme", 1, "from-elsewhere", "team")])
print(time.time(), flush=True)
log.close()
"""


class RolledBackError(Exception):
    """A transaction ends without a commit."""


def _append_slowly(
    database: Database, count: int, *, pause: float, commit: bool = True
) -> list[int]:
    """Append in a transaction of its own that stays open for a while."""
    with database.writing() as connection:
        seq = take_numbers(connection, count)
        new = [_logged(seq + number) for number in range(1, count + 1)]
        insert(connection, new)
        time.sleep(pause)
        wake_readers(connection)
        time.sleep(pause)
        if not commit:
            raise RolledBackError
    return [one.seq for one in new]


def _logged(seq: int) -> Logged:
    sent = event()
    return Logged(seq, 0, sent.kind, sent.tenant, sent.time, sent.id, sent.task, sent.fields)


def test_a_transaction_held_open_hides_no_event_from_the_tail(
    log: EventLog, database: Database
) -> None:
    log.append([event()])
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with database.writing() as connection:
            seq = take_numbers(connection, 1)
            insert(connection, [_logged(seq + 1)])
            wake_readers(connection)
            held.set()
            release.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(10)
    behind = [log.submit([event()]) for _ in range(3)]
    time.sleep(0.2)
    assert [one.seq for one in log.read(0)] == [1]
    assert log.changes(0, ["ticket.closed"])[0] == log.head() == 1
    release.set()
    holder.join()
    seqs = [future.result(10)[0].event.seq for future in behind]
    assert [one.seq for one in log.read(1)] == [2, *seqs] == [2, 3, 4, 5]


def test_a_transaction_rolled_back_leaves_no_gap(log: EventLog, database: Database) -> None:
    log.append([event()])
    with pytest.raises(RolledBackError):
        _append_slowly(database, 5, pause=0, commit=False)
    (appended,) = log.append([event()])
    assert appended.event.seq == 2
    assert [one.seq for one in log.read(0)] == [1, 2]


def test_the_tail_never_skips_while_writers_commit_late_and_roll_back(
    log: EventLog, database: Database
) -> None:
    done = threading.Event()
    dice = random.Random(7)  # noqa: S311 - no secret

    def write(plan: Sequence[tuple[int, float, bool]]) -> None:
        for count, pause, commit in plan:
            try:
                _append_slowly(database, count, pause=pause, commit=commit)
            except RolledBackError:
                continue

    def append() -> None:
        while not done.is_set():
            log.append([event(), event()])

    plans = [
        [(dice.randint(1, 4), dice.random() / 100, dice.random() < 0.6) for _ in range(12)]
        for _ in range(4)
    ]
    writers = [threading.Thread(target=write, args=(plan,)) for plan in plans]
    appender = threading.Thread(target=append)
    for thread in (*writers, appender):
        thread.start()
    seen: list[int] = []
    changed: list[int] = []
    head = 0
    while any(writer.is_alive() for writer in writers) or len(seen) < log.head():
        seen += [one.seq for one in log.read(len(seen), limit=dice.choice([1, 7, 1000]))]
        head, changes = log.changes(head, ["ticket.closed"])
        changed += [seq for seq, _, _, _ in changes]
        assert seen == list(range(1, len(seen) + 1))
        assert changed == list(range(1, head + 1))
        if not any(writer.is_alive() for writer in writers):
            done.set()
    done.set()
    for thread in (*writers, appender):
        thread.join()
    assert len(seen) > 30


def test_the_tail_of_a_task_has_its_events_only_in_order(log: EventLog) -> None:
    log.append([event(task="team"), event(task="type"), event(tenant="globex")])
    log.append([event("ticket.opened"), event(task="team")])
    found = log.of_task("acme", "team", ["ticket.closed"])
    assert [one.seq for one in found] == [1, 5]
    assert [one.seq for one in log.of_task("acme", "team", ["ticket.closed"], after=1)] == [5]
    assert [one.seq for one in log.of_task("acme", "team", ["ticket.closed"], until=4)] == [1]


def test_a_commit_of_another_process_wakes_within_half_a_second(
    log: EventLog, database: Database, place: str
) -> None:
    wake = open_wake(database)
    other = subprocess.Popen(  # noqa: S603 - our own interpreter and program
        [sys.executable, "-c", APPEND_WHEN_TOLD, place],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdin is not None
    assert other.stdout is not None
    assert other.stdout.readline() == "ready\n"
    wake.wait(0.1)
    other.stdin.write("go\n")
    other.stdin.flush()
    assert wake.wait(10)
    woken = time.time()
    committed = float(other.stdout.readline())
    other.communicate()
    assert woken - committed < 0.5
    assert log.get("acme", "from-elsewhere") is not None
    wake.close()


def test_a_commit_of_this_process_wakes_too_and_silence_does_not(
    log: EventLog, database: Database
) -> None:
    wake = open_wake(database)
    assert not wake.wait(0.05)
    log.append([event()])
    assert wake.wait(1)
    assert not wake.wait(0.05)
    wake.close()


def test_a_commit_between_two_waits_is_not_missed(log: EventLog, database: Database) -> None:
    wake = open_wake(database)
    for _ in range(5):
        log.append([event()])
        time.sleep(0.02)
        assert wake.wait(1)
    wake.close()
