"""Servers behind nginx are restarted one after another, and no request is lost."""

import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.crash.server import Server, free_port
from tests.proxy import Proxy

from modelfleet import Fleet as Platform


class Fleet:
    """Two servers over one log, and nginx before them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with Platform(folder / "data", train=False) as platform:
            _, key = platform.create_key("operator")
        self.headers = {"Authorization": f"Bearer {key}"}
        self.ports = [free_port(), free_port()]
        self.servers = [self._start(port) for port in self.ports]
        for server in self.servers:
            server.wait_until_ready()
        self.proxy = Proxy(folder, self.ports)

    def _start(self, port: int) -> Server:
        return Server(
            ["serve", "--data", str(self._folder / "data"), "--port", str(port)],
            folder=self._folder,
            port=port,
        )

    def restart(self, which: int) -> None:
        assert self.servers[which].stop() == 0
        self.servers[which] = self._start(self.ports[which]).wait_until_ready()

    def models_in_memory(self, port: int) -> float:
        text = httpx.get(f"http://127.0.0.1:{port}/metrics", headers=self.headers).text
        (value,) = re.findall(r"(?m)^modelfleet_models_in_memory (\S+)$", text)
        return float(value)

    def said(self) -> str:
        return (self._folder / "nginx.txt").read_text()

    def stop(self) -> None:
        self.proxy.stop()
        for server in self.servers:
            server.stop()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    fleet = Fleet(tmp_path_factory.mktemp("fleet"))
    yield fleet
    fleet.stop()


def asking(
    url: str, headers: dict[str, str], tenant: str, stop: threading.Event, answers: list[int | str]
) -> None:
    """Ask on and on over connections of nginx's; what came of each request."""
    with httpx.Client(base_url=url, headers=headers, timeout=30) as client:
        while not stop.is_set():
            try:
                path = f"/api/tenants/{tenant}/tasks/team/decisions"
                answers.append(client.post(path, json={"text": "no wifi"}).status_code)
            except httpx.HTTPError as error:
                answers.append(repr(error))


@pytest.mark.slow
def test_a_rolling_restart_loses_no_request(running: Fleet) -> None:
    url = f"http://127.0.0.1:{running.proxy.port}"
    end = time.monotonic() + 10
    while not _answers(url):
        assert time.monotonic() < end
        time.sleep(0.05)
    stop, answers = threading.Event(), list[int | str]()
    tenants = [f"tenant{number}" for number in range(6)]
    threads = [
        threading.Thread(target=asking, args=(url, running.headers, tenant, stop, answers))
        for tenant in tenants
    ]
    for thread in threads:
        thread.start()
    for which in (0, 1):
        running.restart(which)
        time.sleep(2.5)  # more than nginx, which counts whole seconds, leaves alone what failed
    stop.set()
    for thread in threads:
        thread.join()
    assert set(answers) == {200}, running.said()
    assert len(answers) > 50


@pytest.mark.slow
def test_a_tenants_requests_go_to_one_server(running: Fleet) -> None:
    url = f"http://127.0.0.1:{running.proxy.port}"
    before = [running.models_in_memory(port) for port in running.ports]
    with httpx.Client(base_url=url, headers=running.headers) as client:
        for number in range(30):
            of_task = f"/api/tenants/another{number}/tasks/team"
            label = client.put(f"{of_task}/labels/it", json={"keywords": ["wifi"]})
            assert label.status_code == 200
            for _ in range(3):
                asked = client.post(f"{of_task}/decisions", json={"text": "no wifi"})
                assert asked.status_code == 200
    after = [running.models_in_memory(port) for port in running.ports]
    came = [then - first for then, first in zip(after, before, strict=True)]
    assert sum(came) == 30
    assert min(came) >= 5


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz").status_code == 200
    except httpx.TransportError:
        return False
