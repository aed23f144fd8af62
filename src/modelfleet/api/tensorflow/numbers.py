"""Versions as the whole numbers that TensorFlow Serving knows.

A version's number is the UTC time in its name, in microseconds since 1970. Two versions of one
task share it only if they were made of the same events by other recipes; then the number means the
one that was published last. Zero is a task's answers before its first version.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from modelfleet.clock import from_datetime

NONE = 0

LARGEST = 2**63 - 1
"""A version can have no larger number."""
_TIME = re.compile(r"(\d{8}T\d{6}\.\d{6})Z")


def read(digits: str) -> int | None:
    """The number that a path says; None if it is larger than clients' whole numbers can be."""
    telling = digits.lstrip("0") or "0"
    if len(telling) > len(str(LARGEST)):  # Python itself refuses to read thousands of digits
        return None
    number = int(telling)
    return number if number <= LARGEST else None


def number_of(version: str | None) -> int:
    """The number of a version by its name; 0 of none, and of a name that holds no time."""
    found = _TIME.match(version or "")
    if found is None:
        return NONE
    try:
        moment = datetime.strptime(found[1], "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC)
    except ValueError:
        return NONE
    return from_datetime(moment)


def version_of(number: int, versions: Iterable[str]) -> str | None:
    """The first version that has this number, None if none has."""
    return next((name for name in versions if number_of(name) == number), None)
