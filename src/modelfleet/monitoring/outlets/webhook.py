"""Webhooks in Alertmanager's format, signed as the Standard Webhooks specification says."""

import base64
import hmac
from collections.abc import Sequence
from hashlib import sha256

import msgspec

from modelfleet.clock import SECOND, Clock
from modelfleet.monitoring.outlets.notice import (
    Notice,
    annotations,
    common,
    group_of,
    labels,
    rfc3339,
)
from modelfleet.monitoring.outlets.outlet import Answer
from modelfleet.monitoring.outlets.posting import Poster, name_of, shown_as

_RECEIVER = "modelfleet"
_NOT_ENDED = "0001-01-01T00:00:00Z"


class Webhook:
    """Posts what Alertmanager would post to a receiver, so receivers made for it can be used.

    Without a ``secret`` posts aren't signed. The id of a post stays the same when it is repeated.
    """

    kind = "webhook"
    repeat: float | None = None

    def __init__(self, url: str, secret: str, clock: Clock) -> None:
        self.name = name_of(self.kind, url)
        self.shown = shown_as(self.kind, url)
        self._poster = Poster(url)
        self._secret = secret
        self._clock = clock

    def tell(self, notices: Sequence[Notice]) -> Answer:
        """Post one group."""
        body = msgspec.json.encode(group_body(notices))
        id_ = notices[0].id
        headers = {"webhook-id": id_, "webhook-timestamp": str(self._clock() // SECOND)}
        if self._secret:
            signed = signature(self._secret, id_, headers["webhook-timestamp"], body)
            headers["webhook-signature"] = signed
        return self._poster.post(body, headers)

    def close(self) -> None:
        """Give back connections."""
        self._poster.close()


def signature(secret: str, id_: str, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 over id, timestamp and body, by the Standard Webhooks specification (v1)."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{id_}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, sha256)).decode()


def group_body(notices: Sequence[Notice]) -> dict[str, object]:
    """A group of notices as the body of a post."""
    alerts = [_alert(one) for one in notices]
    group = group_of(notices[0])
    named = ", ".join(f'{name}="{value}"' for name, value in group.items())
    is_firing = any(not one.ended for one in notices)
    return {
        "version": "4",
        "groupKey": f"{{}}:{{{named}}}",
        "truncatedAlerts": 0,
        "status": "firing" if is_firing else "resolved",
        "receiver": _RECEIVER,
        "groupLabels": group,
        "commonLabels": common(labels(one) for one in notices),
        "commonAnnotations": common(annotations(one) for one in notices),
        "externalURL": "",
        "alerts": alerts,
    }


def _alert(notice: Notice) -> dict[str, object]:
    told = labels(notice)
    return {
        "status": "resolved" if notice.ended else "firing",
        "labels": told,
        "annotations": annotations(notice),
        "startsAt": rfc3339(notice.raised),
        "endsAt": rfc3339(notice.logged) if notice.ended else _NOT_ENDED,
        "generatorURL": "",
        "fingerprint": _fingerprint(told),
    }


def _fingerprint(told: dict[str, str]) -> str:
    """A short name that alerts with the same labels share."""
    return sha256(msgspec.json.encode(sorted(told.items()))).hexdigest()[:16]
