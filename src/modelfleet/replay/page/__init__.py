"""The report as one page of HTML that needs nothing from outside it.

*In*: a report. *Out*: a page with charts drawn as SVG, for light and dark. *Keeps*: nothing.
*Ignores*: how the figures came about. Everything that comes from the file is escaped.
"""

from modelfleet.pages import document, element
from modelfleet.replay.page.sections import (
    falls,
    headline,
    how_it_was_run,
    journey,
    left_out,
    quality,
    small_multiples,
    tenants,
)
from modelfleet.replay.report import Report

__all__ = ["page"]


def page(report: Report) -> str:
    """The whole page as one string of HTML."""
    title = f"modelfleet replay of {report.file}"
    return document(title, headline(report) + element("main", _sections(report)))


def _sections(report: Report) -> str:
    if not report.total.measures.requests:
        return left_out(report) + how_it_was_run(report)
    return "".join(
        section(report)
        for section in (
            journey,
            quality,
            falls,
            small_multiples,
            tenants,
            left_out,
            how_it_was_run,
        )
    )
