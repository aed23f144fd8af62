"""Any number of lines: each is answered for, and a broken one stops no other."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar import Litestar
from litestar.testing import TestClient

from modelfleet import Fleet
from modelfleet.api.lines import Splitter
from modelfleet.events import Query

from .conftest import TASK

Api = TestClient[Litestar]


@pytest.fixture(scope="module", autouse=True)
def labels(fleet: Fleet) -> None:
    fleet.task("acme", "team").define_label("it", keywords=["wifi"])


def answers(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_broken_line_in_the_middle_stops_no_other(open_api: Api, fleet: Fleet) -> None:
    lines = [f'{{"text":"request {n}","label":"it","id":"x{n}"}}'.encode() for n in range(1_200)]
    lines[700] = b'{"text":"broken'
    lines[701] = b'{"text":"unknown label","label":"nobody"}'
    lines[702] = b'{"text":"' + b"a" * 1_000_000 + b'","label":"it"}'
    lines[703] = b'{"text":"another","label":"it","id":"x5"}'
    answer = open_api.post(f"{TASK}/examples/bulk", content=b"\n".join(lines))
    told = answers(answer.text)
    assert answer.status_code == 200
    assert [one["line"] for one in told] == list(range(1, 1_201))
    refused = {one["line"]: one["error"] for one in told if "error" in one}
    assert {line: error["status"] for line, error in refused.items()} == {
        701: 400,
        702: 400,
        703: 400,
        704: 409,
    }
    assert refused[702]["faults"][0]["field"] == "label"
    examples = list(fleet.events(Query(tenant="acme", kinds=("example.given",))))
    taken = [(one["id"], one["seq"]) for one in told if "error" not in one]
    assert [(event.id, event.seq) for event in examples] == taken


def test_an_export_can_be_imported_elsewhere(
    open_api: Api, fleet: Fleet, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from modelfleet.api import create_app  # noqa: PLC0415 - a second application, for this test

    fleet.task("acme", "team").decide("no wifi")
    exported = open_api.get("/api/tenants/acme/events", headers={"Accept": "application/x-ndjson"})
    assert exported.headers["content-type"] == "application/x-ndjson"
    folder = tmp_path_factory.mktemp("other")
    with (
        Fleet(folder, durable=False, train=False) as other,
        TestClient(create_app(other, keys_required=False)) as elsewhere,
    ):
        told = answers(elsewhere.post("/api/import", content=exported.content).text)
        again = answers(elsewhere.post("/api/import", content=exported.content).text)
        assert not [one for one in told if "error" in one]
        assert all(one["duplicate"] for one in again)
        copied = [(e.id, e.kind, e.time, e.fields) for e in other.events(Query())]
    ours = fleet.events(Query(tenant="acme"))
    assert copied == [(e.id, e.kind, e.time, e.fields) for e in ours]


def test_a_byte_order_mark_at_the_beginning_costs_no_line(open_api: Api) -> None:
    body = '{"text":"the first","label":"it","id":"bom"}\n'.encode("utf-8-sig")
    (told,) = answers(open_api.post(f"{TASK}/examples/bulk", content=body).text)
    assert told["id"] == "bom"


def test_pages_of_events_join_without_a_gap(open_api: Api) -> None:
    def pages() -> Iterator[int]:
        after, more = 0, True
        while more:
            page = open_api.get(f"/api/events?limit=7&after={after}&kind=ticket.closed").json()
            after, more = page["after"], page["more"]
            yield from (event["seq"] for event in page["events"])

    events = [{"kind": "ticket.closed", "fields": {"n": n}} for n in range(30)]
    receipts = open_api.post("/api/tenants/acme/events", json=events).json()
    assert list(pages()) == [receipt["seq"] for receipt in receipts]


def test_events_are_found_by_their_fields(open_api: Api) -> None:
    events = [
        {"kind": "visit.ended", "fields": {"office": office, "minutes": minutes}}
        for office, minutes in (("Oslo", 5), ("Oslo", 50), ("Rome", 500))
    ]
    open_api.post("/api/tenants/acme/events", json=events)
    asked = {"kind": "visit.ended", "where": ["office=Oslo", "minutes>=10"]}
    found = open_api.get("/api/tenants/acme/events", params=asked).json()["events"]
    assert [event["fields"] for event in found] == [{"office": "Oslo", "minutes": 50}]


@given(
    lines=st.lists(st.binary(max_size=30).filter(lambda line: b"\n" not in line)),
    size=st.integers(1, 20),
)
def test_lines_are_the_same_however_the_body_is_cut(lines: list[bytes], size: int) -> None:
    body = b"\n".join(lines)
    splitter = Splitter(longest=20)
    found = [
        line
        for start in range(0, len(body), size)
        for line in splitter.feed(body[start : start + size])
    ] + splitter.last()
    expected = [
        (number, None if len(line) > 20 else line.strip())
        for number, line in enumerate(lines, 1)
        if len(line) > 20 or line.strip()
    ]
    assert [(line.number, line.data) for line in found] == expected
