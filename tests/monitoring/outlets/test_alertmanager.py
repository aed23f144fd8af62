"""A real Alertmanager takes our alerts, groups them, and tells its receivers of their end."""

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.conftest import HandClock
from tests.monitoring.outlets.conftest import Newsroom, Tell, an_alert, tell_all
from tests.monitoring.outlets.receiver import Receiver
from tests.programs import free_port, program, running, until

from modelfleet.clock import now
from modelfleet.monitoring.outlets.alertmanager import Alertmanager

CONFIG = """
    route:
      receiver: people
      group_by: [alertname, recipe]
      group_wait: 300ms
      group_interval: 300ms
    receivers:
      - name: people
        webhook_configs:
          - url: {url}
"""


@pytest.fixture
def place(folder: Path) -> str:
    """What is told doesn't depend on the database."""
    return str(folder)


@pytest.fixture
def running_alertmanager(tmp_path: Path, receiver: Receiver) -> Iterator[str]:
    """Its address; what it tells its receiver comes to ours."""
    command = program("alertmanager")
    port = free_port()
    folder = tmp_path / "alertmanager"
    folder.mkdir()
    config = textwrap.dedent(CONFIG).format(url=receiver.url)
    (folder / "config.yml").write_text(config)
    url = f"http://127.0.0.1:{port}"
    options = {
        "config.file": "config.yml",
        "storage.path": "state",
        "web.listen-address": f"127.0.0.1:{port}",
        "cluster.listen-address": "",
    }
    arguments = [f"--{name}={value}" for name, value in options.items()]
    with running([command, *arguments], folder, lambda: _is_ready(url)):
        yield url


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/-/ready").is_success
    except httpx.TransportError:
        return False


def there(url: str) -> list[dict[str, Any]]:
    """The alerts that Alertmanager has."""
    found: list[dict[str, Any]] = httpx.get(f"{url}/api/v2/alerts").json()
    return found


@pytest.mark.slow
def test_alerts_come_through_it_grouped_and_then_resolved(
    running_alertmanager: str,
    news: Newsroom,
    receiver: Receiver,
    clock: HandClock,
    notifier: Tell,
) -> None:
    told = notifier(Alertmanager(running_alertmanager, clock))
    for tenant in ("acme", "globex"):
        news.raise_(an_alert(), f"{tenant}/team")
    tell_all(told)
    until(lambda: len(receiver.posts) >= 1)
    first = receiver.posts[0].json
    assert first["groupLabels"] == {"alertname": "ModelfleetPrecision", "recipe": "default"}
    assert [one["labels"]["tenant"] for one in first["alerts"]] == ["acme", "globex"]
    assert {one["status"] for one in first["alerts"]} == {"firing"}
    assert first["commonAnnotations"]["summary"] == "Precision of acme/team fell from 95% to 71%."
    news.end("a1", whose="acme/team")
    tell_all(told)
    until(lambda: "resolved" in receiver.posts[-1].body.decode())
    states = {one["labels"]["tenant"]: one["status"] for one in receiver.posts[-1].json["alerts"]}
    assert states == {"acme": "resolved", "globex": "firing"}


@pytest.mark.slow
def test_what_it_has_forgotten_it_is_told_again(
    running_alertmanager: str, news: Newsroom, clock: HandClock, notifier: Tell
) -> None:
    news.raise_(an_alert("a0"))
    news.raise_(an_alert("quiet", quiet=True, slice="hour=3"))
    told = notifier(Alertmanager(running_alertmanager, clock))
    tell_all(told)
    assert [one["annotations"]["alert"] for one in there(running_alertmanager)] == ["a0"]
    first = there(running_alertmanager)[0]["endsAt"]
    clock.advance(59)
    tell_all(told)
    assert there(running_alertmanager)[0]["endsAt"] == first
    clock.advance(2)
    tell_all(told)
    assert there(running_alertmanager)[0]["endsAt"] > first
    clock.time = now()
    news.end("a0")
    tell_all(told)
    assert there(running_alertmanager) == []


@pytest.mark.slow
def test_an_end_is_told_again_for_a_while_in_case_its_clock_is_behind(
    running_alertmanager: str, news: Newsroom, receiver: Receiver, clock: HandClock, notifier: Tell
) -> None:
    told = notifier(Alertmanager(running_alertmanager, clock))
    news.raise_(an_alert("a0"))
    tell_all(told)
    until(lambda: len(receiver.posts) >= 1)
    clock.advance(2)  # ahead of Alertmanager's
    news.end("a0")
    tell_all(told)
    assert len(there(running_alertmanager)) == 1
    clock.advance(60)
    until(lambda: now() > clock.time - 60_000_000)
    tell_all(told)
    assert there(running_alertmanager) == []
    clock.advance(16 * 60)
    tell_all(told)
    assert told._positions.known(told.outlet.name) == []
