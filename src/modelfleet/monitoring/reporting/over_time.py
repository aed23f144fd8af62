"""The charts of a report: shares by day or week, with the moments at which something began."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time

from modelfleet.catalog import Alert
from modelfleet.clock import from_datetime
from modelfleet.monitoring.metrics import Bucket, Metrics
from modelfleet.monitoring.reporting.figures import begun, day, moment
from modelfleet.monitoring.reporting.report import Report
from modelfleet.pages import Axis, Band, Frame, Line, Moment, Plot, chart, element, legend, section

_FRAME = Frame(1000, 330, top=28)
_MOST_TICKS = 9
_MOST_MOMENTS = 8
_LEAST_JUDGED = 5
"""Decisions that people spoke of, from which on a point of precision is drawn."""


def quality(report: Report) -> str:
    """Precision with its bounds, and coverage."""
    buckets = report.measured.buckets
    lines = [
        Line("right when deciding", "precision", [_precision(one.metrics) for one in buckets]),
        Line("decided alone", "coverage", [one.metrics.coverage for one in buckets]),
    ]
    band = Band("precision", [_bounds(one.metrics) for one in buckets])
    drawn = chart(
        _FRAME,
        _axis(buckets),
        Plot(lines, band=band, moments=_moments(report)),
        f"Precision and coverage of {report.tenant}/{report.task} over time",
    )
    return section(
        f"How good it was, by {_span(buckets)}",
        "Area: what precision may be, whatever the decisions were that nobody spoke of. Red lines: "
        "when something began of which there was an alert; one that another alert explains is only "
        f"in the list below. Precision is drawn from {_LEAST_JUDGED} words on.",
        legend(lines) + element("div", drawn, "scroll"),
    )


def words(report: Report) -> str:
    """How much people said, and how many requests no label fits."""
    buckets = report.measured.buckets
    shares: Sequence[tuple[str, str, Callable[[Metrics], float | None]]] = (
        ("people spoke of", "accuracy", lambda one: one.response_rate),
        ("given another label", "precision", lambda one: one.reassigned),
        ("no label fits, says the model", "baseline", lambda one: one.new_domain),
    )
    lines = [
        Line(name, css, [share(one.metrics) for one in buckets]) for name, css, share in shares
    ]
    drawn = chart(_FRAME, _axis(buckets), Plot(lines), "What people said over time")
    return section(
        f"What people said, by {_span(buckets)}",
        "",
        legend(lines) + element("div", drawn, "scroll"),
    )


def _precision(metrics: Metrics) -> float | None:
    judged = metrics.confirmed + metrics.corrected
    return metrics.precision.share if judged >= _LEAST_JUDGED else None


def _bounds(metrics: Metrics) -> tuple[float, float] | None:
    if _precision(metrics) is None:
        return None
    return metrics.precision.least, metrics.precision.most


def _span(buckets: Sequence[Bucket]) -> str:
    return "week" if any((one.until - one.since).days > 1 for one in buckets) else "day"


def _axis(buckets: Sequence[Bucket]) -> Axis:
    """A position for the middle of each day or week."""
    first, last = buckets[0].since, buckets[-1].until
    whole = (last - first).days
    at = [((one.since - first).days + (one.until - one.since).days / 2) / whole for one in buckets]
    said = [_name(one) for one in buckets]
    step = -(-len(buckets) // _MOST_TICKS)
    chosen = range(step // 2, len(buckets), step)
    return Axis(at, said, [(at[place], day(buckets[place].since)) for place in chosen])


def _name(bucket: Bucket) -> str:
    judged = bucket.metrics.confirmed + bucket.metrics.corrected
    since = begun(bucket.since, is_over=bucket.is_over)
    return f"{since}, {bucket.metrics.requests:,} requests, {judged:,} judged"


def _moments(report: Report) -> list[Moment]:
    """When what alerts are about began; of those that began before, nothing is drawn."""
    shown = [one for one in report.alerts if one.inception is not None and one.muted_by is None]
    placed = [(_place(report, one), one) for one in shown]
    return [
        Moment(at, alert.finding.replace("_", " "), _said(alert), "fallen")
        for at, alert in placed[:_MOST_MOMENTS]
        if 0 <= at <= 1
    ]


def _said(alert: Alert) -> str:
    began = alert.inception
    if began is None:
        return alert.sentence
    between = f"{moment(began.earliest)} to {moment(began.latest)}"
    return f"{moment(began.time)} (90%: {between}): {alert.sentence}"


def _place(report: Report, alert: Alert) -> float:
    span = report.measured.now
    since, until = (
        from_datetime(datetime.combine(one, time(), UTC)) for one in (span.since, span.until)
    )
    began = alert.raised if alert.inception is None else alert.inception.time
    return (began - since) / (until - since)
