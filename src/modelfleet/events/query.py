"""Questions to the log: which events, by tenant, task, kind, time and any field."""

import math
import re
from collections.abc import Callable
from typing import Literal, cast

import msgspec

from modelfleet.errors import InvalidInput
from modelfleet.events import terms
from modelfleet.events.event import Logged
from modelfleet.events.kinds import Json

_SIGN = re.compile("<=|>=|[=<>:]")

_BOUNDS = {"<", "<=", ">", ">="}

Operator = Literal["=", "<", "<=", ">", ">=", "exists", "words"]


class Condition(msgspec.Struct, frozen=True):
    """What a field must be.

    ``field`` is a path such as ``metadata.office``; one item of a list is enough. ``words``: each
    word of the value occurs in a string at or below the field, or anywhere if the field is empty.
    """

    field: str
    operator: Operator
    value: Json = None

    def matches(self, event: Logged) -> bool:
        """Whether an event fulfils it."""
        below = self.operator in {"exists", "words"}
        values = [
            value
            for path, value in terms.leaves(event.fields)
            if path == self.field
            or (below and (not self.field or path.startswith(self.field + ".")))
        ]
        if self.operator == "exists":
            return bool(values)
        if self.operator == "words":
            said = {
                word for value in values if isinstance(value, str) for word in terms.words(value)
            }
            return said.issuperset(terms.words(str(self.value)))
        return any(self.holds(value) for value in values)

    def holds(self, value: Json) -> bool:
        """Whether one value compares so with the condition's."""
        return self._comparable(value) and _COMPARE[self.operator](value, self.value)

    def _comparable(self, value: Json) -> bool:
        """Whether a value is of the asked one's type, and has an order where one is asked for."""
        if _is_number(self.value):
            return _is_number(value)
        ordered = isinstance(value, str) or self.operator == "="
        return ordered and type(value) is type(self.value)

    def needs(self) -> list[list[str]]:
        """The terms an event must have to be looked at: one of each inner list."""
        match self.operator:
            case "=":
                return [[terms.equal(self.field, self.value)]] if _indexed(self.value) else []
            case "words":
                return [[word] for word in sorted(set(terms.words(str(self.value))))]
            case "exists":
                return [[terms.present(self.field)]]
            case _:
                return [[terms.present(self.field)]]


class Query(msgspec.Struct, frozen=True):
    """Which events are wanted, oldest first; times in microseconds, ``until`` not included.

    ``after`` and ``upto`` are places in the log, behind the one and not behind the other.
    """

    tenant: str | None = None
    task: str | None = None
    kinds: tuple[str, ...] = ()
    since: int | None = None
    until: int | None = None
    after: int = 0
    upto: int | None = None
    where: tuple[Condition, ...] = ()
    newest_first: bool = False

    def matches(self, event: Logged) -> bool:
        """Whether an event fulfils all conditions on its fields."""
        bounds = [one for one in self.where if one.operator in _BOUNDS]
        others = [one for one in self.where if one.operator not in _BOUNDS]
        return all(one.matches(event) for one in others) and all(
            _lies_within(event, field, [one for one in bounds if one.field == field])
            for field in {one.field for one in bounds}
        )

    def needs(self) -> list[list[str]]:
        """The terms an event must have: one of each inner list; empty without conditions."""
        if not self.where:
            return []
        needed = _needed(self.where)
        if self.tenant is not None:
            needed.append([terms.tenant_term(self.tenant)])
        if self.task is not None:
            needed.append([terms.task_term(self.task)])
        if self.kinds:
            needed.append([terms.kind_term(kind) for kind in self.kinds])
        return needed


def parse_condition(text: str) -> Condition:
    """``metadata.office=Oslo``, ``confidence>=0.9``, ``text:printer jam``, or ``helpful``.

    The value is taken as JSON if it is JSON, as a string if not.

    Raises:
        InvalidInput: no field is named, no word to look for, or a sign that there isn't.
    """
    found = _SIGN.search(text)
    field, sign, value = (
        (text, None, "")
        if found is None
        else (text[: found.start()], found[0], text[found.end() :])
    )
    match sign:
        case None:
            return Condition(_named(field), "exists")
        case ":":
            if not terms.words(value):
                raise InvalidInput.at("where", f"must have a word after the colon; got {text!a}")
            return Condition(field.strip(), "words", value)
        case _:
            return Condition(_named(field), cast("Operator", sign), _json_or_text(value))


def _lies_within(event: Logged, field: str, bounds: list[Condition]) -> bool:
    """Whether one value of a field lies within all its bounds."""
    return any(
        all(bound.holds(value) for bound in bounds)
        for path, value in terms.leaves(event.fields)
        if path == field
    )


def _named(field: str) -> str:
    if not field.strip():
        raise InvalidInput.at("where", "must name a field, such as metadata.office=Oslo")
    if field.endswith("!"):
        raise InvalidInput.at("where", "must compare by =, <, <=, >, >= or a colon; != can't be")
    return field.strip()


def _json_or_text(value: str) -> Json:
    try:
        return msgspec.json.decode(value)
    except msgspec.DecodeError:
        return value


def _needed(where: tuple[Condition, ...]) -> list[list[str]]:
    """What the conditions need; the bounds of one number are asked for together."""
    bounds = [condition for condition in where if _is_number_bound(condition)]
    others = [condition for condition in where if condition not in bounds]
    ranges = [_range(field, bounds) for field in sorted({bound.field for bound in bounds})]
    return [term for condition in others for term in condition.needs()] + ranges


def _range(field: str, bounds: list[Condition]) -> list[str]:
    of_field = [bound for bound in bounds if bound.field == field]
    low = max((b.value for b in of_field if b.operator in {">", ">="}), default=-math.inf)
    high = min((b.value for b in of_field if b.operator in {"<", "<="}), default=math.inf)
    return terms.between(field, low, high)


def _is_number_bound(condition: Condition) -> bool:
    return condition.operator in {"<", "<=", ">", ">="} and _is_number(condition.value)


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _indexed(value: Json) -> bool:
    return not isinstance(value, str) or len(value) <= terms.LONGEST_EQUAL


_COMPARE: dict[str, Callable[[Json, Json], bool]] = {
    "=": lambda one, other: bool(one == other),
    "<": lambda one, other: bool(one < other),
    "<=": lambda one, other: bool(one <= other),
    ">": lambda one, other: bool(one > other),
    ">=": lambda one, other: bool(one >= other),
}
