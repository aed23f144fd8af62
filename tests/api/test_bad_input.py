"""Bad input gets a problem that names the field, and changes nothing."""

import gzip
from collections.abc import Callable

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from modelfleet import Fleet

from .conftest import TASK

Api = TestClient[Litestar]

DECIDE, EXAMPLES = ("POST", f"{TASK}/decisions"), ("POST", f"{TASK}/examples")
BATCH, EVENTS = ("POST", f"{TASK}/decisions/batch"), ("POST", "/api/tenants/acme/events")
FEEDBACK, LABEL = ("POST", f"{TASK}/decisions/t1/feedback"), ("PUT", f"{TASK}/labels/it")
KEYS = ("POST", "/api/keys")
DEEP = b'{"text":"a","metadata":{"x":' + b"[" * 5_000 + b"]" * 5_000 + b"}}"

BAD: list[tuple[tuple[str, str], bytes, str]] = [
    (DECIDE, b"", "body"),
    (DECIDE, b"{", "body"),
    (DECIDE, b'"just a text"', "body"),
    (DECIDE, b'{"text":"a"} {}', "body"),
    (DECIDE, b'{"text":"\xff"}', "body"),
    (DECIDE, b'{"text":"a\x01"}', "body"),
    (DECIDE, DEEP, "body"),
    (DECIDE, b"{}", "text"),
    (DECIDE, b'{"text":""}', "text"),
    (DECIDE, b'{"text":"  "}', "text"),
    (DECIDE, b'{"text":5}', "text"),
    (DECIDE, b'{"text":"' + b"a" * 1_000_000 + b'"}', "text"),
    (DECIDE, b'{"text":"a\\u0000"}', "text"),
    (DECIDE, b'{"text":"a\\ud800b"}', "text"),
    (DECIDE, b'{"text":"a","txet":"b"}', "txet"),
    (DECIDE, b'{"text":"a","metadata":[]}', "metadata"),
    (DECIDE, b'{"text":"a","metadata":{"x":NaN}}', "metadata.x"),
    (DECIDE, b'{"text":"a","metadata":{"x":"\\udc00"}}', "metadata.x"),
    (DECIDE, b'{"text":"a","metadata":{"x":{"y":1}}}', "metadata.x"),
    (DECIDE, b'{"text":"a","metadata":{"x":123456789012345678901234567890}}', "metadata.x"),
    (DECIDE, b'{"text":"a","metadata":{"x":1e999}}', "metadata"),
    (DECIDE, b'{"text":"a","time":"2999-01-01T00:00:00Z"}', "time"),
    (DECIDE, b'{"text":"a","time":"1969-01-01T00:00:00Z"}', "time"),
    (DECIDE, b'{"text":"a","time":"2026-01-01T00:00:00"}', "time"),
    (DECIDE, b'{"text":"a","time":"yesterday"}', "time"),
    (DECIDE, b'{"text":"a","time":1700000000}', "time"),
    (DECIDE, b'{"text":"a","id":""}', "id"),
    (DECIDE, b'{"text":"a","id":"' + b"i" * 201 + b'"}', "id"),
    (BATCH, b'{"requests":[{"text":"a"},{"text":1}]}', "requests[1].text"),
    (BATCH, b'{"requests":[{"text":"a"},{"text":" "}]}', "requests[1].text"),
    (BATCH, b'{"requests":[]}', "requests"),
    (BATCH, b'{"requests":[' + b",".join([b'{"text":"a"}'] * 1_001) + b"]}", "requests"),
    (FEEDBACK, b'{"verdict":"maybe"}', "verdict"),
    (FEEDBACK, b'{"verdict":"reassigned"}', "label"),
    (FEEDBACK, b'{"verdict":"reassigned","label":"nobody"}', "label"),
    (FEEDBACK, b'{"verdict":"accepted","label":"it"}', "label"),
    (FEEDBACK, b'{"verdict":"irrelevant","time":"2999-01-01T00:00:00Z"}', "time"),
    (EXAMPLES, b'{"text":"a"}', "label"),
    (EXAMPLES, b'{"text":"a","label":"nobody"}', "label"),
    (EXAMPLES, b'[{"text":"a","label":"it"},{"text":"","label":"it"}]', "[1].text"),
    (EVENTS, b'{"kind":"Ticket Closed"}', "kind"),
    (EVENTS, b'{"kind":"request.decided"}', "kind"),
    (EVENTS, b'{"kind":"decision.mine"}', "kind"),
    (EVENTS, b'[{"kind":"ok"},{"kind":"ok","task":"a/b"}]', "[1].task"),
    (EVENTS, b'{"kind":"ok","fields":{"x":Infinity}}', "fields.x"),
    (LABEL, b'{"keywords":"wifi"}', "keywords"),
    (LABEL, b'{"keywords":["wifi",5]}', "keywords[1]"),
    (LABEL, b'{"description":"\\u0007"}', "description"),
    (KEYS, b'{"role":"king"}', "role"),
    (KEYS, b'{"role":"owner"}', "tenant"),
    (KEYS, b'{"role":"operator","tenant":"acme"}', "tenant"),
    (("PUT", "/api/tenants/a%2Fb/tasks/team/labels/it"), b"{}", "tenant"),
    (("PUT", "/api/tenants/a..b/tasks/team/labels/it"), b"{}", "tenant"),
    (("PUT", "/api/tenants/acme/tasks/%2E%2E/labels/it"), b"{}", "task"),
    (("PUT", f"{TASK}/labels/%00"), b"{}", "label"),
    (("GET", "/api/events?limit=0"), b"", "limit"),
    (("GET", "/api/events?limit=1001"), b"", "limit"),
    (("GET", "/api/events?since=monday"), b"", "since"),
    (("GET", "/api/events?wher=x"), b"", "wher"),
    (("GET", "/api/events?where=%3D5"), b"", "where"),
    (("GET", "/api/events?where=%00"), b"", "where"),
    (("GET", f"{TASK}/decisions/awaiting?limit=many"), b"", "limit"),
]


@pytest.fixture(scope="module", autouse=True)
def a_decision(fleet: Fleet) -> None:
    team = fleet.task("acme", "team")
    team.define_label("it", keywords=["wifi"])
    team.decide("no wifi", id="t1")


@pytest.mark.parametrize(
    ("call", "body", "field"), BAD, ids=[f"{body[:40]!r} {path}" for (_, path), body, _ in BAD]
)
def test_a_problem_names_the_field_and_nothing_is_logged(
    open_api: Api,
    logged: Callable[[], int],
    call: tuple[str, str],
    body: bytes,
    field: str,
) -> None:
    before = logged()
    method, path = call
    answer = open_api.request(method, path, content=body or None)
    problem = answer.json()
    assert answer.status_code == problem["status"] == 400, problem
    assert answer.headers["content-type"] == "application/problem+json"
    assert field in [fault["field"] for fault in problem["faults"]]
    assert logged() == before


def test_a_body_over_two_megabytes_is_refused(open_api: Api, logged: Callable[[], int]) -> None:
    before = logged()
    answer = open_api.post(f"{TASK}/decisions", content=b" " * 2_000_001)
    assert answer.status_code == 413
    assert answer.json()["faults"][0]["field"] == "body"
    assert logged() == before


@pytest.mark.parametrize("path", [f"{TASK}/decisions", f"{TASK}/examples/bulk", "/api/import"])
def test_a_compressed_body_is_refused_as_such(
    open_api: Api, logged: Callable[[], int], path: str
) -> None:
    before = logged()
    body = gzip.compress(b'{"text": "no wifi"}')
    answer = open_api.post(path, content=body, headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 415
    assert answer.json()["faults"][0]["field"] == "body"
    assert answer.headers["accept-encoding"] == "identity"
    assert logged() == before


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("PATCH", f"{TASK}/labels", 405),
        ("GET", f"{TASK}/decisions/never-made", 404),
        ("DELETE", f"{TASK}/labels/never-defined", 404),
        ("POST", f"{TASK}/versions/v1/promote", 404),
        ("POST", f"{TASK}/versions/roll-back", 409),
        ("DELETE", "/api/keys/no-such-key", 404),
    ],
)
def test_what_is_not_there_is_a_problem_too(
    open_api: Api, method: str, path: str, status: int
) -> None:
    answer = open_api.request(method, path)
    assert answer.status_code == answer.json()["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "field"),
    [
        (f"{TASK}/versions/v1/promote", "version"),
        (f"{TASK}/versions/roll-back", "version"),
        ("/api/tenants/acme/tasks/misspelled/training/retry", "task"),
    ],
)
def test_whatever_is_declined_names_its_field(open_api: Api, path: str, field: str) -> None:
    (fault,) = open_api.post(path).json()["faults"]
    assert fault["field"] == field


def test_our_own_mistakes_are_logged_and_not_told(
    open_api: Api,
    fleet: Fleet,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def broken() -> None:
        raise RuntimeError("the password is swordfish")

    monkeypatch.setattr(fleet.catalog, "fleet", broken)
    answer = open_api.get("/api/status")
    assert answer.status_code == 500
    assert "swordfish" not in answer.text
    assert "Traceback" not in answer.text
    assert "swordfish" in capsys.readouterr().out
