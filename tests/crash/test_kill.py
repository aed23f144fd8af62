"""`kill -9` at any moment: every acknowledged event is there once, and work goes on by itself."""

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from tests.crash.server import Server, free_port

from modelfleet.catalog import Catalog
from modelfleet.catalog.schema import FOLDED, QUEUE_COLUMNS
from modelfleet.events import Database, Query
from modelfleet.fleet import Fleet
from modelfleet.models import key, open_store
from modelfleet.settings import Settings

pytestmark = pytest.mark.slow

_TEXTS = {
    "it": ["my laptop won't start", "the vpn is down again", "forgot my password", "wifi is slow"],
    "hr": ["when is payday", "how many holidays are left", "a copy of my contract please"],
    "facilities": ["the door is stuck", "it is too cold in here", "the lamp is broken"],
}


class Users:
    """People who send requests and corrections, and remember what was acknowledged."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - not for secrets
        self.acknowledged: set[str] = set()
        self.unsure: set[str] = set()
        self.urls: list[str] = []
        self._stop = threading.Event()

    @contextmanager
    def at_work(self, count: int) -> Iterator[None]:
        """Have some people work while the block runs."""
        threads = [threading.Thread(target=self._work, args=(n,)) for n in range(count)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def _work(self, person: int) -> None:
        number = 0
        with httpx.Client(timeout=5) as client:
            while not self._stop.is_set():
                number += 1
                self._ask_and_correct(client, f"{person}-{number}")

    def _ask_and_correct(self, client: httpx.Client, name: str) -> None:
        label = self._random.choice(sorted(_TEXTS))
        text = f"{self._random.choice(_TEXTS[label])} {name}"
        task = f"/api/tenants/tenant{int(name.split('-', maxsplit=1)[0]) % 3}/tasks/team"
        if self._sent(client, f"{task}/decisions", {"id": f"d-{name}", "text": text}):
            said = {"id": f"f-{name}", "verdict": "reassigned", "label": label}
            self._sent(client, f"{task}/decisions/d-{name}/feedback", said)

    def _sent(self, client: httpx.Client, path: str, body: dict[str, str]) -> bool:
        """Send until it is acknowledged, to whichever server answers."""
        self.unsure.add(body["id"])
        while not self._stop.is_set():
            try:
                answer = client.post(self._random.choice(self.urls) + path, json=body)
            except httpx.TransportError:
                time.sleep(0.02)
                continue
            if answer.is_success:
                self.acknowledged.add(body["id"])
                return True
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                raise AssertionError(answer.text)
        return False


def _define_labels(url: str) -> None:
    for tenant in range(3):
        for label in _TEXTS:
            path = f"/api/tenants/tenant{tenant}/tasks/team/labels/{label}"
            httpx.put(url + path, json={"name": label}).raise_for_status()


def _assert_nothing_lost(place: str, users: Users) -> None:
    """Every acknowledged event once, nothing that nobody sent, and no gap."""
    with Fleet(place, train=False) as fleet:
        events = list(fleet.events(Query()))
        sent = [e.id for e in events if e.id.startswith(("d-", "f-"))]
        assert len(sent) == len(set(sent))
        assert users.acknowledged <= set(sent) <= users.unsure
        assert [event.seq for event in events] == list(range(1, len(events) + 1))


def _assert_versions_whole(place: str, store: str) -> None:
    """Each version that the log speaks of can be opened, and is what was published."""
    database = Database(place)
    opened = open_store(store)
    catalog = Catalog(database)
    for tenant in catalog.tenants():
        for version in catalog.versions(tenant, "team"):
            opened.open(key(tenant, "team", version.version), version.fingerprint)
    database.close()


def _tables(place: str) -> list[list[tuple[object, ...]]]:
    database = Database(place)
    with database.reading() as connection:
        found = [
            [
                tuple(row)
                for row in connection.execute(
                    sa.select(*(c for c in table.c if c.name not in QUEUE_COLUMNS)).order_by(
                        *table.primary_key
                    )
                )
            ]
            for table in FOLDED
        ]
    database.close()
    return found


def _assert_rebuild_changes_nothing(place: str) -> None:
    before = _tables(place)
    with Fleet(place, train=False) as fleet:
        fleet.rebuild()
    assert _tables(place) == before


def _wait_for_versions(place: str, count: int) -> None:
    database = Database(place)
    catalog = Catalog(database)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if all(len(catalog.versions(f"tenant{n}", "team")) >= count for n in range(3)):
            database.close()
            return
        time.sleep(0.2)
    raise AssertionError("training does not go on")


def test_everything_acknowledged_survives_being_killed_many_times(tmp_path: Path) -> None:
    users = Users(seed=1)
    chance = random.Random(2)  # noqa: S311 - not for secrets
    place, port = str(tmp_path / "data"), free_port()
    arguments = ["up", "--data", place, "--port", str(port), "--workers", "1"]
    with Server(arguments, folder=tmp_path, port=port) as server:
        _define_labels(server.wait_until_ready().url)
    users.urls = [server.url]
    with users.at_work(6):
        for _ in range(5):
            with Server(arguments, folder=tmp_path, port=port) as server:
                server.wait_until_ready()
                time.sleep(chance.uniform(0.3, 2.5))
                server.kill()
        with Server(arguments, folder=tmp_path, port=port) as server:
            server.wait_until_ready()
            _wait_for_versions(place, 1)
            assert server.stop() == 0
    assert len(users.acknowledged) > 50
    _assert_nothing_lost(place, users)
    _assert_versions_whole(place, f"{place}/models")
    _assert_rebuild_changes_nothing(place)


def test_a_killed_worker_is_replaced_and_its_task_is_trained(tmp_path: Path) -> None:
    users = Users(seed=3)
    place, port = str(tmp_path / "data"), free_port()
    arguments = ["up", "--data", place, "--port", str(port), "--workers", "1"]
    with Server(arguments, folder=tmp_path, port=port) as server:
        _define_labels(server.wait_until_ready().url)
        users.urls = [server.url]
        with users.at_work(3):
            for _ in range(3):
                time.sleep(1.0)
                for child in server.children():
                    _kill_if_there(child)
            _wait_for_versions(place, 1)
        assert server.stop() == 0
    _assert_nothing_lost(place, users)


def test_workers_end_when_their_parent_is_gone(tmp_path: Path) -> None:
    port = free_port()
    arguments = ["up", "--data", str(tmp_path / "data"), "--port", str(port), "--workers", "2"]
    with Server(arguments, folder=tmp_path, port=port) as server:
        server.wait_until_ready()
        children = server.children()
        assert children
        server.kill_parent()
        end = time.monotonic() + 30
        while any(_is_running(child) for child in children) and time.monotonic() < end:
            time.sleep(0.1)
        assert not any(_is_running(child) for child in children)


def test_stopping_answers_what_is_in_flight_and_loses_nothing(tmp_path: Path) -> None:
    users = Users(seed=4)
    place, port = str(tmp_path / "data"), free_port()
    arguments = ["up", "--data", place, "--port", str(port), "--workers", "1"]
    with Server(arguments, folder=tmp_path, port=port) as server:
        _define_labels(server.wait_until_ready().url)
        users.urls = [server.url]
        with users.at_work(8):
            time.sleep(2)
            assert server.stop() == 0
    _assert_nothing_lost(place, users)


def test_two_servers_and_two_workers_on_one_postgresql_converge(
    postgresql_place: str, tmp_path: Path
) -> None:
    users = Users(seed=5)
    store = str(tmp_path / "models")
    shared = ["--database", postgresql_place, "--store", store]
    ports = [free_port(), free_port()]
    serving = [
        Server(["serve", *shared, "--port", str(port)], folder=tmp_path, port=port)
        for port in ports
    ]
    training = [Server(["train", *shared], folder=tmp_path) for _ in range(2)]
    try:
        users.urls = [server.wait_until_ready().url for server in serving]
        _define_labels(users.urls[0])
        with users.at_work(6):
            _wait_for_versions(postgresql_place, 2)
            serving[1].kill()
            training[1].kill()
            serving[1] = Server(
                ["serve", *shared, "--port", str(ports[1])], folder=tmp_path, port=ports[1]
            )
            training[1] = Server(["train", *shared], folder=tmp_path)
            serving[1].wait_until_ready()
            time.sleep(3)
        _wait_until_trained(postgresql_place, store)
        assert _answers(users.urls[0]) == _answers(users.urls[1])
    finally:
        for server in (*serving, *training):
            server.kill()
    _assert_nothing_lost(postgresql_place, users)
    _assert_versions_whole(postgresql_place, store)


def _wait_until_trained(place: str, store: str) -> None:
    """Until nothing is due any more, so that servers are asked while nothing changes."""
    settings = Settings(database=place, store=store)
    with Fleet.open(settings, train=False) as fleet:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            states = [fleet.task(f"tenant{n}", "team").status() for n in range(3)]
            soon = fleet.clock() + 10_000_000
            if all(state.due is None or state.due > soon for state in states):
                break
            time.sleep(0.2)
    time.sleep(1.5)


def _answers(url: str) -> list[object]:
    """What a server says to each text, but for the decision's own id and time."""
    said: list[object] = []
    for tenant in range(3):
        for texts in _TEXTS.values():
            for text in texts:
                path = f"{url}/api/tenants/tenant{tenant}/tasks/team/decisions"
                answer = httpx.post(path, json={"text": text}).raise_for_status().json()
                said.append({k: v for k, v in answer.items() if k not in {"id", "time"}})
    return said


def _kill_if_there(process: int) -> None:
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return


def _is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
