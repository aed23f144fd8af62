"""Webhooks: Alertmanager's format, signed, and posted nowhere but where an operator said."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import HandClock
from tests.monitoring.outlets.conftest import SECRET, Newsroom, Tell, an_alert, tell_all
from tests.monitoring.outlets.receiver import Receiver

from modelfleet.monitoring.outlets.webhook import Webhook

PAGE = Path(__file__).parents[3] / "docs" / "monitoring.md"
ALERTMANAGERS = {"alerts", "commonAnnotations", "commonLabels", "externalURL", "groupKey"}
ALERTMANAGERS |= {"groupLabels", "receiver", "status", "truncatedAlerts", "version"}


@pytest.fixture
def place(folder: Path) -> str:
    """What is told doesn't depend on the database."""
    return str(folder)


def documented() -> Callable[[dict[str, str], bytes, str], bool]:
    """The function by which the documentation has receivers verify a post."""
    (block,) = re.findall(r"```python\n(.*?def is_genuine.*?)```", PAGE.read_text(), re.DOTALL)
    defined: dict[str, Any] = {}
    exec(block, defined)  # noqa: S102 - our own documentation
    return defined["is_genuine"]  # type: ignore[no-any-return]


def test_a_receiver_can_verify_who_posted_what_and_when(
    news: Newsroom, receiver: Receiver, clock: HandClock, notifier: Tell
) -> None:
    webhook = notifier(Webhook(receiver.url, SECRET, clock))
    news.raise_(an_alert())
    tell_all(webhook)
    (post,) = receiver.posts
    is_genuine = documented()
    assert is_genuine(post.headers, post.body, SECRET)
    assert int(post.headers["webhook-timestamp"]) == clock.time // 1_000_000
    assert not is_genuine(post.headers, post.body.replace(b"71%", b"99%"), SECRET)
    assert not is_genuine(post.headers | {"webhook-id": "another"}, post.body, SECRET)
    assert not is_genuine(post.headers | {"webhook-timestamp": "0"}, post.body, SECRET)


def test_the_body_is_one_that_receivers_of_alertmanager_read(
    news: Newsroom, receiver: Receiver, clock: HandClock, notifier: Tell
) -> None:
    webhook = notifier(Webhook(f"{receiver.url}/hook?room=7", "", clock))
    news.raise_(an_alert(slice="language=german"))
    tell_all(webhook)
    clock.advance(60)
    news.end("a1", "precision is 96% of 60 since")
    tell_all(webhook)
    firing, resolved = (post.json for post in receiver.posts)
    assert set(firing) == ALERTMANAGERS
    assert (firing["version"], firing["status"], resolved["status"]) == ("4", "firing", "resolved")
    (alert,), (over,) = firing["alerts"], resolved["alerts"]
    assert alert["labels"] == {
        "alertname": "ModelfleetPrecision",
        "finding": "precision",
        "scope": "task",
        "severity": "warning",
        "recipe": "default",
        "tenant": "acme",
        "task": "team",
        "slice": "language=german",
    }
    assert alert["annotations"]["summary"] == "Precision of acme/team fell from 95% to 71%."
    assert "a version was published" in alert["annotations"]["description"]
    assert alert["endsAt"] == "0001-01-01T00:00:00Z"
    assert (over["fingerprint"], over["startsAt"]) == (alert["fingerprint"], alert["startsAt"])
    assert over["annotations"]["ended_because"] == "precision is 96% of 60 since"
    assert over["startsAt"] < over["endsAt"]
    assert receiver.posts[0].path == "/hook?room=7"
    assert "webhook-signature" not in receiver.posts[0].headers


def test_a_redirect_is_not_followed(
    news: Newsroom, receiver: Receiver, clock: HandClock, notifier: Tell
) -> None:
    with Receiver().listening() as elsewhere:
        receiver.redirect = elsewhere.url
        receiver.answers = [307, 302]
        webhook = notifier(Webhook(receiver.url, SECRET, clock))
        news.raise_(an_alert())
        for _ in range(2):
            tell_all(webhook)
            clock.advance(60)
        assert (len(receiver.posts), elsewhere.posts) == (2, [])


def test_severity_says_how_many_it_concerns_and_how_sure_it_is(
    news: Newsroom, receiver: Receiver, clock: HandClock, notifier: Tell
) -> None:
    webhook = notifier(Webhook(receiver.url, SECRET, clock))
    news.raise_(an_alert("a1", low_trust=True))
    news.raise_(an_alert("a2", scope="recipe"), "/")
    news.raise_(an_alert("a3", scope="fleet", recipe=None), "/")
    tell_all(webhook)
    labels = [alert["labels"] for post in receiver.posts for alert in post.json["alerts"]]
    assert [one["severity"] for one in labels] == ["info", "critical", "critical"]
    assert "tenant" not in labels[1]
    assert "recipe" not in labels[2]
