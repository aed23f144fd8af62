"""Alerts reach every outlet: each at least once, in order, whatever is down or restarted."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import HandClock
from tests.monitoring.outlets.conftest import SECRET, Newsroom, Tell, an_alert, tell_all
from tests.monitoring.outlets.receiver import Receiver
from tests.programs import free_port, until
from typer.testing import CliRunner

from modelfleet.catalog import CatalogFold
from modelfleet.cli import app
from modelfleet.clock import now
from modelfleet.events import Database, EventLog, statements
from modelfleet.fleet import Fleet
from modelfleet.monitoring.outlets import Answer, Notifier, Positions
from modelfleet.monitoring.outlets.notice import Notice
from modelfleet.monitoring.outlets.positions import HELD_SECONDS
from modelfleet.monitoring.outlets.webhook import Webhook
from modelfleet.recipe import load_recipe
from modelfleet.settings import Settings


def told(receiver: Receiver, *, only_taken: bool = False) -> list[tuple[str, str]]:
    """Which alerts were posted, and whether they fire."""
    return [
        (alert["annotations"]["alert"], alert["status"])
        for post in receiver.posts
        if post.answer == 200 or not only_taken
        for alert in post.json["alerts"]
    ]


@pytest.fixture
def webhook(receiver: Receiver, clock: HandClock, notifier: Tell) -> Notifier:
    return notifier(Webhook(receiver.url, SECRET, clock))


def test_an_alert_is_told_when_it_is_raised_and_when_it_ends(
    webhook: Notifier, news: Newsroom, receiver: Receiver
) -> None:
    news.raise_(an_alert("a1"))
    news.raise_(an_alert("a2", recipe="other"))
    tell_all(webhook)
    news.end("a1")
    tell_all(webhook)
    assert told(receiver) == [("a1", "firing"), ("a2", "firing"), ("a1", "resolved")]


def test_muted_and_quiet_alerts_tell_nobody_until_they_are_loud(
    webhook: Notifier, news: Newsroom, receiver: Receiver
) -> None:
    news.raise_(an_alert("a1", muted_by="a0"))
    news.raise_(an_alert("a2", quiet=True))
    news.raise_(an_alert("a3", quiet=True))
    news.end("a1")
    news.end("a3")
    tell_all(webhook)
    assert told(receiver) == []
    news.raise_(an_alert("a2"))
    news.end("a2")
    tell_all(webhook)
    assert told(receiver) == [("a2", "firing"), ("a2", "resolved")]


def test_alerts_of_one_kind_and_recipe_come_together_and_none_twice_in_one_post(
    webhook: Notifier, news: Newsroom, receiver: Receiver
) -> None:
    for tenant in ("acme", "globex", "initech"):
        news.raise_(an_alert("a1"), f"{tenant}/team")
    news.end("a1")
    tell_all(webhook)
    assert [len(post.json["alerts"]) for post in receiver.posts] == [3, 1]
    first = receiver.posts[0].json
    assert first["groupLabels"] == {"alertname": "ModelfleetPrecision", "recipe": "default"}
    assert "tenant" not in first["commonLabels"]
    assert first["commonLabels"]["severity"] == "warning"


def test_a_receiver_that_fails_gets_it_later_and_in_order(
    webhook: Notifier, news: Newsroom, receiver: Receiver, clock: HandClock
) -> None:
    receiver.answers = [500, 503, 429]
    news.raise_(an_alert("a1"))
    tell_all(webhook)
    news.end("a1")
    tell_all(webhook)
    assert len(receiver.posts) == 1  # it rests before it tries again
    for seconds in (1, 2, 4):
        clock.advance(seconds)
        tell_all(webhook)
    assert told(receiver) == [("a1", "firing")] * 4 + [("a1", "resolved")]
    assert len({post.headers["webhook-id"] for post in receiver.posts[:4]}) == 1


def test_what_was_told_before_a_restart_is_not_told_again_and_nothing_is_lost(
    webhook: Notifier, notifier: Tell, news: Newsroom, receiver: Receiver, clock: HandClock
) -> None:
    news.raise_(an_alert("a1"))
    tell_all(webhook)
    news.end("a1")
    news.raise_(an_alert("a2"))
    tell_all(notifier(Webhook(receiver.url, SECRET, clock)))
    assert told(receiver) == [("a1", "firing"), ("a1", "resolved"), ("a2", "firing")]


def test_what_a_process_told_as_it_died_is_told_again_by_the_next(
    webhook: Notifier, notifier: Tell, news: Newsroom, receiver: Receiver, clock: HandClock
) -> None:
    post = webhook.outlet.tell

    def tell_and_die(notices: Sequence[Notice]) -> Answer:
        post(notices)
        raise KeyboardInterrupt

    webhook.outlet.tell = tell_and_die  # type: ignore[method-assign]
    news.raise_(an_alert("a1"))
    with pytest.raises(KeyboardInterrupt):
        webhook.step()
    after = notifier(Webhook(receiver.url, SECRET, clock))
    tell_all(after)
    assert told(receiver) == [("a1", "firing")]  # the first may still be at it
    clock.advance(HELD_SECONDS + 1)
    tell_all(after)
    assert told(receiver) == [("a1", "firing")] * 2
    assert len({one.headers["webhook-id"] for one in receiver.posts}) == 1


def test_of_two_processes_one_tells(
    webhook: Notifier, notifier: Tell, news: Newsroom, receiver: Receiver, clock: HandClock
) -> None:
    other = notifier(Webhook(receiver.url, SECRET, clock))
    post = webhook.outlet.tell

    def tell_while_the_other_tries(notices: Sequence[Notice]) -> Answer:
        assert not other.step()
        return post(notices)

    webhook.outlet.tell = tell_while_the_other_tries  # type: ignore[method-assign]
    news.raise_(an_alert("a1"))
    tell_all(webhook)
    tell_all(other)
    assert told(receiver) == [("a1", "firing")]


def test_an_outlet_that_is_new_hears_of_what_comes_from_then_on(
    news: Newsroom, receiver: Receiver, clock: HandClock, notifier: Tell
) -> None:
    news.raise_(an_alert("a1"))
    webhook = notifier(Webhook(receiver.url, SECRET, clock))
    news.end("a1")
    news.raise_(an_alert("a2"))
    tell_all(webhook)
    assert told(receiver) == [("a2", "firing")]


def test_what_is_refused_for_a_day_does_not_hold_up_the_rest(
    webhook: Notifier, news: Newsroom, receiver: Receiver, clock: HandClock
) -> None:
    receiver.answers = [400, 404]
    news.raise_(an_alert("a1"))
    tell_all(webhook)
    clock.advance(25 * 3600)
    news.raise_(an_alert("a2", finding="coverage"))
    tell_all(webhook)
    assert told(receiver) == [("a1", "firing"), ("a1", "firing"), ("a2", "firing")]


def test_a_server_that_is_down_for_long_is_told_everything_when_it_is_back(
    news: Newsroom, clock: HandClock, notifier: Tell
) -> None:
    nobody = Webhook(f"http://127.0.0.1:{free_port()}", SECRET, clock)
    waiting = notifier(nobody)
    news.raise_(an_alert("a1"))
    for _ in range(20):
        tell_all(waiting)
        clock.advance(7 * 3600)
    with Receiver().listening() as back:
        waiting.outlet._poster._url = back.url  # type: ignore[attr-defined]
        tell_all(waiting)
        assert told(back) == [("a1", "firing")]


def test_an_outlet_that_is_down_holds_up_no_other(
    news: Newsroom, receiver: Receiver, log: EventLog, database: Database
) -> None:
    outlets = [
        Webhook(url, SECRET, now) for url in (f"http://127.0.0.1:{free_port()}", receiver.url)
    ]
    notifiers = [Notifier(log, Positions(database), outlet, now) for outlet in outlets]
    news.raise_(an_alert("a1"))
    stop = threading.Event()
    threads = [threading.Thread(target=one.run, args=(stop, stop.wait)) for one in notifiers]
    for thread in threads:
        thread.start()
    try:
        until(lambda: told(receiver) == [("a1", "firing")])
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@pytest.mark.slow
def test_whoever_watches_tells_of_alerts(folder: Path, receiver: Receiver) -> None:
    environment = os.environ | {"MODELFLEET_WEBHOOKS": receiver.url}
    command = [sys.executable, "-m", "modelfleet", "watch", "--data", str(folder)]
    watching = subprocess.Popen(command, env=environment)  # noqa: S603 - our own program
    with Fleet(folder, train=False) as fleet:
        news = Newsroom(fleet.log, HandClock(now()))
        try:
            until(lambda: bool(Positions(fleet.database).states()))
            news.raise_(an_alert("a1"))
            until(lambda: told(receiver) == [("a1", "firing")])
        finally:
            watching.terminate()
            watching.wait(30)


def test_a_program_that_uses_the_library_can_tell_what_is_due(
    folder: Path, receiver: Receiver
) -> None:
    settings = Settings(webhooks=(receiver.url,))
    with Fleet(folder, settings=settings, train=False) as fleet:
        fleet.tell_due()
        Newsroom(fleet.log, HandClock(now())).raise_(an_alert("a1"))
        fleet.tell_due()
    assert told(receiver) == [("a1", "firing")]


def test_an_operator_can_try_whether_people_would_be_told(folder: Path, receiver: Receiver) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    environment = {"MODELFLEET_WEBHOOKS": f"{receiver.url},{nobody}/s3cret"}
    command = ["outlets", "--data", str(folder)]
    tried = CliRunner().invoke(app, [*command, "--try"], env=environment)
    assert tried.exit_code == 1
    assert ": told" in tried.output
    assert "ConnectError" in tried.output
    assert f"webhook {nobody}/… (" in tried.output
    assert "s3cret" not in tried.output
    ((alert,),) = [post.json["alerts"] for post in receiver.posts]
    assert (alert["labels"]["finding"], alert["labels"]["severity"]) == ("trial", "info")
    with Fleet(folder, settings=Settings(webhooks=(f"{nobody}/s3cret",)), train=False) as fleet:
        fleet.tell_due()
        Newsroom(fleet.log, HandClock(now())).raise_(an_alert("a1"))
        fleet.tell_due()
    states = CliRunner().invoke(app, command, env={**environment, "COLUMNS": "200"}).output
    assert "can't since" in states
    assert f"webhook {nobody}/… (" in states
    assert "s3cret" not in states


def test_alerts_are_found_without_looking_through_the_log(database: Database) -> None:
    literally = {"literal_binds": True}
    query = statements.alerts(0, 10).compile(database.engine, compile_kwargs=literally)
    with database.reading() as connection:
        if database.is_postgresql:
            connection.execute(sa.text("SET enable_seqscan = off"))
        said = "EXPLAIN " if database.is_postgresql else "EXPLAIN QUERY PLAN "
        plan = connection.execute(sa.text(said + str(query))).fetchall()
    assert "events_alerts" in str(plan)


NAMES = st.sampled_from(["a1", "a2", "a3"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("raise"), NAMES, st.sampled_from(["loud", "muted", "quiet"])),
        st.tuples(st.just("end"), NAMES),
        st.tuples(st.just("answer"), st.sampled_from([200, 302, 404, 500])),
        st.tuples(st.just("tell"), st.integers(1, 3)),
        st.tuples(st.just("restart")),
    ),
    max_size=25,
)


def expected(steps: list[tuple[str, ...]]) -> list[tuple[str, str]]:
    """What an outlet that never fails would be told."""
    said, knows = [], set()
    for step in steps:
        match step:
            case ("raise", name, "loud"):
                said.append((name, "firing"))
                knows.add(name)
            case ("end", name) if name in knows:
                said.append((name, "resolved"))
                knows.discard(name)
    return said


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
def test_whatever_fails_every_outlet_is_told_all_of_it_in_order(
    steps: list[tuple[str, ...]], empty_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = Path(shutil.copytree(empty_folder, tmp_path_factory.mktemp("log") / "data"))
    database = Database(str(place), durable=False)
    clock = HandClock(now())
    log = EventLog(database, CatalogFold(load_recipe().policy), clock)
    with Receiver().listening() as receiver:
        life = Life(log, database, receiver, clock)
        for step in steps:
            life.live(step)
        receiver.answers = []
        life.live(("tell", 100))
        log.close()
        database.close()
    assert told(receiver, only_taken=True) == expected(steps)


class Life:
    """What happens to a log, to an outlet, and to who tells it."""

    def __init__(
        self, log: EventLog, database: Database, receiver: Receiver, clock: HandClock
    ) -> None:
        self._news = Newsroom(log, clock)
        self._receiver = receiver
        self._clock = clock
        self._log = log
        self._database = database
        self._notifier = self._opened()

    def live(self, step: tuple[Any, ...]) -> None:
        match step:
            case ("raise", name, "loud"):
                self._news.raise_(an_alert(name))
            case ("raise", name, "muted"):
                self._news.raise_(an_alert(name, muted_by="a0"))
            case ("raise", name, _):
                self._news.raise_(an_alert(name, quiet=True))
            case ("end", name):
                self._news.end(name)
            case ("answer", answer):
                self._receiver.answers = [answer]
            case ("restart",):
                self._notifier.outlet.close()
                self._notifier = self._opened()
            case ("tell", times):
                for _ in range(times):
                    self._clock.advance(400)
                    self._notifier.step()

    def _opened(self) -> Notifier:
        webhook = Webhook(self._receiver.url, SECRET, self._clock)
        return Notifier(self._log, Positions(self._database), webhook, self._clock)
