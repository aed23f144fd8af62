"""A caller's mistakes are named in words, by the library and by the client alike."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from litestar.testing import TestClient

from modelfleet import Client, Example, Feedback, Fleet, Request
from modelfleet.api import create_app
from modelfleet.errors import InvalidInput
from modelfleet.events import Event, Query

Platform = Fleet | Client


@pytest.fixture
def client(small_fleet: Fleet) -> Iterator[Client]:
    with TestClient(create_app(small_fleet, keys_required=False)) as served:
        yield Client("http://server", transport=served._transport)


@pytest.fixture(params=["small_fleet", "client"])
def platform(request: pytest.FixtureRequest) -> Platform:
    found: Platform = request.getfixturevalue(request.param)
    return found


def logged(fleet: Fleet) -> list[str]:
    return [event.id for event in fleet.events(Query()) if event.kind != "label.defined"]


def test_an_example_that_cannot_be_accepted_stops_no_other_of_a_bulk(
    small_fleet: Fleet, client: Client
) -> None:
    team = client.task("acme", "team")
    team.define_label("it")
    examples = [Example(f"no wifi in room {n}", "it", id=f"x{n}") for n in range(1_200)]
    examples[0] = Example(" ", "it")
    examples[700] = Example("a", "nobody")
    examples[701] = Example("a", "it", key="\ud800")
    examples[1_100] = Example("a", "it", {"nested": {"a": 1}})
    told = team.give_examples_in_bulk(iter(examples))
    wrong = {n: str(one) for n, one in enumerate(told) if isinstance(one, InvalidInput)}
    assert list(wrong) == [0, 700, 701, 1_100]
    assert wrong[0].startswith("text:")
    assert wrong[1_100].startswith("metadata.nested:")
    taken = [examples[n].id for n in range(1_200) if n not in wrong]
    assert logged(small_fleet) == taken
    again = team.give_examples_in_bulk(iter(examples))
    assert [one.id for one in again if not isinstance(one, Exception) and one.duplicate] == taken


def test_an_event_that_cannot_be_sent_is_told_once_all_others_are_in_the_log(
    small_fleet: Fleet, client: Client
) -> None:
    events = [Event("visit.ended", "acme", 1_700_000_000_000_000, f"v{n}") for n in range(5)]
    events[2] = Event("visit.ended", "acme", 1, "v2", fields={"x": float("nan")})
    with pytest.raises(InvalidInput, match=r"fields\.x"):
        client.import_events(events)
    assert logged(small_fleet) == ["v0", "v1", "v3", "v4"]


TIMES = [1_700_000_000.5, 1.5, True, "2026-01-01T00:00:00Z", datetime(2026, 1, 1, tzinfo=UTC)]


@pytest.mark.parametrize("given", [{"time": time} for time in TIMES], ids=str)
def test_a_time_is_whole_microseconds_since_1970_and_nothing_else(
    platform: Platform, small_fleet: Fleet, given: dict[str, Any]
) -> None:
    team = platform.task("acme", "team")
    team.define_label("it")
    made = team.decide("no wifi", id="t1", time=small_fleet.clock())
    for call in (
        lambda: team.decide("no wifi", **given),
        lambda: team.decide_many([Request("no wifi", **given)]),
        lambda: team.assign(made.id, "it", **given),
        lambda: team.give_examples([Example("no wifi", "it", **given)]),
        lambda: platform.append([Event("visit.ended", "acme", id="v1", **given)]),
    ):
        with pytest.raises(InvalidInput, match=r"time: must be whole microseconds since 1970"):
            call()
    assert logged(small_fleet) == ["t1"]


@pytest.mark.parametrize("time", [5, True, "yesterday", "2026-01-01T00:00:00", "2026-13-01"])
def test_a_time_over_http_is_asked_for_in_rfc_3339(small_fleet: Fleet, time: object) -> None:
    with TestClient(create_app(small_fleet, keys_required=False)) as served:
        body = {"text": "no wifi", "time": time}
        answer = served.post("/api/tenants/acme/tasks/team/decisions", json=body)
        (fault,) = answer.json()["faults"]
        assert fault["field"] == "time"
        assert "RFC 3339, such as 2026-03-01T09:30:00Z" in fault["message"]


@pytest.mark.parametrize("date", ["5", "yesterday", "2026-13-01", "2026-03-01T09:30:00Z"])
def test_a_date_over_http_is_asked_for_as_one_that_is_taken(small_fleet: Fleet, date: str) -> None:
    with TestClient(create_app(small_fleet, keys_required=False)) as served:
        path = "/api/tenants/acme/tasks/team/metrics"
        (fault,) = served.get(path, params={"until": date}).json()["faults"]
        assert fault == {"field": "until", "message": "must be a date, such as 2026-03-01"}
        assert served.get(path, params={"until": "2026-03-01"}).status_code == 200


GOOD = Example("no wifi", "it")
NONSENSE = Feedback("nonsense")  # type: ignore[arg-type]  # as somebody without a type checker
WRONG: dict[str, Callable[[Any, Any], object]] = {
    "requests[0]: must be a Request; got 'a'": lambda _, team: team.decide_many(["a"]),
    "requests: must be a list of Request; got 'abc'": lambda _, team: team.decide_many("abc"),
    "requests: must be a list of Request; got None": lambda _, team: team.decide_many(None),
    "examples[1]: must be an Example; got 5": lambda _, team: team.give_examples([GOOD, 5]),
    "examples: must be a list of Example; got 'a'": lambda _, team: team.give_examples("a"),
    "said: must be a Feedback; got 'accepted'": lambda _, team: team.feedback("t1", "accepted"),
    "event: must be an Event; got 'a'": lambda platform, _: platform.import_events(["a"]),
    "event: must be an Event; got 5": lambda platform, _: platform.append([5]),
    "verdict: must be one of accepted, reassigned, no_label_fits, irrelevant, helpful, "
    "unhelpful; got 'nonsense'": lambda _, team: team.feedback("t1", NONSENSE),
    "bucket: must be one of day, week; got 'hour'": lambda _, team: team.metrics(bucket="hour"),
}


@pytest.mark.parametrize("message", WRONG)
def test_what_is_of_another_type_or_no_choice_is_refused_by_its_name(
    platform: Platform, small_fleet: Fleet, message: str
) -> None:
    team = platform.task("acme", "team")
    team.define_label("it")
    team.decide("no wifi", id="t1")
    with pytest.raises(InvalidInput, match=re.escape(message)):
        WRONG[message](platform, team)
    assert logged(small_fleet) == ["t1"]


def test_what_is_no_example_is_answered_for_in_a_bulk(client: Client) -> None:
    team = client.task("acme", "team")
    team.define_label("it")
    given: list[Any] = [GOOD, "a", Example("a", 5j), GOOD]  # type: ignore[arg-type]  # likewise
    first, text, label, last = team.give_examples_in_bulk(given)
    assert not isinstance(first, Exception)
    assert not isinstance(last, Exception)
    assert str(text) == "example: must be an Example; got 'a'"
    assert isinstance(label, InvalidInput)
