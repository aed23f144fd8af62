"""What most errors have in common since a change: labels, or that no label fits."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from modelfleet.monitoring.matured import Matured

SURE = 3.3
"""Standard errors that chance doesn't reach but once in two thousand times."""

_FEWEST_REQUESTS = 10
_FEWEST_ERRORS = 4
_MOST_OF_ERRORS = 0.5
_HARDLY = 0.01
_SELDOM = 0.1
_TWICE = 2  # of many rare labels some come once by chance that didn't come before
_NAMED = 3


def common_errors(before: Sequence[Matured], since: Sequence[Matured]) -> str:
    """What most errors since a change have in common, if it isn't what they had before, in words.

    Labels that hardly anything had before say more than two labels that are mixed up: a label may
    have been split, in whatever many. Empty if nothing is common.
    """
    if min(len(before), len(since)) < _FEWEST_REQUESTS:
        return ""
    return _of_new_labels(before, since) or _of_one_kind(before, since)


def _of_new_labels(before: Sequence[Matured], since: Sequence[Matured]) -> str:
    """Whether most errors are requests that people now give labels they hardly used before."""
    earlier, now = _used(before), _used(since)
    hardly = _HARDLY * len(before)
    seldom = _SELDOM * len(before) / len(since)
    new = {
        label
        for label, count in now.items()
        if count >= _TWICE and earlier[label] <= min(hardly, seldom * count)
    }
    errors = [one for one in since if one.best_was_right is False]
    moved = [one for one in errors if one.right in new]
    used_before, used_now = (sum(used[label] for label in new) for used in (earlier, now))
    is_new = _is_more(used_before, len(before), used_now, len(since))
    if not is_new or not _is_most(len(moved), len(errors)):
        return ""
    old, of = _named(one.best for one in moved), _named(one.right for one in moved)
    return f"requests of {old} are now assigned to {of}: {len(moved)} of {len(errors)} errors"


def _of_one_kind(before: Sequence[Matured], since: Sequence[Matured]) -> str:
    """Whether most errors mix up the same two labels, or are of requests that no label fits."""
    earlier, errors = (Counter(filter(None, map(_error, part))) for part in (before, since))
    for what, count in errors.most_common(1):
        common_before = earlier[what] > _MOST_OF_ERRORS * earlier.total()
        is_more = _is_more(earlier[what], len(before), count, len(since))
        if is_more and not common_before and _is_most(count, errors.total()):
            return f"{what}: {count} of {errors.total()} errors"
    return ""


def _error(one: Matured) -> str:
    """What was wrong about a first candidate, in words; empty if nothing was."""
    if one.best is None or one.best_was_right is not False:
        return ""
    if one.right is None:
        return "requests came that no label fits"
    first, second = sorted((one.best, one.right))
    return f"{first} and {second} were mixed up"


def _used(some: Sequence[Matured]) -> Counter[str]:
    """How often requests had each label: the one that people said, else what was decided."""
    labels = (one.label if one.said is None else one.right for one in some)
    return Counter(label for label in labels if label is not None)


def _named(labels: Iterable[str | None]) -> str:
    """Labels in words, the most frequent first."""
    counts = Counter(map(str, labels))
    names = sorted(counts, key=lambda label: (-counts[label], label))
    if len(names) > _NAMED:
        names = [*names[:_NAMED], "others"]
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _is_most(count: int, of: int) -> bool:
    return count >= max(_FEWEST_ERRORS, _MOST_OF_ERRORS * of)


def _is_more(count: int, of: int, count_since: int, of_since: int) -> bool:
    """Whether a share rose by more than chance (the normal approximation of two shares)."""
    pooled = (count + count_since) / (of + of_since)
    error = math.sqrt(pooled * (1 - pooled) * (1 / of + 1 / of_since))
    return count_since / of_since - count / of > SURE * error
