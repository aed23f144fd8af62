"""KServe's own client, both its protocols, from an environment of its own: it brings Kubernetes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import HandClock
from tests.crash.server import Server, free_port

from modelfleet import Client, Fleet
from modelfleet.clock import now

from .conftest import MODEL, TEXTS, cast_of, fill

PYTHON = Path(sys.prefix) / "kserve" / "bin" / "python"


def told(url: str, key: str) -> dict[str, Any]:
    program = Path(__file__).with_name("kserve_client.py")
    done = subprocess.run(  # noqa: S603 - our own program
        [str(PYTHON), str(program), url, key, MODEL, TEXTS[0]],
        capture_output=True,
        text=True,
        check=True,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
    )
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


def test_kserves_client_gets_the_numbers_of_the_decision_api_and_charlie_nothing(
    tmp_path: Path,
) -> None:
    if not PYTHON.exists():
        if os.environ.get("REQUIRE_KSERVE") == "1":
            pytest.fail("make sets up the environment of KServe's client", pytrace=False)
        pytest.skip("KServe's client isn't installed: make test sets it up")
    clock = HandClock(now() - 3_600_000_000)
    with Fleet(tmp_path / "data", durable=False, train=False, clock=clock) as fleet:
        fill(fleet, clock)
        cast = cast_of(fleet)
    port = free_port()
    with Server(["serve", "--data", "data", "--port", str(port)], folder=tmp_path, port=port) as it:
        it.wait_until_ready()
        said = told(it.url, cast.bob)
        with Client(it.url, key=cast.bob) as api:
            decided = api.task("acme", "team").decide(TEXTS[0]).confidence
        charlie = told(it.url, cast.charlie)
    assert said == {
        "live": [True, True],
        "ready": [True, True, True],
        "v1": decided,
        "json": decided,
        "binary": decided,
        "id": "42",
    }
    assert f"Latest({MODEL})" in charlie["error"]
