"""Prometheus' Alertmanager, told by its API (version 2) as Prometheus itself does."""

from collections.abc import Sequence

import msgspec

from modelfleet.clock import MINUTE, Clock
from modelfleet.monitoring.outlets.notice import Notice, annotations, labels, rfc3339
from modelfleet.monitoring.outlets.outlet import Answer
from modelfleet.monitoring.outlets.posting import Poster, name_of, shown_as

_ENDS_AFTER = 15 * MINUTE


class Alertmanager:
    """It forgets an alert unless it hears of it again: every minute, while it is open.

    Each time we say that the alert would end in a quarter of an hour, so its own
    ``resolve_timeout`` doesn't matter, and a restart of ours ends nothing.
    """

    kind = "alertmanager"
    repeat: float | None = 60.0

    def __init__(self, url: str, clock: Clock) -> None:
        self.name = name_of(self.kind, url)
        self.shown = shown_as(self.kind, url)
        self._poster = Poster(url.rstrip("/") + "/api/v2/alerts")
        self._clock = clock

    def tell(self, notices: Sequence[Notice]) -> Answer:
        """Post alerts, open and ended ones."""
        return self._poster.post(msgspec.json.encode([self._posted(one) for one in notices]))

    def close(self) -> None:
        """Give back connections."""
        self._poster.close()

    def _posted(self, notice: Notice) -> dict[str, object]:
        ends = notice.logged if notice.ended else self._clock() + _ENDS_AFTER
        return {
            "labels": labels(notice),
            "annotations": annotations(notice),
            "startsAt": rfc3339(notice.raised),
            "endsAt": rfc3339(ends),
        }
