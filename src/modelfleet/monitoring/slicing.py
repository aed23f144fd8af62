"""What kind of request it is: a few values of a few fields, so that each has many requests.

A value of the metadata becomes a slice once several requests had it; until then only a hash of it
is kept. So an id or a name that comes with one request never is one.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from zlib import crc32

import msgspec

from modelfleet.clock import DAY, HOUR
from modelfleet.events.kinds import Json
from modelfleet.monitoring.decided import Slices

MOST_FIELDS = 8
"""Fields of the metadata that are looked at, of a task."""
MOST_VALUES = 12
"""Values of a field that are told apart; the rest are ``other``."""
_MOST_SEEN = 16
_OFTEN = 5
_LONGEST = 40
OTHER = "other"

_LENGTHS = (50, 200)
_LENGTH_NAMES = ("under 50", "50 to 199", "200 and more")
_READ = 200  # characters of a text are enough to tell its script
_SCRIPTS = (
    (0x370, "latin"),
    (0x400, "greek"),
    (0x530, "cyrillic"),
    (0x590, "other"),
    (0x600, "hebrew"),
    (0x780, "arabic"),
    (0x900, "other"),
    (0x0DFF, "indic"),
    (0x0E80, "thai"),
    (0x3040, "other"),
    (0x3100, "kana"),
    (0x3400, "other"),
    (0xA000, "han"),
    (0xAC00, "other"),
    (0xD7B0, "hangul"),
)
_HOURS = tuple(f"{hour:02}" for hour in range(24))
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_FIRST_WEEKDAY = 3  # 1970-01-01 was a Thursday


class Field(msgspec.Struct, array_like=True, gc=False):
    """A field's values, with where in the log each became one; hashes of others, and how often."""

    values: dict[str, int] = {}
    seen: dict[int, int] = {}


Fields = dict[str, Field]
Told = tuple[str, str]
"""A field of the metadata and its value, in words."""


def of_time(time: int) -> Slices:
    """The hour and the day of the week of a moment, in UTC."""
    return ("hour", hour_of(time)), ("weekday", weekday_of(time // DAY))


def hour_of(time: int) -> str:
    """The hour of a moment, in UTC."""
    return _HOURS[time // HOUR % 24]


def weekday_of(day: int) -> str:
    """The day of the week of a day, counted from 1970-01-01."""
    return WEEKDAYS[(day + _FIRST_WEEKDAY) % len(WEEKDAYS)]


def of_text(text: str) -> Slices:
    """How long a text is, in characters, and in which script it is written."""
    length = _LENGTH_NAMES[bisect_right(_LENGTHS, len(text))]
    return ("length", length), ("script", script(text))


def script(text: str) -> str:
    """The script of most letters of a text; none without letters."""
    start = text[:_READ]
    if start.isascii():
        return "latin" if any(map(str.isalpha, start)) else "none"
    counts: dict[str, int] = {}
    for letter in start:
        if letter.isalpha():
            name = next((name for end, name in _SCRIPTS if ord(letter) < end), OTHER)
            counts[name] = counts.get(name, 0) + 1
    return max(counts, key=lambda name: (counts[name], name), default="none")


def told(metadata: Mapping[str, Json]) -> list[Told]:
    """The fields of a request's metadata that may say what kind it is, with their values."""
    return [
        (name, value)
        for name, said in sorted(metadata.items())  # PostgreSQL keeps another order than what came
        if len(name) <= _LONGEST and (value := shown(said)) is not None
    ]


def learn(fields: Fields, metadata: Sequence[Told], seq: int) -> bool:
    """Take in the metadata of one more request; whether that changed what is known."""
    changed = False
    for name, value in metadata:
        field = fields.get(name)
        if field is None:
            if len(fields) >= MOST_FIELDS:
                continue
            field = fields[name] = Field()
        changed |= _count(field, value, seq)
    return changed


def of_metadata(fields: Fields, metadata: Sequence[Told], seq: int) -> Slices:
    """The slices that a request belongs to by its metadata, as it was known at ``seq``."""
    found = []
    for name, value in metadata:
        values = fields[name].values if name in fields else None
        if values and min(values.values()) <= seq:
            known = values.get(value, seq + 1) <= seq
            found.append((f"metadata.{name}", value if known else OTHER))
    return tuple(found)


def _count(field: Field, value: str, seq: int) -> bool:
    if value in field.values or len(field.values) >= MOST_VALUES:
        return False
    hashed = crc32(value.encode())
    if hashed not in field.seen and len(field.seen) >= _MOST_SEEN:
        return False
    field.seen[hashed] = field.seen.get(hashed, 0) + 1
    if field.seen[hashed] >= _OFTEN:
        del field.seen[hashed]
        field.values[value] = seq
        if len(field.values) == MOST_VALUES:
            field.seen.clear()
    return True


def shown(value: Json) -> str | None:
    """A value in words; None for what can't be a kind of request: fractions and long texts."""
    if isinstance(value, str):
        return value if 0 < len(value) <= _LONGEST else None
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if isinstance(value, int) else None
