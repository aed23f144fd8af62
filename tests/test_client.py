"""One story, told to the library and to a server: both answer the same."""

import asyncio
import math
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from granian.constants import Interfaces
from granian.server.embed import Server

from modelfleet import Client, Example, Feedback, Fleet, Request
from modelfleet.api import create_app
from modelfleet.errors import (
    Conflict,
    Declined,
    InvalidInput,
    NotAllowed,
    NotFound,
    ServerRefused,
)
from modelfleet.events import Event, Query, parse_condition
from modelfleet.monitoring import Period

Platform = Fleet | Client


class Running:
    """A real server in a thread of this process."""

    def __init__(self, fleet: Fleet, *, keys_required: bool = False) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        app = create_app(fleet, keys_required=keys_required)
        self.url = f"http://127.0.0.1:{port}"
        self._loop = asyncio.new_event_loop()
        self._server = Server(app, port=port, interface=Interfaces.ASGINL, log_enabled=False)
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> str:
        self._thread.start()
        end = time.monotonic() + 10
        while time.monotonic() < end:
            try:
                httpx.get(f"{self.url}/healthz")
            except httpx.TransportError:
                time.sleep(0.02)
            else:
                return self.url
        raise TimeoutError("the server didn't start")

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._server.stop)
        self._thread.join()
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._server.serve())


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder: Path = tmp_path_factory.mktemp("fleet")
    with Fleet(folder, durable=False, train=False) as fleet:
        yield fleet


@pytest.fixture(scope="module")
def url(fleet: Fleet) -> Iterator[str]:
    with Running(fleet) as url:
        yield url


@pytest.fixture(params=["library", "client"])
def platform(request: pytest.FixtureRequest, fleet: Fleet, url: str) -> Iterator[Platform]:
    if request.param == "library":
        yield fleet
        return
    with Client(url) as client:
        yield client


@pytest.fixture
def tenant(request: pytest.FixtureRequest) -> str:
    """A tenant of the test's own: both run on one log."""
    return "".join(char if char.isalnum() else "-" for char in request.node.name)[:100]


def test_a_correction_is_known_by_the_next_decision(platform: Platform, tenant: str) -> None:
    team = platform.task(tenant, "team")
    team.define_label("it", name="IT support", keywords=["wifi", "printer"])
    team.define_label("facilities", name="Facilities", keywords=["heating"])
    assert [label.label for label in team.labels()] == ["facilities", "it"]
    first = team.decide("the thing in room 12 hums", metadata={"office": "Oslo"}, id="t/1")
    for number in range(5):
        made = team.decide(f"the thing in room {number} hums")
        team.assign(made.id, "facilities", by="bob")
    then = team.decide("the thing in room 12 hums", metadata={"office": "Oslo"})
    assert then.candidates[0].label == "facilities"
    assert (
        team.decision("t/1")
        == first
        == team.decide("the thing in room 12 hums", metadata={"office": "Oslo"}, id="t/1")
    )
    team.remove_label("it")
    assert "it" not in [one.label for one in team.decide("wifi").candidates]
    state = team.status()
    assert (state.decided, state.answered, state.behind > 0) == (8, 5, True)
    assert platform.tenant_status(tenant) == [state]
    assert platform.status().decided >= 8


def test_every_word_about_a_decision_is_taken(platform: Platform, tenant: str) -> None:
    team = platform.task(tenant, "team")
    team.define_label("it", keywords=["wifi"])
    team.define_label("facilities", keywords=["heating"])
    made = team.decide("wifi wifi wifi")
    if made.label is not None:
        team.accept(made.id, by="bob")
    team.no_label_fits(made.id)
    team.irrelevant(made.id)
    team.helpful(made.id, helpful=False)
    receipt = team.feedback(made.id, Feedback("helpful", id="word"))
    again = team.feedback(made.id, Feedback("helpful", id="word"))
    assert (again.seq, again.duplicate) == (receipt.seq, True)


def test_a_precision_is_asked_for_tried_and_shown(platform: Platform, tenant: str) -> None:
    task = platform.task(tenant, "team")
    task.define_label("it", description="Laptops, passwords, wifi")
    task.define_label("facilities", description="Doors, lifts, heating")
    decision = task.decide("will it rain in the mountains")
    assert decision.reason in {"no_label_fits", "below_threshold"}
    assert task.decision(decision.id).reason == decision.reason
    (usual,) = task.targets()
    assert (usual.precision, usual.asked, usual.certified) == (0.9, False, False)
    assert task.preview_target(0.99, label="it").aim.precision == 0.99
    assert task.preview_target(None).aim == usual
    task.set_target_precision(0.97, by="alice")
    task.set_target_precision(0.99, label="it")
    assert [(aim.label, aim.precision, aim.asked) for aim in task.targets()] == [
        (None, 0.97, True),
        ("it", 0.99, True),
    ]
    task.set_target_precision(None, label="it")
    assert task.decide("no wifi").threshold == 0.97
    with pytest.raises(InvalidInput, match="precision"):
        task.set_target_precision(95)


def test_versions_are_tried_out_and_recalled(platform: Platform, tenant: str) -> None:
    task = platform.task(tenant, "team")
    fields = {
        "watermark": 0,
        "evidence": 0,
        "examples": 0,
        "labels": 0,
        "fingerprint": "f",
        "training_digest": "d",
        "why": "first",
    }
    recipe = f"of-{tenant}"
    for version in ("v1", "v2"):
        told = fields | {"version": version, "recipe": recipe if version == "v2" else "other"}
        event = Event("version.published", tenant, 1_700_000_000_000_000, version, "team", told)
        platform.import_events([event])
    task.set_canary("v1", 0.25, by="alice")
    task.set_shadow("v1")
    state = task.status()
    assert (state.canary, state.canary_share, state.shadow) == ("v1", 0.25, "v1")
    assert state.aliases == {"live": "v2", "previous": "v1", "canary": "v1", "shadow": "v1"}
    with pytest.raises(Conflict, match="live"):
        task.set_canary("v2")
    with pytest.raises(NotFound):
        task.set_shadow("v3")
    with pytest.raises(InvalidInput, match="share"):
        task.set_canary("v1", 2)
    task.set_canary(None)
    task.set_shadow(None)
    assert (task.status().canary, task.status().shadow) == (None, None)
    assert platform.roll_back_recipe(recipe, since=1).changed == 1
    assert task.status().live == "v1"
    assert platform.promote_recipe(recipe, by="alice").changed == 1
    assert task.status().live == "v2"


def test_metrics_are_the_same_in_both(fleet: Fleet, url: str, tenant: str) -> None:
    task = fleet.task(tenant, "measured")
    task.define_label("it", keywords=["wifi"])
    task.accept(task.decide("the wifi is down").id)
    fleet.watch_due()
    with Client(url) as client:
        there = client.task(tenant, "measured")
        assert there.metrics(by="label") == task.metrics(by="label")
        assert there.metrics(7, bucket="day") == task.metrics(7, bucket="day")
        assert there.metrics().now.metrics.requests == 1
        assert there.awaiting() == task.awaiting() == []
        task.decide("no wifi")
        assert there.awaiting() == task.awaiting()
        assert client.metrics(Period(7, by="recipe")) == fleet.metrics(Period(7, by="recipe"))
        with pytest.raises(InvalidInput, match="by"):
            there.metrics(by="author")


def test_many_at_once(platform: Platform, tenant: str) -> None:
    team = platform.task(tenant, "team")
    team.define_label("it", keywords=["wifi"])
    requests = [Request(f"no wifi on floor {n}", {"n": n}, f"r{n}") for n in range(30)]
    decisions = team.decide_many(requests)
    assert [one.id for one in decisions] == [one.id for one in requests]
    receipts = team.give_examples([Example("no wifi", "it", id="e1"), Example("spam", None)])
    assert receipts[0].id == "e1"
    with pytest.raises(InvalidInput, match="label"):
        team.give_examples([Example("no wifi", "it", id="e2"), Example("x", "nobody")])
    assert not [e for e in platform.events(Query(tenant=tenant)) if e.id == "e2"]


def test_an_application_logs_and_finds_its_own_events(platform: Platform, tenant: str) -> None:
    events = [
        Event("visit.ended", tenant, 1_700_000_000_000_001 + n, f"v{n}", "team", {"text": text})
        for n, text in enumerate(["a<=b", "printer jam", "a=b"])
    ]
    receipts = platform.append(events)
    assert [one.id for one in receipts] == ["v0", "v1", "v2"]
    found = list(platform.events(Query(tenant=tenant)))
    assert [(e.id, e.time, e.task, e.fields) for e in found] == [
        (e.id, e.time, e.task, e.fields) for e in events
    ]
    for condition, ids in (
        (parse_condition("text:jam"), ["v1"]),
        (parse_condition("text"), ["v0", "v1", "v2"]),
        (parse_condition('text="a\\u003c\\u003db"'), ["v0"]),
    ):
        query = Query(tenant=tenant, kinds=("visit.ended",), where=(condition,))
        assert [event.id for event in platform.events(query)] == ids
    newest = next(iter(platform.events(Query(tenant=tenant, newest_first=True))))
    assert newest.id == "v2"
    since = Query(tenant=tenant, since=events[1].time, until=events[2].time)
    assert [event.id for event in platform.events(since)] == ["v1"]


def test_events_of_any_kind_are_imported(platform: Platform, tenant: str) -> None:
    body = {"label": "it", "keywords": ["wifi"]}
    event = Event("label.defined", tenant, 1_700_000_000_000_000, "defined", "team", body)
    platform.import_events([event])
    assert [label.label for label in platform.task(tenant, "team").labels()] == ["it"]


def test_what_is_wrong_is_the_same_error_in_both(platform: Platform, tenant: str) -> None:
    team = platform.task(tenant, "team")
    team.define_label("it")
    team.decide("no wifi", id="t1")
    misspelled = platform.task(tenant, "taem")

    def attempt(error: type[Declined], field: str, call: Callable[[], object]) -> None:
        with pytest.raises(error) as raised:
            call()
        (fault,) = raised.value.faults
        assert fault.field.removeprefix("[0].") == field

    attempt(InvalidInput, "text", lambda: team.decide(" "))
    attempt(InvalidInput, "text", lambda: team.decide("a\ud800b"))
    attempt(InvalidInput, "metadata.x", lambda: team.decide("a", metadata={"x": math.nan}))
    attempt(InvalidInput, "time", lambda: team.decide("a", time=2**60))
    attempt(InvalidInput, "label", lambda: team.assign("t1", "nobody"))
    attempt(InvalidInput, "label", lambda: team.define_label(".."))
    attempt(InvalidInput, "kind", lambda: platform.append([Event("A", tenant, 1, "x")]))
    attempt(InvalidInput, "tenant", lambda: platform.task("a/b", "team"))
    attempt(Conflict, "id", lambda: team.decide("no heating", id="t1"))
    attempt(Conflict, "version", team.roll_back)
    attempt(NotFound, "decision", lambda: team.assign("never", "it"))
    attempt(NotFound, "label", lambda: team.remove_label("never"))
    attempt(NotFound, "version", lambda: team.promote("v1"))
    attempt(NotFound, "version", lambda: team.pin("v1"))
    for order in (misspelled.unpin, misspelled.retry_training):
        attempt(NotFound, "task", order)
    attempt(NotFound, "task", lambda: misspelled.set_canary(None))
    attempt(NotFound, "task", lambda: misspelled.set_shadow(None))
    assert len(list(platform.events(Query(tenant=tenant)))) == 2


def test_versions_are_promoted_pinned_and_rolled_back(
    platform: Platform, fleet: Fleet, tenant: str
) -> None:
    team = platform.task(tenant, "team")
    for label in ("it", "facilities"):
        team.define_label(label)
        team.give_examples([Example(f"{label} {n}", label) for n in range(10)])
    for round_ in range(2):
        team.give_examples([Example(f"more of it {round_}", "it")])
        team.retry_training(by="alice")
        fleet.train_due()
    newest, oldest = (one.version for one in team.versions())
    assert team.status().live == newest
    assert team.roll_back(by="alice").version == oldest
    assert team.status().live == oldest
    team.pin(newest)
    assert (team.status().live, team.status().pinned) == (newest, True)
    team.unpin()
    team.promote(oldest)
    assert (team.status().live, team.status().pinned) == (oldest, False)


def test_keys_open_what_their_role_says(fleet: Fleet, url: str) -> None:
    with Client(url) as operator:
        operator.create_key("operator")
        key, secret = operator.create_key("user", "keyed", name="bob")
        with Running(fleet, keys_required=True) as guarded:
            with Client(guarded, key=secret) as bob:
                assert bob.task("keyed", "team").labels() == []
                with pytest.raises(NotAllowed):
                    bob.task("keyed", "team").define_label("it")
                with pytest.raises(NotFound):
                    bob.task("other", "team").labels()
            with Client(guarded) as nobody, pytest.raises(NotAllowed):
                nobody.status()
        operator.revoke_key(key)
        assert [one.active for one in operator.all_keys() if one.key == key] == [False]


def test_bulk_examples_are_streamed_and_each_answered(fleet: Fleet, url: str) -> None:
    fleet.task("bulky", "team").define_label("it")
    examples = (Example(f"request {n}", "it" if n != 1_500 else "nobody") for n in range(3_000))
    with Client(url) as client:
        told = client.task("bulky", "team").give_examples_in_bulk(examples)
    assert [n for n, one in enumerate(told) if isinstance(one, InvalidInput)] == [1_500]
    assert fleet.task("bulky", "team").status().evidence == 2_999


class Unreliable(httpx.BaseTransport):
    """Delivers each request, and loses the first answers to it."""

    def __init__(self, lost: int) -> None:
        self.lost = lost
        self._real = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self._real.handle_request(request)
        if self.lost:
            self.lost -= 1
            response.read()
            response.close()
            raise httpx.ReadError("the connection was lost")
        return response

    def close(self) -> None:
        self._real.close()


def test_a_lost_answer_is_asked_for_again_and_nothing_is_logged_twice(
    fleet: Fleet, url: str
) -> None:
    pauses: list[float] = []
    transport = Unreliable(2)
    with Client(url, transport=transport, pause=pauses.append) as client:
        team = client.task("lossy", "team")
        team.define_label("it")
        transport.lost = 1
        made = team.decide("no wifi", metadata={"a": 1})
        transport.lost = 1
        team.irrelevant(made.id)
        transport.lost = 1
        assert [one.events for one in team.forget(metadata={"a": 1})] == [2]
        transport.lost = 1
        team.give_examples([Example("no wifi", "it")])
    logged = [event.kind for event in fleet.events(Query(tenant="lossy"))]
    assert logged == [
        "label.defined",
        "request.decided",
        "decision.irrelevant",
        "evidence.forgotten",
        "example.given",
    ]
    assert pauses == [0.1, 0.2, 0.1, 0.1, 0.1, 0.1]


def test_a_server_that_cannot_be_reached_is_an_error_of_ours() -> None:
    pauses: list[float] = []
    with Client("http://127.0.0.1:9", pause=pauses.append) as client:
        with pytest.raises(ServerRefused, match="reached"):
            client.status()
        with pytest.raises(ServerRefused, match="reached"):
            list(client.events(Query()))
    assert pauses == [0.1, 0.2, 0.4]
