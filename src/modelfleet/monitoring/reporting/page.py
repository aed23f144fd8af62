"""The report as one page of HTML that needs nothing from outside it."""

from collections.abc import Callable

from modelfleet.clock import to_datetime
from modelfleet.monitoring.metrics import Span
from modelfleet.monitoring.reporting.figures import change, days, percent, range_of, signed
from modelfleet.monitoring.reporting.happened import alerts
from modelfleet.monitoring.reporting.over_time import quality, words
from modelfleet.monitoring.reporting.report import Report
from modelfleet.monitoring.reporting.tables import confusion, examples, labels, slices
from modelfleet.pages import Card, cards, document, element, section, text

_MEANINGS = {
    "precision": "of the decisions that people spoke of, the share that was right; silence is left "
    "out, and the bounds say what it would be if all of the silent were wrong, or right",
    "coverage": "share of requests decided; the others abstained",
    "answered": "share of decisions and abstentions, whose time is over, that people spoke of",
    "top three": "share of requests with a right label that had it among the first three",
    "recall": "share of the requests of a label that were decided so; abstaining misses it",
    "too sure": "mean confidence less the share that was right; below zero: not sure enough",
    "began": "the most likely moment of a change; the change was between the two with 90%",
}


def page(report: Report) -> str:
    """The whole page as one string of HTML."""
    parts: tuple[Callable[[Report], str], ...] = (
        quality,
        alerts,
        confusion,
        slices,
        examples,
        labels,
        words,
        _meanings,
    )
    if not report.measured.now.metrics.requests and not report.alerts:
        parts = (_nothing,)
    body = _headline(report) + element("main", "".join(part(report) for part in parts))
    return document(f"{report.tenant}/{report.task}: modelfleet report", body)


def _headline(report: Report) -> str:
    now, before = report.measured.now, report.measured.before
    new, old = now.metrics, before.metrics
    still_open = sum(one.ended is None and one.muted_by is None for one in report.alerts)
    figures = (
        Card(
            "right",
            percent(new.precision.share),
            f"when deciding; with silence {range_of(new.precision)}",
            "precision",
        ),
        Card(
            "decided alone",
            percent(new.coverage),
            change(new.coverage, old.coverage),
            "coverage",
        ),
        Card("in the first three", percent(new.top_3), change(new.top_3, old.top_3)),
        Card("spoken of", percent(new.response_rate), f"{new.answered:,} of {new.matured:,}"),
        Card("too sure by", _points(new.bias), "points: confidence less what was right"),
        Card(
            "alerts open",
            f"{still_open:,}",
            f"of {len(report.alerts):,} in these weeks",
            "fallen" if still_open else "",
        ),
    )
    said = f"{new.requests:,} requests · {_days(now)} (UTC)"
    title = element("p", "modelfleet report", "brand") + element(
        "h1", text(f"{report.tenant}/{report.task}")
    )
    return element("header", title + element("p", text(said), "lead") + cards(figures))


def _days(span: Span) -> str:
    return days(span.since, span.until, is_over=span.is_over)


def _nothing(_report: Report) -> str:
    return section("Nothing was decided in these weeks", "", "")


def _meanings(report: Report) -> str:
    listed = "".join(
        element("dt", text(word)) + element("dd", text(said)) for word, said in _MEANINGS.items()
    )
    live = report.releases[-1] if report.releases else None
    lead = (
        ""
        if live is None
        else f"The last version was published on {to_datetime(live.published):%Y-%m-%d %H:%M} UTC: "
        f"{live.why}."
    )
    return section("What the words mean", lead, element("dl", listed))


def _points(share: float | None) -> str:
    return percent(None) if share is None else signed(100 * share)
