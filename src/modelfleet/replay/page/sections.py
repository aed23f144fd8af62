"""The parts of the page, from the headline to how the replay was run."""

from collections.abc import Sequence

import msgspec

from modelfleet.pages import (
    Axis,
    Card,
    Frame,
    Line,
    Mark,
    Plot,
    cards,
    chart,
    element,
    legend,
    note,
    section,
    table,
    text,
)
from modelfleet.replay.measures import Band, Measures, add
from modelfleet.replay.report import FallReport, Part, PeriodReport, Report
from modelfleet.replay.terminal import band_name, day, percent

_MOST_MULTIPLES = 12
_MOST_TENANTS = 200
_MOST_FALLS = 12
_MOST_MALFORMED = 20
_LEAST_PERIODS = 3
_MOST_TICKS = 9
_SMOOTHED = 4
"""Days or weeks that the lines over time sum up, so that they can be read."""

_WIDE = Frame(1000, 320)
_SMALL = Frame(300, 132, left=38, right=10, top=8, bottom=24, dots=False, rungs=(0.0, 0.5, 1.0))
_TRAININGS = ("trained", "published", "kept", "failed")
_LEAST_DECIDED = 10
"""Decisions from which on a chart shows their precision."""
_MEASURED = ("requests", "accuracy", "baseline", "top 3", "coverage", "precision")


def headline(report: Report) -> str:
    """What was replayed, and the figures that matter."""
    total = report.total
    measures = total.measures
    when = "" if report.made_up_times else f" · {day(total.first)} to {day(total.last)}"
    asked = f"{measures.requests:,} requests · {len(report.tenants):,} tenants{when}"
    led = sum(_is_ahead(part.measures) for part in report.tenants)
    figures = (
        Card("best label right", percent(measures.accuracy), _against(measures), "accuracy"),
        Card("right among three", percent(measures.top_3), "an agent picks at a glance", ""),
        Card("decided alone", percent(measures.coverage), "coverage; else it abstains", "coverage"),
        Card("right when deciding", percent(measures.precision), "precision", "precision"),
        Card("models published", f"{total.trainings.published:,}", _trained(total), ""),
        Card(
            "tenants ahead",
            f"{led:,} of {len(report.tenants):,}",
            "more often right than the baseline",
            "",
        ),
    )
    title = element("p", "modelfleet replay", "brand") + element("h1", text(report.file))
    said = element("p", text(asked), "lead")
    return element("header", title + said + cards(figures))


def journey(report: Report) -> str:
    """How decisions get better from a tenant's first request on."""
    bands = report.total.bands
    lines = _lines([band.measures for band in bands])
    drawn = chart(_WIDE, _band_axis(bands), Plot(lines), "Shares by the n-th request of a tenant")
    rows = [[text(band_name(band)), *_measured(band.measures)] for band in bands]
    return section(
        "From the first request on",
        "Each request was decided before its label was known. From left to right: the n-th request "
        "of its tenant, all tenants together. The baseline always says the label that people had "
        "given most often until then. "
        f"Precision is drawn from {_LEAST_DECIDED} decisions on.",
        legend(lines) + drawn + table(("n-th request", *_MEASURED), rows),
    )


def quality(report: Report) -> str:
    """Quality as time went by."""
    periods = report.total.periods
    if len(periods) < _LEAST_PERIODS:
        return ""
    span = "day" if periods[0].days == 1 else "week"
    smoothed = [
        add(period.measures for period in periods[max(0, end - _SMOOTHED) : end])
        for end in range(1, len(periods) + 1)
    ]
    lines = _lines(smoothed)
    axis = _period_axis(periods)
    fallen = {fall.start for fall in report.total.falls}
    marks = [
        Mark(
            at,
            period.measures.accuracy,
            f"accuracy, {span} of {said}: {percent(period.measures.accuracy)}",
            "fallen" if period.start in fallen else "raw",
        )
        for at, said, period in zip(axis.at, axis.said, periods, strict=True)
        if period.measures.accuracy is not None
    ]
    frame = Frame(1000, 320, dots=False)
    made_up = " The file has no times, so these dates are made up." * report.made_up_times
    return section(
        f"Quality by {span}",
        f"Lines: the last {_SMOOTHED} {span}s together; dots: the accuracy of each {span}, red "
        f"where it fell by more than chance.{made_up}",
        legend(lines) + chart(frame, axis, Plot(lines, marks), f"Shares by {span}"),
    )


def falls(report: Report) -> str:
    """The days or weeks on which a tenant's quality fell."""
    found = [(part.tenant, fall) for part in report.tenants for fall in part.falls]
    if not found:
        return section("When quality fell", report.rules["falls"], note("Never."))
    worst = sorted(found, key=lambda pair: (pair[1].chance, pair[1].start, pair[0]))[:_MOST_FALLS]
    headings = ("tenant", "from", "requests", "accuracy", "28 days before", "chance")
    left = len(found) - len(worst)
    more = note(f"… and {left:,} less clear ones, all of them in the JSON.") if left else ""
    rows = [_fall_row(tenant, fall) for tenant, fall in worst]
    return section("When quality fell", report.rules["falls"], table(headings, rows) + more)


def small_multiples(report: Report) -> str:
    """The same way for each of the largest tenants."""
    if len(report.tenants) == 1:
        return ""
    shown = report.tenants[:_MOST_MULTIPLES]
    lines = [line for line in _lines([]) if line.css in {"accuracy", "baseline"}]
    grid = element("div", "".join(_multiple(part) for part in shown), "multiples")
    return section(
        "Tenant by tenant",
        f"Accuracy and baseline by the n-th request; the {len(shown)} tenants with most requests.",
        legend(lines) + grid,
    )


def tenants(report: Report) -> str:
    """All figures of all tenants."""
    headings = ("tenant", "requests", "labels", *_MEASURED[1:], "leads from", *_TRAININGS)
    rows = [_tenant_row(part, text(part.tenant)) for part in report.tenants[:_MOST_TENANTS]]
    rows.append(_tenant_row(report.total, "<b>all</b>"))
    left = len(report.tenants) - _MOST_TENANTS
    more = note(f"… and {left:,} smaller ones, all of them in the JSON.") if left > 0 else ""
    return section("All figures", report.rules["lead"], table(headings, rows) + more)


def left_out(report: Report) -> str:
    """Rows that couldn't be used."""
    if not report.malformed:
        return section("Rows left out", f"None of {report.rows:,}.", "")
    first = report.malformed[:_MOST_MALFORMED]
    rows = [[f"line {row.line:,}", text(row.reason)] for row in first]
    left = len(report.malformed) - len(first)
    more = note(f"… and {left:,} more, all of them in the JSON.") if left else ""
    said = f"{len(report.malformed):,} of {report.rows:,} rows couldn't be used."
    shown = element("div", table(("where", "why"), rows), "words")
    return section("Rows left out", said, shown + more)


def how_it_was_run(report: Report) -> str:
    """What one needs to know to run it again, and what the words mean."""
    run = report.behaviour
    facts = {
        "columns": report.columns,
        "feedback": f"on {run.feedback_rate:.0%} of requests, {_after(run.delay)}",
        "recipe": f"{run.recipe}; on little news, a model is trained after {run.staleness}; "
        + ("on more, as the recipe says" if run.settle == "0s" else f"on more, after {run.settle}"),
        "accuracy": "best label right, whether or not it abstained",
        "top 3": "right label among the best three",
        "coverage": "share of requests decided without abstaining",
        "precision": "share of those that were right; deciding what no label fits is wrong",
        "baseline": "the label that people had given most often in the tenant until then",
    }
    notes = "".join(note(said) for said in report.notes)
    listed = "".join(element("dt", text(k)) + element("dd", text(v)) for k, v in facts.items())
    return section("How it was run, and what the words mean", "", notes + element("dl", listed))


def _is_ahead(measures: Measures) -> bool:
    return (measures.accuracy or 0) > (measures.baseline or 0)


def _against(measures: Measures) -> str:
    if measures.accuracy is None or measures.baseline is None:
        return "accuracy"
    return f"accuracy; baseline {percent(measures.baseline)}"


def _trained(part: Part) -> str:
    return f"of {part.trainings.trained:,} trained; {part.trainings.kept:,} kept back by the gate"


def _after(delay: str) -> str:
    return "before the next request" if delay == "0s" else f"{delay} after each"


def _lines(measures: Sequence[Measures]) -> list[Line]:
    return [
        Line("accuracy", "accuracy", [one.accuracy for one in measures]),
        Line("baseline", "baseline", [one.baseline for one in measures]),
        Line("coverage", "coverage", [one.coverage for one in measures]),
        Line("precision", "precision", [_shown_precision(one) for one in measures]),
    ]


def _shown_precision(measures: Measures) -> float | None:
    return measures.precision if measures.decided >= _LEAST_DECIDED else None


def _measured(measures: Measures) -> list[str]:
    shares = (measures.accuracy, measures.baseline, measures.top_3, measures.coverage)
    return [f"{measures.requests:,}", *(percent(s) for s in (*shares, measures.precision))]


def _band_axis(bands: Sequence[Band]) -> Axis:
    step = 1 / max(len(bands), 1)
    at = [(index + 0.5) * step for index in range(len(bands))]
    names = [band_name(band) for band in bands]
    return Axis(at, [f"requests {name}" for name in names], list(zip(at, names, strict=True)))


def _short_axis(bands: Sequence[Band]) -> Axis:
    """The same with only the first request of each band below."""
    axis = _band_axis(bands)
    ticks = [(at, f"{band.first}+") for at, band in zip(axis.at, bands, strict=True)]
    return msgspec.structs.replace(axis, ticks=ticks)


def _period_axis(periods: Sequence[PeriodReport]) -> Axis:
    first, last = periods[0].start, periods[-1].start
    whole = (last - first).total_seconds()
    at = [(period.start - first).total_seconds() / whole for period in periods]
    said = [day(period.start) for period in periods]
    step = -(-len(periods) // _MOST_TICKS)
    chosen = range(step // 2, len(periods), step)
    return Axis(at, said, [(at[index], said[index]) for index in chosen])


def _multiple(part: Part) -> str:
    measures = [band.measures for band in part.bands]
    lines = [line for line in _lines(measures) if line.css in {"baseline", "accuracy"}]
    drawn = chart(_SMALL, _short_axis(part.bands), Plot(lines), f"Accuracy of {part.tenant}")
    ahead = f"first ahead at no. {part.lead.nth:,}" if part.lead else "never ahead"
    head = element("h3", text(part.tenant)) + element("b", percent(part.measures.accuracy))
    said = f"{part.measures.requests:,} requests · {part.labels:,} labels · {ahead}"
    return element("div", head + element("p", text(said)) + drawn, "multiple")


def _tenant_row(part: Part, name: str) -> list[str]:
    requests, *shares = _measured(part.measures)
    trainings = part.trainings
    lead = "" if not part.tenant else f"no. {part.lead.nth:,}" if part.lead else percent(None)
    counts = (trainings.trained, trainings.published, trainings.kept, trainings.failed)
    return [name, requests, f"{part.labels:,}", *shares, lead, *(f"{count:,}" for count in counts)]


def _fall_row(tenant: str, fall: FallReport) -> list[str]:
    shares = (percent(fall.accuracy), percent(fall.before), f"{fall.chance:.2g}")
    return [text(tenant), day(fall.start), f"{fall.labelled:,}", *shares]
