"""Times as clients get them: the library counts microseconds, JSON has moments."""

from datetime import datetime
from functools import cache
from typing import Any, TypeVar, get_args

import msgspec

from modelfleet.clock import to_datetime

T = TypeVar("T", bound=msgspec.Struct)


def dated(answer: type[T], found: msgspec.Struct, **others: object) -> T:
    """What was found, as an answer of the same fields in which times are moments.

    Args:
        answer: the answer's type.
        found: has its fields, times in microseconds.
        others: fields of the answer that aren't as in ``found``.
    """
    plain = msgspec.structs.asdict(found) | others
    for name in _moments(answer):
        if plain[name] is not None and name not in others:
            plain[name] = to_datetime(plain[name])
    return answer(**plain)


@cache
def _moments(answer: type[msgspec.Struct]) -> tuple[str, ...]:
    """The fields that hold a moment, or none."""
    return tuple(field.name for field in msgspec.structs.fields(answer) if _is_moment(field.type))


def _is_moment(type_: Any) -> bool:  # noqa: ANN401 - any annotation
    return datetime in {type_, *get_args(type_)}
