"""What an event can be found by: one list of terms, the same on SQLite (FTS5) and PostgreSQL (GIN).

Any field of any event can be asked for, and nobody says beforehand which. So every value leaves
terms behind: its words, that its field is present, what it equals, and for a number the bucket it
lies in. A query needs all (or, for a range, one of several) of them; as a term may stand for more
than one value, `query.py` looks at each event found once more.
"""

import math
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from zlib import crc32

import msgspec

from modelfleet.events.event import Event, Logged
from modelfleet.events.kinds import Json

_WORD = re.compile(r"\w{1,40}")
_MOST_WORDS = 2_000
_MOST_READ = 80_000  # characters of a text
LONGEST_EQUAL = 160
"""Characters of a string that can be found by being equal; longer ones are found by words."""
_MOST_REMEMBERED = 10_000
_SHORT = 48
"""Characters of a text whose terms are remembered."""
_FINE_IN_DOUBLING = 8
_FINE_IN_COARSE = 64
_SMALLEST, _LARGEST = 64, 1024  # numbers from 2**-64 to 2**1024 are told apart
_HALF = 2**31


def terms_of(event: Event | Logged) -> str:
    """All terms of an event, separated by blanks, in a fixed order."""
    terms = {tenant_term(event.tenant): None, task_term(event.task): None}
    terms[kind_term(event.kind)] = None
    said: list[str] = []
    for path, value in leaves(event.fields):
        if type(value) is str:
            said.append(value)
            terms |= _of_short(path, value) if len(value) <= _SHORT else _of_text(path, value)
        else:
            terms |= _of_value(path, value)
    return " ".join(terms | dict.fromkeys(_words_of_all(said)))


def numbers_of(terms: str) -> list[int]:
    """Terms as signed numbers of 32 bits, which PostgreSQL keeps in a quarter of the space.

    Two terms may share a number, as two values may share a term.
    """
    return [crc32(term) - _HALF for term in terms.encode().split()]


def _of_value(path: str, value: Json) -> dict[str, None]:
    """The terms of a field that holds no text."""
    terms = dict.fromkeys(_presences(path))
    if type(value) is float or type(value) is int:
        bucket = _bucket(value)
        terms[_fine(path, bucket)] = None
        terms[_coarse(path, bucket // _FINE_IN_COARSE)] = None
    terms[equal(path, value)] = None
    return terms


def _of_text(path: str, value: str) -> dict[str, None]:
    """The terms of a field that holds a text, but for its words."""
    terms = dict.fromkeys(_presences(path))
    if len(value) <= LONGEST_EQUAL:
        terms[equal(path, value)] = None
    return terms


_of_short = lru_cache(_MOST_REMEMBERED)(_of_text)
"""The same, remembered: labels, versions and most metadata come again and again."""


def leaves(fields: Mapping[str, Json]) -> Iterator[tuple[str, Json]]:
    """Each value that holds no others, with its path, such as ``metadata.office``.

    The items of a list share the path of the list; lists within lists are passed over.
    """
    stack: list[tuple[str, Json]] = list(fields.items())
    for path, value in stack:  # grows on the way
        if isinstance(value, dict):
            stack += [(f"{path}.{key}", inner) for key, inner in value.items()]
        elif isinstance(value, list | tuple):
            stack += [(path, inner) for inner in value if type(inner) is not list]
        else:
            yield path, value


def words(text: str) -> list[str]:
    """The words that a text is found by, at most 2,000 of them; long ones in pieces."""
    return _WORD.findall(text[:_MOST_READ].casefold())[:_MOST_WORDS]


def _words_of_all(texts: list[str]) -> list[str]:
    """The words of several texts; those of short ones are found in one go."""
    joined = " ".join(texts)
    if len(joined) < _MOST_WORDS:
        return words(joined)
    return [word for text in texts for word in words(text)]


@lru_cache(_MOST_REMEMBERED)
def tenant_term(tenant: str) -> str:
    """The term of all of a tenant's events."""
    return f"ten{crc32(tenant.encode()):08x}"


@lru_cache(_MOST_REMEMBERED)
def task_term(task: str) -> str:
    """The term of all events of tasks with this name."""
    return f"tas{crc32(task.encode()):08x}"


@lru_cache(_MOST_REMEMBERED)
def kind_term(kind: str) -> str:
    """The term of all events of a kind."""
    return f"kin{crc32(kind.encode()):08x}"


def present(path: str) -> str:
    """The term of a field that is there."""
    return f"has{_hash(path):08x}"


def equal(path: str, value: Json) -> str:
    """The term of a field with a value; 1 and 1.0 are the same."""
    if type(value) is float and value.is_integer():
        value = int(value)
    return f"is{crc32(msgspec.json.encode(value), _hash(path)):08x}"


def between(path: str, low: float, high: float) -> list[str]:
    """The terms of which a number within the range has one; a few hundred at most."""
    bucket, last = _bucket(low), _bucket(high)
    needed = []
    while bucket <= last:
        if bucket % _FINE_IN_COARSE == 0 and bucket + _FINE_IN_COARSE - 1 <= last:
            needed.append(_coarse(path, bucket // _FINE_IN_COARSE))
            bucket += _FINE_IN_COARSE
        else:
            needed.append(_fine(path, bucket))
            bucket += 1
    return needed


def _bucket(value: float) -> int:
    """A number's place on a logarithmic scale of both signs, in order, 9% a step."""
    size = abs(value)
    if size < 2.0**-_SMALLEST:
        return 0
    doublings = min(_LARGEST, math.log2(size))
    place = math.floor((doublings + _SMALLEST) * _FINE_IN_DOUBLING) + 1
    return place if value > 0 else -place


def _fine(path: str, bucket: int) -> str:
    return f"num{_hash(path):08x}{_signed(bucket)}"


def _coarse(path: str, bucket: int) -> str:
    return f"nums{_hash(path):08x}{_signed(bucket)}"


def _signed(bucket: int) -> str:
    return f"{'n' if bucket < 0 else 'p'}{abs(bucket)}"


@lru_cache(_MOST_REMEMBERED)
def _hash(path: str) -> int:
    return crc32(path.encode())


@lru_cache(_MOST_REMEMBERED)
def _presences(path: str) -> tuple[str, ...]:
    """The terms of a field and of everything that it lies in: ``a.b`` lies in ``a``."""
    parts = path.split(".")
    return tuple(present(".".join(parts[:length])) for length in range(1, len(parts) + 1))
