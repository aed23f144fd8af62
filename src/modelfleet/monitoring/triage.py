"""Which alert to look at first: that which costs most, by what it tells itself."""

from collections.abc import Iterable

from modelfleet.catalog import Alert
from modelfleet.clock import DAY

_WEEK = 7 * DAY
_LOOKED_AT = {"slice": 2 * _WEEK}
"""Over how long what has no moment of inception was looked at; a week, where nothing is said."""


def cost_of(alert: Alert) -> float:
    """How many outcomes a week are worse than they should be; 0 where the alert doesn't tell."""
    if alert.expected is None or alert.observed is None:
        return 0.0
    lasted = (
        (alert.raised_again or alert.raised) - alert.inception.time
        if alert.inception is not None
        else _LOOKED_AT.get(alert.finding, _WEEK)
    )
    excess = abs(alert.observed - alert.expected) * alert.events
    return excess * _WEEK / max(lasted, DAY)


def triaged(alerts: Iterable[Alert]) -> list[Alert]:
    """Open alerts that no other explains, the costliest first, of equal ones the newest."""
    wanted = [alert for alert in alerts if alert.ended is None and alert.muted_by is None]
    return sorted(wanted, key=lambda alert: (-cost_of(alert), -alert.raised))
