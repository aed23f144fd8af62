"""Counts of decisions by what they have in common: a few kinds as they are, many by each field.

Most tasks have few decisions a day, and hardly two that are alike in all fields. Counting each kind
once, and not under each of its fields, is most of what an outcome costs less.
"""

from typing import TypeVar

import msgspec

from modelfleet.monitoring.counts import Counts, add
from modelfleet.monitoring.decided import Slices

MOST_ALIKE = 16
"""Kinds that are kept as they are."""

Table = dict[str, dict[str, Counts]]
"""Counts by field and value, in their order."""

Key = TypeVar("Key", int, str)
Value = TypeVar("Value")


class Tally(msgspec.Struct, array_like=True, gc=False):
    """What was counted; the same counts have the same bytes, in whatever pages they came.

    Attributes:
        alike: counts of decisions that have all these fields' values in common.
        table: counts by each field alone, once there are too many kinds; then ``alike`` holds what
            was counted since this was last `settled`.
    """

    alike: dict[Slices, Counts] = {}
    table: Table = {}

    def count(self, kind: Slices, counts: Counts) -> None:
        """Count decisions of a kind; what comes to nothing is left out again."""
        known = self.alike.get(kind)
        if known is None:
            self.alike[kind] = counts.copy()
            if len(self.alike) > MOST_ALIKE and not self.table:
                self.spread()
        else:
            add(known, counts)
            if not known:
                del self.alike[kind]

    @property
    def empty(self) -> bool:
        """Whether nothing was counted."""
        return not (self.alike or self.table)

    def settled(self) -> "Tally":
        """Itself as it is stored."""
        if self.table:
            self.spread()
        return self

    def spread(self) -> None:
        """Count all by each field alone, in an order that doesn't tell in which order it came."""
        for kind, counts in self.alike.items():
            for field, value in kind:
                values = self.table.setdefault(field, {})
                if value in values:
                    _add_to(values, value, counts)
                else:
                    values[value] = _in_order(counts)
                    self.table[field] = _in_order(values)
        self.table = _in_order({field: values for field, values in self.table.items() if values})
        self.alike = {}


def _add_to(values: dict[str, Counts], value: str, counts: Counts) -> None:
    total = values[value]
    in_order = counts.keys() <= total.keys()
    add(total, counts)
    if not total:
        del values[value]
    elif not in_order:
        values[value] = _in_order(total)


def _in_order(found: dict[Key, Value]) -> dict[Key, Value]:
    return dict(sorted(found.items()))
