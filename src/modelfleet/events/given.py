"""What a caller gave: one of the library's own values, or else a refusal that shows it."""

from collections.abc import Sequence
from typing import TypeVar

from modelfleet.errors import InvalidInput

T = TypeVar("T")


def check_is(value: object, type_: type[T], field: str) -> T:
    """One of the library's own values, unchanged.

    Raises:
        InvalidInput: it is something else.
    """
    if not isinstance(value, type_):
        article = "an" if type_.__name__[0] in "AEIOU" else "a"
        raise InvalidInput.at(field, f"must be {article} {type_.__name__}; got {shown(value)}")
    return value


def check_all(values: Sequence[T], type_: type[T], field: str) -> Sequence[T]:
    """A list of the library's own values, unchanged.

    Raises:
        InvalidInput: it is no list, or one of them is something else.
    """
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise InvalidInput.at(field, f"must be a list of {type_.__name__}; got {shown(values)}")
    for index, value in enumerate(values):
        check_is(value, type_, f"{field}[{index}]")
    return values


def shown(value: object) -> str:
    """What was given, as a message has room for it."""
    text = ascii(value)
    return text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004 - a line's width
