"""What a report says."""

import msgspec

from modelfleet.catalog import Alert
from modelfleet.monitoring.intervals import Interval
from modelfleet.monitoring.metrics import Measured, Metrics


class Slice(msgspec.Struct, frozen=True):
    """A kind of request, of which more was wrong than of others.

    ``precision`` is that of the decisions that people spoke of; its interval is one of as many as
    kinds were looked at, all of which are right with 90%.
    """

    field: str
    value: str
    metrics: Metrics
    precision: Interval


class Wrong(msgspec.Struct, frozen=True):
    """A decision that somebody corrected; ``time`` is when it was made, in microseconds.

    ``text`` is what was asked, its first 400 characters.

    ``right`` is the label that they gave it, None if they said that none fits (``said``).
    """

    decision: str
    time: int
    text: str
    decided: str
    right: str | None
    said: str
    confidence: float


class Release(msgspec.Struct, frozen=True):
    """A version that was published, and what the gate saw; a time in microseconds."""

    version: str
    published: int
    why: str


class Report(msgspec.Struct, frozen=True):
    """How a task did in some weeks, beside as many weeks before.

    Attributes:
        tenant: whose task.
        task: which.
        measured: the metrics; ``buckets`` are days, or weeks if there are more than four.
        alerts: those that were raised in these weeks or are still open, the newest first.
        releases: versions that were published in these weeks, the oldest first.
        slices: kinds of requests that did worse than the rest, the worst first.
        wrong: decisions that were corrected, the newest first.
    """

    tenant: str
    task: str
    measured: Measured
    alerts: tuple[Alert, ...]
    releases: tuple[Release, ...]
    slices: tuple[Slice, ...]
    wrong: tuple[Wrong, ...]
