"""Reading JSON strictly: what is wrong with it is said in words, by field."""

import json
import math
import re
from typing import Any, TypeVar, get_args

import msgspec

from modelfleet.errors import Fault, InvalidInput

T = TypeVar("T")
S = TypeVar("S", bound=msgspec.Struct)

_PATH = re.compile(r" - at `\$(?P<path>.*)`$", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<name>.*)`", re.DOTALL)
_DATE = re.compile(r"Expected `date\b|Invalid RFC3339 encoded date\b")
_MOMENT = re.compile(r"Expected `datetime|Invalid RFC3339")
_SURROGATE = re.compile("[\ud800-\udfff]")
_NO_CHOICE = "invalid enum value "
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def decode(decoder: "msgspec.json.Decoder[T]", data: bytes) -> T:
    """The value that ``data`` holds.

    Raises:
        InvalidInput: it isn't JSON, or not of the decoder's type; names the field.
    """
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        raise InvalidInput(_mismatch(str(error))) from error
    except _UNREADABLE as error:
        raise InvalidInput(_unreadable(data, error)) from error


def convert(value: object, type_: type[S]) -> S:
    """Strings of a query as the fields of ``type_``.

    Raises:
        InvalidInput: one is unknown, or not what its field takes.
    """
    try:
        return msgspec.convert(value, type_, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidInput(_with_choices(_mismatch(str(error)), type_)) from error


def _mismatch(said: str) -> Fault:
    """Msgspec's message about a type, with the field first."""
    found = _PATH.search(said)
    path = found["path"].replace("[...]", "").lstrip(".") if found else ""
    message = said[: found.start()] if found else said
    if _DATE.match(message):
        return Fault(path, "must be a date, such as 2026-03-01")
    if _MOMENT.match(message):
        return Fault(path, "must be a time in RFC 3339, such as 2026-03-01T09:30:00Z")
    if unknown := _UNKNOWN.fullmatch(message):
        return Fault(_below(path, unknown["name"]), "isn't known here")
    if missing := _MISSING.fullmatch(message):
        return Fault(_below(path, missing["name"]), "is required")
    return Fault(path or "body", message[:1].lower() + message[1:])


def _with_choices(fault: Fault, type_: type[msgspec.Struct]) -> Fault:
    """A fault that says what a field takes; msgspec says only that a value is none of that."""
    refused = fault.message.removeprefix(_NO_CHOICE)
    if refused == fault.message:
        return fault
    (taken,) = (one.type for one in msgspec.structs.fields(type_) if one.name == fault.field)
    inner = [one for part in (taken, *get_args(taken)) for one in get_args(part)]
    choices = ", ".join(one for one in inner if isinstance(one, str))
    return Fault(fault.field, f"must be one of {choices}; got {refused}")


def _below(path: str, name: str) -> str:
    return (f"{path}.{name}" if path else name)[:200]


def _unreadable(data: bytes, error: Exception) -> Fault:
    """Why bytes aren't JSON; a lenient parser finds the place that the strict one refused."""
    if isinstance(error, RecursionError):
        return Fault("body", "is nested too deep")
    if not data.strip():
        return Fault("body", "must be JSON; it is empty")
    try:
        value = json.loads(data.decode())
    except UnicodeDecodeError as wrong:
        return Fault("body", f"must be UTF-8; it isn't at byte {wrong.start}")
    except json.JSONDecodeError as wrong:
        place = f"line {wrong.lineno}, column {wrong.colno}"
        return Fault("body", f"isn't JSON: {wrong.msg} ({place})")
    except (RecursionError, ValueError):
        return Fault("body", f"isn't JSON that can be read: {error}")
    return _refused_value(value) or Fault("body", f"isn't JSON that can be read: {error}")


def _refused_value(value: object) -> Fault | None:
    """The first string or number in lenient JSON that strict JSON doesn't have."""
    stack: list[tuple[Any, str]] = [(value, "")]
    while stack:
        value, path = stack.pop()
        if isinstance(value, dict):
            keys = [key for key in value if _SURROGATE.search(key)]
            if keys:
                return Fault(path or "body", "has a key with a lone surrogate")
            stack += [(inner, _below(path, key)) for key, inner in value.items()]
        elif isinstance(value, list):
            stack += [(inner, f"{path}[{index}]") for index, inner in enumerate(value)]
        elif isinstance(value, str) and (bad := _SURROGATE.search(value)):
            return Fault(
                path or "body", f"must be well-formed Unicode; lone surrogate at {bad.start()}"
            )
        elif isinstance(value, float) and not math.isfinite(value):
            return Fault(path or "body", f"must be a finite number; got {value}")
    return None
