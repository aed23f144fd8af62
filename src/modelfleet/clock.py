"""Time as the platform counts it: whole microseconds since 1970 UTC, from a clock passed in."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import time_ns

Clock = Callable[[], int]

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def now() -> int:
    """The machine's time."""
    return time_ns() // 1000


def to_datetime(time: int) -> datetime:
    """The same moment as an aware datetime in UTC."""
    return _EPOCH + timedelta(microseconds=time)


def from_datetime(moment: datetime) -> int:
    """The same moment in microseconds; a datetime without a zone is taken as UTC."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // _MICROSECOND
