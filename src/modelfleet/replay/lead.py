"""When a tenant's model first beat the most frequent label."""

from collections import deque
from collections.abc import Sequence

import msgspec

from modelfleet.replay.observed import Observed

WINDOW = 50
"""Labelled requests that the two are compared over."""

RULE = (
    f"A model leads from the first request at which its best label was right more often than the "
    f"most frequent label so far, over the tenant's last {WINDOW} labelled requests."
)


class Lead(msgspec.Struct, frozen=True):
    """The request (of its tenant, from 1) and time (microseconds) from which a model led."""

    nth: int
    time: int


def first_lead(observed: Sequence[Observed]) -> Lead | None:
    """When the model of one tenant first beat the most frequent label, None if it never did.

    Args:
        observed: of one tenant, in time order.
    """
    window: deque[int] = deque(maxlen=WINDOW)
    for one in observed:
        if one.truth is None:
            continue
        window.append(one.right - one.baseline_right)
        if len(window) == WINDOW and sum(window) > 0:
            return Lead(one.nth, one.time)
    return None
