"""Every write takes the client's own id: again is harmless, otherwise is a conflict."""

from collections.abc import Callable
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from modelfleet import Fleet

from .conftest import TASK

Api = TestClient[Litestar]

WRITES: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("PUT", f"{TASK}/labels/hr", {"name": "People"}, {"name": "Humans"}),
    ("POST", f"{TASK}/decisions", {"text": "no wifi"}, {"text": "no heating"}),
    ("POST", f"{TASK}/decisions/t1/feedback", {"verdict": "irrelevant"}, {"verdict": "helpful"}),
    ("POST", f"{TASK}/examples", {"text": "a", "label": "it"}, {"text": "b", "label": "it"}),
    ("POST", f"{TASK}/forget", {"example": "decision:t2"}, {"example": "decision:t1"}),
    ("POST", "/api/tenants/acme/events", {"kind": "a.b"}, {"kind": "a.c"}),
    ("POST", f"{TASK}/training/retry", {"by": "alice"}, {"by": "bob"}),
    ("POST", f"{TASK}/versions/unpin", {"by": "alice"}, {"by": "bob"}),
    ("POST", "/api/keys", {"role": "operator"}, {"role": "user", "tenant": "acme"}),
]


@pytest.fixture(scope="module", autouse=True)
def a_decision(fleet: Fleet) -> None:
    team = fleet.task("acme", "team")
    team.define_label("it", keywords=["wifi"])
    team.define_label("facilities", keywords=["heating"])
    team.decide("no wifi", id="t1")
    team.decide("no wifi", id="t2")


@pytest.mark.parametrize(
    ("method", "path", "body", "other"), WRITES, ids=[path for _, path, _, _ in WRITES]
)
def test_a_write_sent_again_is_taken_once(
    open_api: Api,
    logged: Callable[[], int],
    method: str,
    path: str,
    body: dict[str, Any],
    other: dict[str, Any],
) -> None:
    named = {"id": f"own id of {path}"}
    before = logged()
    first = open_api.request(method, path, json=body | named)
    again = open_api.request(method, path, json=body | named)
    assert first.status_code == again.status_code == 200, again.text
    assert logged() == before + 1
    told = again.json()
    assert all(told[key] == first.json()[key] for key in told.keys() - {"duplicate", "secret"})
    conflict = open_api.request(method, path, json=other | named)
    assert conflict.status_code == 409
    assert logged() == before + 1


def test_removing_a_label_twice_under_one_id_is_harmless(open_api: Api) -> None:
    open_api.put(f"{TASK}/labels/legal", json={})
    first = open_api.delete(f"{TASK}/labels/legal?id=gone")
    again = open_api.delete(f"{TASK}/labels/legal?id=gone")
    assert (first.json()["seq"], again.json()["duplicate"]) == (again.json()["seq"], True)


def test_an_id_may_hold_any_printable_characters(open_api: Api) -> None:
    identity = "ticket/12?a=b#c %2F ü"
    made = open_api.post(f"{TASK}/decisions", json={"text": "no wifi", "id": identity})
    path = f"{TASK}/decisions/ticket%2F12%3Fa=b%23c%20%252F%20%C3%BC"
    assert made.json()["id"] == identity == open_api.get(path).json()["id"]


def test_a_batch_is_decided_once_and_in_order(open_api: Api, logged: Callable[[], int]) -> None:
    requests = [{"text": f"no wifi in room {n}", "id": f"batch-{n}"} for n in range(20)]
    before = logged()
    first = open_api.post(f"{TASK}/decisions/batch", json={"requests": requests}).json()
    again = open_api.post(f"{TASK}/decisions/batch", json={"requests": requests}).json()
    assert first == again
    assert [one["id"] for one in first["decisions"]] == [one["id"] for one in requests]
    assert logged() == before + 20


def test_a_write_sent_again_is_harmless_though_its_label_is_gone(open_api: Api) -> None:
    open_api.put(f"{TASK}/labels/gone", json={"name": "Gone"})
    writes: list[tuple[str, str, dict[str, object]]] = [
        ("POST", f"{TASK}/decisions/t1/feedback", {"verdict": "reassigned", "label": "gone"}),
        ("POST", f"{TASK}/examples", {"text": "going", "label": "gone"}),
        ("POST", f"{TASK}/pinned-examples", {"text": "going", "label": "gone"}),
        ("PUT", f"{TASK}/targets", {"label": "gone", "precision": 0.9}),
    ]
    named = [(method, path, body | {"id": f"of gone {path}"}) for method, path, body in writes]
    first = [open_api.request(method, path, json=body) for method, path, body in named]
    assert [one.status_code for one in first] == [200] * 4, [one.text for one in first]
    open_api.delete(f"{TASK}/labels/gone")
    for method, path, body in named:
        again = open_api.request(method, path, json=body)
        assert again.status_code == 200, again.text
        new = open_api.request(method, path, json=body | {"id": f"another of {path}"})
        assert new.status_code in {400, 404}, path
    withdrawn = open_api.put(f"{TASK}/targets", json={"label": "gone", "precision": None})
    assert withdrawn.status_code == 200, withdrawn.text
