"""What is counted of decisions: whole numbers that add up, over any days and in any order.

A number's place never changes its meaning: it is what is stored. New ones are added at the end.
"""

from modelfleet.monitoring.decided import Decided, Words
from modelfleet.serving import judging

Counts = dict[int, int]
"""How often each was counted, by its place; what comes to nothing is left out."""

(
    REQUESTS,
    DECIDED,
    UNFIT,
    AUDITS,
    MATURED,
    CONFIRMED,
    CORRECTED,
    SILENT,
    ANSWERED,
    REASSIGNED,
    MISROUTED,
    MISSED,
    NO_LABEL_FITS,
    IRRELEVANT,
    HELPFUL,
    UNHELPFUL,
    LABELLED,
    IN_TOP_3,
    LATE,
    SECONDS,
    AUDITED,
    AUDITED_RIGHT,
    AUDITED_SQUARES,
    AUDITS_ANSWERED,
) = range(24)
FIRST_BIN = 40
BINS = 10
"""Of calibration, by tenths of confidence: judged, right, and the sum of confidence of each."""

MILLION = 1_000_000
"""Sums of probabilities are whole millionths, so that their order can't matter."""
HUNDREDTHS = 100
"""An audit stands for 1/p decisions, counted in hundredths."""


def of_decision(decided: Decided) -> Counts:
    """What counts as soon as a request is decided."""
    counts = {REQUESTS: 1}
    if decided.label is not None:
        counts[DECIDED] = 1
    elif decided.reason == judging.NO_LABEL_FITS:
        counts[UNFIT] = 1
    if decided.audit is not None:
        counts[AUDITS] = 1
    return counts


def of_outcome(decided: Decided, words: Words) -> Counts:
    """What counts once a decision has matured, by what people had said."""
    counts = {MATURED: 1}
    if words.helpful is not None:
        counts[HELPFUL if words.helpful else UNHELPFUL] = 1
    if words.said is None:
        if decided.label is not None:
            counts[SILENT] = 1
        return counts
    counts[ANSWERED] = 1
    if (seconds := (words.first - decided.time) // MILLION) > 0:
        counts[SECONDS] = seconds
    _count_words(counts, decided, words)
    return counts


def difference(new: Counts, old: Counts) -> Counts:
    """What must be added to ``old`` for it to become ``new``."""
    changed = {place: new.get(place, 0) - old.get(place, 0) for place in new | old}
    return {place: change for place, change in changed.items() if change}


def add(total: Counts, counts: Counts) -> None:
    """Add to a total; what comes to nothing is left out again."""
    if total.keys().isdisjoint(counts):
        total.update(counts)
        return
    for place, count in counts.items():
        after = total.get(place, 0) + count
        if after:
            total[place] = after
        else:
            total.pop(place, None)


def _count_words(counts: Counts, decided: Decided, words: Words) -> None:
    right = words.right == decided.label
    if decided.label is not None:
        counts[CONFIRMED if right else CORRECTED] = 1
        if not right and words.right is not None:
            counts[MISROUTED] = 1
        _count_audit(counts, decided, right=right)
    elif words.right is not None:
        counts[MISSED] = 1
    if words.said in _SAID:
        counts[_SAID[words.said]] = 1
    if words.right is not None:
        counts[LABELLED] = 1
        if words.right in decided.top:
            counts[IN_TOP_3] = 1
    _count_calibration(counts, decided, words)


def _count_audit(counts: Counts, decided: Decided, *, right: bool) -> None:
    """An audit with probability p stands for 1/p decisions (Horvitz and Thompson 1952)."""
    if not decided.audit:
        return
    weight = round(HUNDREDTHS / decided.audit)
    counts[AUDITS_ANSWERED] = 1
    counts[AUDITED], counts[AUDITED_SQUARES] = weight, weight * weight
    if right:
        counts[AUDITED_RIGHT] = weight


def _count_calibration(counts: Counts, decided: Decided, words: Words) -> None:
    """Whether the best candidate was right, decided or not, beside what it was thought to be."""
    right = words.judge(decided.best)
    if right is None:
        return
    confidence = round(decided.confidence * MILLION)
    own = FIRST_BIN + 3 * min(confidence * BINS // MILLION, BINS - 1)
    counts[own] = 1
    if right:
        counts[own + 1] = 1
    if confidence:
        counts[own + 2] = confidence


_SAID = {"reassigned": REASSIGNED, "no_label_fits": NO_LABEL_FITS, "irrelevant": IRRELEVANT}
