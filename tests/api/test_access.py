"""Each key sees and does what its role says; charlie, of another tenant, gets nothing."""

import re
import time
from collections.abc import Iterator

import pytest
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.testing import TestClient

from modelfleet import Fleet
from modelfleet.api import create_app
from modelfleet.api.openapi import described
from modelfleet.api.operation import Operation
from modelfleet.errors import NotFound
from modelfleet.events import Query

from .conftest import TASK, Cast

Api = TestClient[Litestar]

SECRET_WORDS = "the-merger-with-initech"  # noqa: S105 - what charlie must not read
IN_THE_PATH = {
    "tenant": "acme",
    "task": "team",
    "label": "it",
    "version": "v1",
    "recipe": "default",
    "alert": "some-alert",
    "suggestion": "some-suggestion",
    "model": "acme.team",
    "number": "7",
    "alias": "live",
}
OTHER_PROTOCOLS = ("/v1/", "/v2/")


def handlers(app: Litestar) -> Iterator[HTTPRouteHandler]:
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if "operation" in handler.opt:
                yield handler


def operations() -> list[tuple[str, str, Operation]]:
    """Every method and path of an application, read from the application itself."""
    with_fleet = _APPLICATION
    found = {
        (method, path): operation
        for handler in handlers(with_fleet)
        for method, path, operation in described(handler)
    }
    return [(method, path, operation) for (method, path), operation in sorted(found.items())]


class _NoDecider:
    decide_together = None


class _NoFleet:
    cache = None
    catalog = None
    decider = _NoDecider


_APPLICATION = create_app(_NoFleet(), keys_required=True)  # type: ignore[arg-type]
OPERATIONS = operations()
OnRoute = tuple[str, str, Operation]
NAMES = [f"{method} {path}" for method, path, _ in OPERATIONS]
GUARDED = [one for one in OPERATIONS if one[2].role != "public"]
GUARDED_NAMES = [f"{method} {path}" for method, path, _ in GUARDED]


@pytest.fixture(scope="module")
def decision(fleet: Fleet) -> str:
    """What acme has: labels, a decision, an event, all with words that charlie must not read."""
    team = fleet.task("acme", "team")
    team.define_label("it", name=SECRET_WORDS)
    return team.decide(f"about {SECRET_WORDS}", id="acme-ticket").id


def filled(path: str, decision: str) -> str:
    names = IN_THE_PATH | {"decision": decision, "key": "some-key"}
    return re.sub(r"\{(\w+)(?::str)?\}", lambda found: names[found[1]], path)


def count(fleet: Fleet) -> int:
    return sum(1 for _ in fleet.events(Query()))


def test_every_route_says_who_may_use_it() -> None:
    for route in _APPLICATION.routes:
        for handler in getattr(route, "route_handlers", ()):
            assert "operation" in handler.opt or "OPTIONS" in handler.http_methods, route.path


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/v2/health/live", "/v2/health/ready"])
def test_a_load_balancer_may_probe_by_head(guarded_api: Api, path: str) -> None:
    asked, probed = guarded_api.get(path), guarded_api.head(path)
    assert (probed.status_code, probed.content) == (200, b"")
    assert probed.headers["content-length"] == asked.headers["content-length"]


def test_few_routes_need_no_key() -> None:
    public = {path for _, path, operation in OPERATIONS if operation.role == "public"}
    assert public == {
        *("/healthz", "/readyz", "/docs", "/docs/openapi.json"),
        *("/", "/v2", "/v2/health/live", "/v2/health/ready"),
    }


@pytest.mark.parametrize("route", GUARDED, ids=GUARDED_NAMES)
def test_charlie_gets_nothing_of_acme(
    guarded_api: Api,
    cast: Cast,
    fleet: Fleet,
    decision: str,
    route: OnRoute,
) -> None:
    method, path, operation = route
    before = count(fleet)
    body = None if operation.body is None else operation.body.example
    answer = guarded_api.request(
        method, filled(path, decision), json=body, headers=cast.header("charlie")
    )
    assert SECRET_WORDS not in answer.text
    assert "acme" not in answer.text.replace("acme.team", "what was asked for")
    if operation.role == "holder":
        assert answer.status_code == 200
        assert "acme" not in answer.text
    elif path.startswith(OTHER_PROTOCOLS):
        assert answer.status_code == (400 if "{alias" in path else 404)
        assert list(answer.json()) == ["error"]
    else:
        assert answer.status_code == (404 if "{tenant" in path else 403)
        assert answer.headers["content-type"] == "application/problem+json"
    assert count(fleet) == before


@pytest.mark.parametrize("route", GUARDED, ids=GUARDED_NAMES)
@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer mf_guessed"}], ids=["no", "bad"])
def test_without_a_key_in_force_there_is_nothing(
    guarded_api: Api,
    fleet: Fleet,
    decision: str,
    route: OnRoute,
    header: dict[str, str],
) -> None:
    method, path, operation = route
    before = count(fleet)
    answer = guarded_api.request(method, filled(path, decision), headers=header)
    assert answer.status_code == 401, operation.summary
    assert answer.headers["www-authenticate"] == "Bearer"
    assert count(fleet) == before


@pytest.mark.parametrize("route", GUARDED, ids=GUARDED_NAMES)
def test_bob_may_use_what_is_for_users_and_nothing_else(
    guarded_api: Api,
    cast: Cast,
    decision: str,
    route: OnRoute,
) -> None:
    method, path, operation = route
    answer = guarded_api.request(
        method, filled(path, decision), content=b"{", headers=cast.header("bob")
    )
    assert (answer.status_code == 403) == (operation.role not in {"user", "holder"})


@pytest.mark.parametrize("route", GUARDED, ids=GUARDED_NAMES)
def test_alice_may_use_all_that_is_her_tenants(
    guarded_api: Api,
    cast: Cast,
    decision: str,
    route: OnRoute,
) -> None:
    method, path, operation = route
    if method == "DELETE":
        pytest.skip("it would take away what the others look for")
    answer = guarded_api.request(
        method, filled(path, decision), content=b"{", headers=cast.header("alice")
    )
    assert (answer.status_code == 403) == (operation.role == "operator")


def test_a_tenant_that_does_not_exist_looks_to_charlie_like_one_that_does(
    guarded_api: Api, cast: Cast, decision: str
) -> None:
    there = guarded_api.get(f"{TASK}/decisions/{decision}", headers=cast.header("charlie"))
    nowhere = guarded_api.get(
        "/api/tenants/nobody/tasks/team/decisions/x", headers=cast.header("charlie")
    )
    assert there.json() == nowhere.json()


def test_charlie_cannot_reach_acme_through_an_encoded_path(
    guarded_api: Api, cast: Cast, decision: str
) -> None:
    for tenant in ("%61cme", "globex%2F..%2Facme", "acme%2Ftasks", "acme%00"):
        path = f"/api/tenants/{tenant}/tasks/team/decisions/{decision}"
        answer = guarded_api.get(path, headers=cast.header("charlie"))
        assert answer.status_code == 404
        assert SECRET_WORDS not in answer.text


def test_a_revoked_key_is_refused_within_a_second(guarded_api: Api, fleet: Fleet) -> None:
    key, secret = fleet.create_key("owner", "acme")
    header = {"Authorization": f"Bearer {secret}"}
    assert guarded_api.get(f"{TASK}/labels", headers=header).status_code == 200
    fleet.revoke_key(key)
    time.sleep(1.0)
    assert guarded_api.get(f"{TASK}/labels", headers=header).status_code == 401


def test_a_key_is_made_over_http_and_its_secret_told_once(
    guarded_api: Api, cast: Cast, fleet: Fleet
) -> None:
    body = {"role": "user", "tenant": "acme", "name": "dora", "id": "doras-key"}
    made = guarded_api.post("/api/keys", json=body, headers=cast.header("operator")).json()
    again = guarded_api.post("/api/keys", json=body, headers=cast.header("operator")).json()
    assert (again["key"], again["secret"]) == (made["key"], None)
    header = {"Authorization": f"Bearer {made['secret']}"}
    assert guarded_api.get(f"{TASK}/labels", headers=header).status_code == 200
    listed = guarded_api.get("/api/keys", headers=cast.header("operator"))
    assert made["key"] in listed.text
    assert made["secret"] not in listed.text
    assert all(made["secret"] not in str(event.fields) for event in fleet.events(Query()))


def test_a_page_of_another_site_cannot_use_an_open_server(open_api: Api) -> None:
    header = {"Origin": "https://evil.example"}
    answer = open_api.post(f"{TASK}/versions/unpin", headers=header)
    assert answer.status_code == 403


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"])
def test_no_proxy_can_open_a_server_without_keys_to_the_network(open_api: Api, header: str) -> None:
    answer = open_api.get("/api/status", headers={header: "for=192.0.2.60"})
    assert answer.status_code == 403
    assert "modelfleet keys create operator" in answer.json()["detail"]
    assert open_api.get("/healthz", headers={header: "for=192.0.2.60"}).status_code == 200


def test_a_server_that_is_open_asks_for_a_key_as_soon_as_there_is_one(small_fleet: Fleet) -> None:
    with TestClient(create_app(small_fleet, keys_required=None)) as api:
        assert api.get("/api/status").status_code == 200
        _, secret = small_fleet.create_key("operator")
        deadline = time.monotonic() + 5
        while api.get("/api/status").status_code != 401 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert api.get("/api/status").status_code == 401
        told = api.get("/api/status", headers={"Authorization": f"Bearer {secret}"})
        assert told.status_code == 200


def test_the_first_key_is_an_operators_so_that_nobody_is_locked_out(small_fleet: Fleet) -> None:
    with TestClient(create_app(small_fleet, keys_required=None)) as api:
        refused = api.post("/api/keys", json={"role": "user", "tenant": "acme"})
        assert (refused.status_code, refused.json()["faults"][0]["field"]) == (409, "role")
        assert api.get("/api/status").status_code == 200
        assert api.post("/api/keys", json={"role": "operator"}).status_code == 200


def test_a_key_that_is_not_there_cannot_be_revoked(small_fleet: Fleet) -> None:
    with pytest.raises(NotFound, match="no key 'nobody'"):
        small_fleet.revoke_key("nobody")
