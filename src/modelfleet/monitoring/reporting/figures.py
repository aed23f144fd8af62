"""Figures as people read them."""

from datetime import date, timedelta

from modelfleet.clock import to_datetime
from modelfleet.monitoring.intervals import Interval


def percent(share: float | None) -> str:
    """A share; a dash where there was nothing to measure."""
    return "–" if share is None else f"{share:.1%}"  # noqa: RUF001 - a dash between nothing and nothing


def range_of(interval: Interval) -> str:
    """Between what a share lies."""
    return f"{interval.least:.0%} to {interval.most:.0%}"


def change(now: float | None, before: float | None) -> str:
    """By how much a share changed."""
    if now is None or before is None:
        return "nothing to compare it with"
    return f"{signed(100 * (now - before))} points on the weeks before"


def signed(value: float) -> str:
    """A number with its sign."""
    return f"{value:+.1f}".replace("-", "−")  # noqa: RUF001 - as it is printed


def day(moment: date) -> str:
    """A date as people sort it."""
    return f"{moment:%Y-%m-%d}"


def days(since: date, until: date, *, is_over: bool) -> str:
    """From the first day to the last, ``until`` not included; today is only there so far."""
    said = f"{day(since)} to {day(until - timedelta(days=1))}"
    return said if is_over else f"{said}, the last so far"


def begun(since: date, *, is_over: bool) -> str:
    """A day or week by its first day."""
    return day(since) if is_over else f"{day(since)}, so far"


def moment(time: int) -> str:
    """A moment in microseconds as people write it."""
    return f"{to_datetime(time):%Y-%m-%d %H:%M}"
