"""Times as files write them; each file's own way is found by what reads most of its rows."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime

from modelfleet.clock import SECOND, from_datetime, now
from modelfleet.errors import InvalidInput
from modelfleet.events.validation import EARLIEST, LATEST_AHEAD

TimeReader = Callable[[object], int]
"""From a value of the file to microseconds since 1970 UTC; raises ValueError if it is no time."""

_SAMPLE = 1_000
_BEYOND_MONTHS = re.compile(r"\s*(\d{1,2}/)?(1[3-9]|2\d|3[01])/")
_MILLISECONDS_FROM = 100_000_000_000
_MICROSECONDS_FROM = 100_000_000_000_000


def best_reader(values: Sequence[object]) -> TimeReader:
    """The way of reading times that fits most of the values; of equals the more usual one.

    So ``31/01/2024`` anywhere in a file says that its days come before its months: some rows tell
    how times are written, and of all rows those count as well that only one order of day and month
    can read.
    """
    telling = [value for value in values if isinstance(value, str) and _BEYOND_MONTHS.match(value)]
    sample = [*_some(values), *_some(telling)]
    return max(_READERS, key=lambda reader: sum(_reads(reader, value) for value in sample))


def _some(values: Sequence[object]) -> Sequence[object]:
    return values[:: max(1, len(values) // _SAMPLE)]


def read_time(reader: TimeReader, value: object) -> int:
    """A time of the file, in microseconds since 1970 UTC.

    Raises:
        InvalidInput: it is missing, no time, or out of range.
    """
    if value is None or not str(value).strip():
        raise InvalidInput.at("time", "is missing")
    try:
        time = reader(value)
    except (ValueError, OverflowError, TypeError) as error:
        raise InvalidInput.at("time", f"can't be read as a time: {str(value)[:60]!r}") from error
    if not EARLIEST <= time <= now() + LATEST_AHEAD:
        raise InvalidInput.at("time", f"lies before 1970 or in the future: {str(value)[:60]!r}")
    return time


def _reads(reader: TimeReader, value: object) -> bool:
    try:
        reader(value)
    except (ValueError, OverflowError, TypeError):
        return False
    return True


def _iso(value: object) -> int:
    if isinstance(value, datetime):
        return from_datetime(value)
    return from_datetime(datetime.fromisoformat(str(value).strip()))


def _mail(value: object) -> int:
    return from_datetime(parsedate_to_datetime(str(value)))


def _epoch(value: object) -> int:
    number = float(str(value))
    if number >= _MICROSECONDS_FROM:
        return int(number)
    if number >= _MILLISECONDS_FROM:
        return round(number * 1_000)
    return round(number * SECOND)


def _pattern(pattern: str) -> TimeReader:
    def read(value: object) -> int:
        return from_datetime(datetime.strptime(str(value).strip(), pattern))  # noqa: DTZ007 - one without a zone is UTC

    return read


_DAYS = ("%Y/%m/%d", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%m/%d/%y", "%d/%m/%y", "%d-%m-%Y")
_HOURS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
_READERS: tuple[TimeReader, ...] = (
    _iso,
    _epoch,
    _mail,
    *(_pattern(day + hour) for day in _DAYS for hour in _HOURS),
)
