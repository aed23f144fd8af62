"""The document is valid, whole, and its examples are true; who watches sees what goes on."""

import json
import re
from typing import Any

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient
from openapi_spec_validator import validate

from modelfleet import Fleet
from modelfleet.api.operation import Operation

from .conftest import TASK
from .test_access import NAMES, OPERATIONS

Api = TestClient[Litestar]


@pytest.fixture(scope="module")
def document(open_api: Api) -> dict[str, Any]:
    shown: dict[str, Any] = open_api.get("/docs/openapi.json").json()
    return shown


def test_the_document_is_valid_openapi(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    validate(document)


def test_every_route_is_in_it_with_examples(document: dict[str, Any]) -> None:
    for method, path, operation in OPERATIONS:
        shown = document["paths"][path.replace(":str", "")][method.lower()]
        assert ("requestBody" in shown) == (operation.body is not None)
        bodies = [shown.get("requestBody"), *shown["responses"].values()]
        for content in (body["content"] for body in bodies if body):
            assert all("example" in one for one in content.values())


@pytest.mark.parametrize("operation", [one[2] for one in OPERATIONS], ids=NAMES)
def test_examples_are_what_they_are_examples_of(operation: Operation) -> None:
    contents = [content for content in (operation.body, *operation.answers) if content]
    for content in contents:
        encoded = json.dumps(content.example)
        msgspec.json.decode(encoded, type=content.type)


def test_the_page_needs_no_other_host(open_api: Api) -> None:
    page = open_api.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "/decisions" in page.text
    assert not any(word in page.text for word in ("<script", "http://", "https://", "//cdn"))


def test_metrics_are_of_the_fleet_and_name_no_tenant(open_api: Api, fleet: Fleet) -> None:
    team = fleet.task("acme", "team")
    team.define_label("it", keywords=["wifi"])
    made = open_api.post(f"{TASK}/decisions", json={"text": "no wifi"}).json()
    open_api.post(f"{TASK}/decisions/{made['id']}/feedback", json={"verdict": "helpful"})
    open_api.get("/nowhere/at/all")
    shown = open_api.get("/metrics").text
    assert "modelfleet_decisions_total 1.0" in shown
    assert 'modelfleet_feedback_total{verdict="helpful"} 1.0' in shown
    assert "modelfleet_models_in_memory 1.0" in shown
    assert "modelfleet_models_missed_total 1.0" in shown
    assert re.search(r"modelfleet_models_found_total [1-9]", shown)
    assert f"modelfleet_log_head {fleet.log.head()}.0" in shown
    assert 'route="/api/tenants/{tenant}/tasks/{task}/decisions",status="200"} 1.0' in shown
    assert "acme" not in shown
    assert "nowhere" not in shown


def test_alive_and_ready(open_api: Api, fleet: Fleet) -> None:
    assert open_api.get("/healthz").json() == {"status": "alive"}
    assert open_api.get("/readyz").json() == {"status": "ready", "head": fleet.log.head()}
