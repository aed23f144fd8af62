"""What ships for Prometheus and Grafana: right by their own tools, and fed by a real server."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.programs import free_port, program, running, until

from modelfleet.events import kinds, make
from modelfleet.fleet import Fleet

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES = DEPLOY / "prometheus" / "rules.yml"
DASHBOARD = DEPLOY / "grafana" / "modelfleet.json"
SUFFIXES = ("_bucket", "_sum", "_count", "_total", "_created")
OURS = re.compile(r"(?<![\w:])modelfleet_\w+")
NEEDS_MORE = re.compile("precision|judged")
"""What has no answer before people have spoken of decisions for hours."""
RECORDED = re.compile(r"\b(?:fleet|recipe):modelfleet_\w+:\w+")


def checked(*arguments: str) -> str:
    done = subprocess.run(  # noqa: S603 - found by us
        [program("promtool"), *arguments],
        cwd=RULES.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def expressions() -> list[str]:
    """All that the dashboard asks for."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel["targets"]]


def test_rules_are_right_and_do_what_they_say() -> None:
    checked("check", "rules", "rules.yml")
    checked("test", "rules", "rules.test.yml")


def test_every_alerting_rule_is_tested() -> None:
    tested = set(re.findall(r"alertname: (\w+)", (RULES.parent / "rules.test.yml").read_text()))
    assert set(re.findall(r"alert: (\w+)", RULES.read_text())) == tested


def test_what_the_dashboard_shows_is_recorded_by_the_rules() -> None:
    recorded = set(re.findall(r"record: (\S+)", RULES.read_text()))
    asked = {name for one in expressions() for name in RECORDED.findall(one)}
    assert asked <= recorded


@pytest.fixture
def server(folder: Path, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """A real server with a little history: its address, and an operator's key."""
    with Fleet(folder, train=False, durable=False) as fleet:
        team = fleet.task("acme", "team")
        team.define_label("it", keywords=["wifi"])
        for decision in [team.decide("no wifi") for _ in range(5)]:
            team.assign(decision.id, "it")
        raised = kinds.AlertRaised(alert="a1", finding="precision", sentence="It fell.")
        fleet.log.append([make(raised, tenant="acme", task="team", time=fleet.clock())])
        fleet.watch_due()
        _, key = fleet.create_key("operator")
    port = free_port()
    url = f"127.0.0.1:{port}"
    command = [sys.executable, "-m", "modelfleet", "serve", "--data", str(folder)]
    with running(
        [*command, "--port", str(port)], tmp_path, lambda: answers(f"http://{url}/readyz")
    ):
        header = {"Authorization": f"Bearer {key}"}
        for text in ("no wifi", "wifi again"):
            path = f"http://{url}/api/tenants/acme/tasks/team/decisions"
            made = httpx.post(path, json={"text": text}, headers=header).json()
            said = {"verdict": "reassigned", "label": "it"}
            httpx.post(f"{path}/{made['id']}/feedback", json=said, headers=header)
        yield url, key


@pytest.fixture
def prometheus(server: tuple[str, str], tmp_path: Path) -> Iterator[str]:
    """A real Prometheus that scrapes the server as the shipped file says."""
    url, key = server
    command = program("prometheus")
    folder = tmp_path / "prometheus"
    shutil.copytree(RULES.parent, folder)
    (folder / "modelfleet.key").write_text(key)
    config = (folder / "prometheus.yml").read_text()
    config = config.replace("modelfleet:8080", url).replace("15s", "1s")
    (folder / "prometheus.yml").write_text(config.replace("alertmanager:9093", "127.0.0.1:1"))
    port = free_port()
    options = {
        "config.file": "prometheus.yml",
        "storage.tsdb.path": "data",
        "web.listen-address": f"127.0.0.1:{port}",
    }
    arguments = [f"--{name}={value}" for name, value in options.items()]
    address = f"http://127.0.0.1:{port}"
    with running([command, *arguments], folder, lambda: answers(f"{address}/-/ready")):
        yield address


def answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.TransportError:
        return False


def asked(address: str, query: str) -> list[dict[str, Any]]:
    answer = httpx.get(f"{address}/api/v1/query", params={"query": query}).json()
    assert answer["status"] == "success", (query, answer)
    found: list[dict[str, Any]] = answer["data"]["result"]
    return found


@pytest.mark.slow
def test_prometheus_scrapes_a_server_and_can_answer_all_that_the_dashboard_asks(
    prometheus: str, server: tuple[str, str]
) -> None:
    def unanswered() -> list[str]:
        """What can't be answered yet, though the server has all that it needs."""
        wanted = [one for one in expressions() if not NEEDS_MORE.search(one)]
        return [one for one in wanted if not asked(prometheus, one)]

    until(lambda: not unanswered(), lambda: str(unanswered()))
    exposed = names(server)
    written = RULES.read_text() + "\n".join(expressions())
    assert {_family(name) for name in OURS.findall(written)} - exposed == set()
    assert asked(prometheus, "modelfleet_tenants")[0]["value"][1] == "1"
    (alert,) = asked(prometheus, "modelfleet_alerts_open > 0")
    assert alert["metric"]["finding"] == "precision"
    assert alert["value"][1] == "1"


def names(server: tuple[str, str]) -> set[str]:
    """The metrics that the server has."""
    url, key = server
    header = {"Authorization": f"Bearer {key}"}
    text = httpx.get(f"http://{url}/metrics", headers=header).text
    return {_family(name) for name in re.findall(r"^(\w+)", text, re.MULTILINE)}


def _family(name: str) -> str:
    for suffix in SUFFIXES:
        name = name.removesuffix(suffix)
    return name


@pytest.mark.slow
def test_the_scrape_configuration_is_right(tmp_path: Path) -> None:
    folder = tmp_path / "prometheus"
    shutil.copytree(RULES.parent, folder)
    (folder / "modelfleet.key").write_text("mf_key")
    checked("check", "config", str(folder / "prometheus.yml"))
