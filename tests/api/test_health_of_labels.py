"""Pinned examples and the doctor over HTTP: the library's answers, in JSON and by the client."""

from collections.abc import Iterator

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from tests.test_client import Running

from modelfleet import Client, Example, Fleet
from modelfleet.errors import InvalidInput, NotFound

Api = TestClient[Litestar]

PLACE = "/api/tenants/initech/tasks/team"


@pytest.fixture(scope="module")
def client(fleet: Fleet) -> Iterator[Client]:
    with Running(fleet) as url, Client(url) as client:
        yield client


def test_pinned_over_http_it_holds_from_the_next_decision_on(open_api: Api) -> None:
    for label in ("it", "hr"):
        open_api.put(f"{PLACE}/labels/{label}")
    body = {"text": "from the board", "label": "hr", "key": "a/b", "by": "alice", "id": "pin-1"}
    receipt = open_api.post(f"{PLACE}/pinned-examples", json=body).json()
    assert open_api.post(f"{PLACE}/pinned-examples", json=body).json()["duplicate"]
    decided = open_api.post(f"{PLACE}/decisions", json={"text": "from the board"}).json()
    assert (decided["label"], decided["candidates"][0]["probability"]) == ("hr", 1.0)
    (pinned,) = open_api.get(f"{PLACE}/pinned-examples").json()["pinned"]
    assert (pinned["key"], pinned["by"], pinned["seq"]) == ("a/b", "alice", receipt["seq"])
    for duplicate in (False, True):
        gone = open_api.delete(f"{PLACE}/pinned-examples/a%2Fb?id=unpin-1")
        assert gone.json()["duplicate"] == duplicate
    assert open_api.get(f"{PLACE}/pinned-examples").json() == {"pinned": []}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": "hi", "label": "nobody"}, "label"),
        ({"text": "hi", "label": None}, "label"),
        ({"text": " ", "label": "it"}, "text"),
        ({"text": "hi", "label": "it", "key": ""}, "key"),
        ({"text": "hi", "label": "it", "metadata": {"a": []}}, "metadata.a"),
    ],
)
def test_what_cannot_be_pinned_is_refused_and_named(
    open_api: Api, body: dict[str, object], field: str
) -> None:
    open_api.put(f"{PLACE}/labels/it")
    answer = open_api.post(f"{PLACE}/pinned-examples", json=body)
    assert answer.status_code == 400
    assert answer.json()["faults"][0]["field"] == field


def test_the_client_has_the_librarys_verbs(fleet: Fleet, client: Client) -> None:
    here, there = fleet.task("initrode", "team"), client.task("initrode", "team")
    there.define_label("it")
    there.define_label("hr")
    there.give_examples([Example(f"no wifi {n}", "it") for n in range(8)])
    there.give_examples([Example("no wifi 3", "hr"), Example("my payslip", "hr")])
    there.pin_example("hi", "hr", metadata={"from": "board"}, key="greeting", by="alice")
    assert there.pinned_examples() == here.pinned_examples()
    found = there.doctor()
    assert found == here.doctor()
    assert found.scarce[0].enough_by is not None
    assert found.contradictions
    there.unpin_example("greeting", by="alice")
    assert here.pinned_examples() == []
    with pytest.raises(NotFound):
        there.unpin_example("greeting")
    with pytest.raises(InvalidInput, match="label"):
        there.pin_example("hi", "nobody")
