"""Which examples a training learns from, so that its time is bounded however many there are."""

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate

from modelfleet.text import LONGEST_TEXT
from modelfleet.training.evidence import Example

_CHARACTERS = 80
"""A text counts as one example for so many characters, and as another for each further so many."""

_NEWEST_OF_LABEL = 100
"""So many examples of each label come before newer ones of other labels."""


def selected(examples: Sequence[Example], most: int) -> list[Example]:
    """The newest examples, the newest hundred of each label first of all; in the order they had.

    Args:
        examples: in time order.
        most: how many; long texts count several times.
    """
    of_label: Counter[str | None] = Counter()
    first: list[int] = []
    others: list[int] = []
    for row in reversed(range(len(examples))):
        label = examples[row].label
        of_label[label] += 1
        (first if of_label[label] <= _NEWEST_OF_LABEL else others).append(row)
    ordered = first + others
    totals = accumulate(_counted(examples[row]) for row in ordered)
    kept = [row for row, total in zip(ordered, totals, strict=True) if total <= most]
    return [examples[row] for row in sorted(kept)]


def _counted(example: Example) -> int:
    return 1 + min(len(example.text), LONGEST_TEXT) // _CHARACTERS
