"""Spans of time as people write them: ``90s``, ``15m``, ``2h``, ``3d``, ``1w``."""

import re

from modelfleet.clock import DAY, HOUR, MINUTE, SECOND
from modelfleet.errors import InvalidInput

_UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY}


def parse_duration(text: str, field: str) -> int:
    """A span of time in microseconds; ``0`` needs no unit.

    Raises:
        InvalidInput: it isn't a number and a unit.
    """
    if text.strip() == "0":
        return 0
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhdw])", text.strip().lower())
    if found is None:
        raise InvalidInput.at(field, f"must be a span of time such as 90s, 2h or 3d; got {text!r}")
    return round(float(found[1]) * _UNITS[found[2]])


def show_duration(span: int) -> str:
    """The same in the largest unit that divides it."""
    for unit in ("w", "d", "h", "m"):
        if span and span % _UNITS[unit] == 0:
            return f"{span // _UNITS[unit]}{unit}"
    return f"{span / SECOND:g}s"
