"""From an alarm to a finding: since when, how much, with what it began; read back from the log."""

from collections.abc import Sequence

import msgspec
import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from modelfleet.events.findings import Cause, Inception
from modelfleet.monitoring.alarms.causes import OfKind, When, causes_of
from modelfleet.monitoring.alarms.common_kinds import common_kind
from modelfleet.monitoring.alarms.elements import Habit
from modelfleet.monitoring.alarms.episodes import log_odds_between
from modelfleet.monitoring.alarms.history import (
    Elements,
    Past,
    kinds_of,
    only,
    part_of,
    past_of,
    sequence_of,
)
from modelfleet.monitoring.alarms.recurring import REACH
from modelfleet.monitoring.alarms.sentences import of_kind
from modelfleet.monitoring.alarms.targets import precision_asked
from modelfleet.monitoring.alarms.versions import Versions, versions_of
from modelfleet.monitoring.alarms.within import Slice
from modelfleet.monitoring.inception import Inception as Moment
from modelfleet.monitoring.inception import inception
from modelfleet.monitoring.matured import Matured
from modelfleet.monitoring.streams import CALIBRATION, FROM_CONFIDENCE, Stream
from modelfleet.recipe import Recipe

_ENOUGH = 15
_APART = np.log(1.3)
_FEW = 8
_MINORITY = 0.6
_FAR, _NEAR = 4.0, 2.0  # standard deviations
_DOUBT = 2.0
_WRONG = {Stream.PRECISION, Stream.OVERCONFIDENCE}
_WENT_WRONG = {
    Stream.PRECISION: "{requests} went wrong",
    Stream.MISSES: "{requests} lacked their label",
    Stream.OVERCONFIDENCE: "{requests} went wrong",
    Stream.COVERAGE: "{requests} weren't decided",
    Stream.NEW_DOMAIN: "{requests} fitted no label",
    Stream.RESPONSE: "{requests} had no feedback",
    Stream.HELPFULNESS: "{requests} weren't helped",
}
_LACKING = {Stream.MISSES, Stream.COVERAGE}


class Rang(msgspec.Struct, frozen=True):
    """A stream of a task rang at an outcome.

    Attributes:
        at: the outcome.
        stream: what rang.
        evidence: the e-value.
        bar: the e-value that it had to reach.
        offset: log odds by which the stream is usually off what is stated.
        rate: what is stated where confidence isn't.
        habit: how people gave feedback.
        since: the decision behind which the detector started anew.
        until: the newest decision that had matured.
    """

    at: Matured
    stream: Stream
    evidence: float
    bar: float
    offset: float = 0.0
    rate: float = 0.1
    habit: Habit = msgspec.field(default_factory=Habit)
    since: int = 0
    until: int = 0


class Finding(msgspec.Struct, frozen=True):
    """What is known of a change; shares are of what the stream counts, which is bad.

    Attributes:
        began: when.
        causes: with what.
        expected: the share that was to be expected since.
        observed: the share that was seen.
        events: outcomes since.
        shift: log odds by which it became worse.
        versions: which answered.
        precision: what is asked of decisions.
        confident: whether the surer half of decisions was still right.
        skewed: whether decisions are as right as they should be, though more is missed.
        kind: of what kind of request this is, a field and its value; empty: of all.
    """

    began: Inception
    causes: tuple[Cause, ...]
    expected: float
    observed: float
    events: int
    shift: float
    versions: Versions
    precision: float
    confident: bool = False
    skewed: bool = False
    kind: Slice = ("", "")


def find(
    connection: sa.Connection,
    rang: Rang,
    recipe: Recipe,
    kind: Slice = ("", ""),
    known: Sequence[Slice] = (),
) -> Finding | None:
    """Look back from an alarm: the log is read once, at most 2,000 decisions of the task.

    ``kind`` narrows it to one kind of request: None if the others are as bad. Without, a fall of
    which one kind has nearly all is found to be that kind's, sooner if it is ``known`` to be bad.
    """
    whole = past_of(connection, rang.at, rang.until, rang.since)
    if kind[0]:
        return _of_kind(connection, rang, recipe, whole, kind)
    found = _found(connection, rang, recipe, whole, kind)
    alone = concentrated(whole, found, rang, known) if rang.stream in _WRONG else None
    if alone is None:
        return found
    of_it = _of_kind(connection, rang, recipe, whole, alone)
    return of_it if of_it is not None or alone in known else found


def _of_kind(
    connection: sa.Connection, rang: Rang, recipe: Recipe, whole: Past, kind: Slice
) -> Finding | None:
    """What is known of one kind of request; None if the others are as bad, or too few."""
    part = only(whole, kind)
    found = _found(connection, rang, recipe, part, kind)
    return found if stands_out(whole, part, found.began.seq, rang) else None


def find_again(connection: sa.Connection, rang: Rang, recipe: Recipe) -> Finding:
    """Look back once more from an open alert of all requests: how it is by now."""
    past = past_of(connection, rang.at, rang.until, rang.since)
    return _found(connection, rang, recipe, past, ("", ""))


def _found(
    connection: sa.Connection, rang: Rang, recipe: Recipe, past: Past, kind: Slice
) -> Finding:
    stream = rang.stream
    told = sequence_of(past, stream, rang.habit, rang.rate)
    expected = expected_of(told, stream, rang.offset)
    moment = inception(told.happened, expected)
    when = _when(told, moment)
    began = began_at(past, when)
    common = None if kind[0] else _in_common(past, stream, told, expected, moment.place)
    causes = causes_of(connection, past, when, stream, common)
    return Finding(
        began=began,
        causes=causes.told,
        expected=moment.expected,
        observed=moment.observed,
        events=moment.outcomes,
        shift=log_odds_between(moment.expected, moment.believed),
        versions=versions_of(connection, rang.at, causes.events, recipe),
        precision=precision_asked(connection, rang.at, recipe.learning.target_precision),
        confident=stream in FROM_CONFIDENCE and _surer_are_right(told, moment),
        skewed=stream in _LACKING and _are_right(past, when, rang),
        kind=kind,
    )


def _in_common(
    past: Past, stream: Stream, told: Elements, expected: NDArray[np.float64], place: int
) -> OfKind | None:
    """The kind of request that most of what is bad since then is of, if there is one."""
    if stream not in _WENT_WRONG:
        return None
    kinds = [kinds_of(past.requests[number]) for number in told.places.tolist()]
    found = common_kind(kinds, told.happened, expected, place)
    if found is None:
        return None
    kind, count = found
    requests, of = of_kind("requests", *kind), int(told.happened[place:].sum())
    return OfKind(kind[0], f"{_WENT_WRONG[stream].format(requests=requests)}: {count} of {of}")


def expected_of(told: Elements, stream: Stream, offset: float) -> NDArray[np.float64]:
    """What each element was to be held against, by what is known of the task at the end."""
    stated = np.clip(told.stated, 1e-6, 1 - 1e-6)
    if stream in CALIBRATION:
        return stated
    return np.asarray(1 / (1 + np.exp(-(np.log(stated) - np.log1p(-stated) + offset))))


def _when(told: Elements, moment: Moment) -> When:
    earliest, place, latest = (
        int(told.places[place]) for place in (moment.earliest, moment.place, moment.latest)
    )
    return When(earliest, place, latest)


def began_at(past: Past, when: When) -> Inception:
    """The likeliest first decision of a change, and the times between which it is."""
    first = past.outcomes[when.place]
    times = [past.outcomes[place].decided for place in (when.earliest, when.latest)]
    return Inception(first.decision, first.seq, first.decided, *times)


def _surer_are_right(told: Elements, moment: Moment) -> bool:
    """Whether the surer half of the decisions since then has less than half the share of errors."""
    wrong, stated = told.happened[moment.place :], told.stated[moment.place :]
    surer = stated <= np.median(stated)
    if surer.sum() < _ENOUGH or surer.all():
        return False
    return bool(wrong[surer].mean() < wrong.mean() / 2)


def _are_right(past: Past, when: When, rang: Rang) -> bool:
    """Whether decisions since then are as right as they should be."""
    since = Past(past.outcomes[when.place :], past.requests[when.place :])
    told = sequence_of(since, Stream.PRECISION, rang.habit, rang.rate)
    if len(told.happened) < _ENOUGH:
        return False
    return bool(told.happened.mean() <= told.stated.mean())


def stands_out(whole: Past, part: Past, first: int, rang: Rang) -> bool:
    """Whether a kind of request is worse than the others since an event, by what was expected."""
    chosen = {one.seq for one in part.outcomes}
    own = part_of(whole, lambda one: one.seq >= first and one.seq in chosen)
    rest = part_of(whole, lambda one: one.seq >= first and one.seq not in chosen)
    if not own.outcomes or not rest.outcomes:
        return False
    told = [sequence_of(past, rang.stream, rang.habit, rang.rate) for past in (own, rest)]
    if len(told[1].happened) < _ENOUGH:
        return False
    worse, others = (
        log_odds_between(float(one.stated.mean()), float(one.happened.mean())) for one in told
    )
    return bool(worse - max(others, 0.0) > _APART)


def concentrated(
    past: Past, finding: Finding, rang: Rang, known: Sequence[Slice] = ()
) -> Slice | None:
    """The kind of request that explains what went wrong since then: the others are as ever.

    It is much worse than expected, and the others are within chance of what was expected of them.
    """
    recent = part_of(past, lambda one: one.seq >= finding.began.seq)
    told = sequence_of(recent, rang.stream, rang.habit, rang.rate)
    excess = told.happened - told.stated
    spread = told.stated * (1 - told.stated)
    members: dict[Slice, list[int]] = {}
    for number, place in enumerate(told.places.tolist()):
        for kind in kinds_of(recent.requests[place]).items():
            members.setdefault(kind, []).append(number)
    best, most = None, 0.0
    for kind, numbers in sorted(members.items()):
        is_known = kind in known
        is_some = is_known or _FEW <= len(numbers) <= _MINORITY * len(excess)
        if not kind[1] or kind[0] in REACH or not is_some:
            continue
        others = np.delete(np.arange(len(excess)), numbers)
        own, rest = (_deviations(excess[some], spread[some]) for some in (numbers, others))
        doubt = _DOUBT if is_known else 1.0
        if own > max(most, _FAR / doubt) and rest < _NEAR * doubt:
            best, most = kind, own
    return best


def _deviations(excess: NDArray[np.float64], spread: NDArray[np.float64]) -> float:
    """Standard deviations of what is too much; none of nothing."""
    return float(excess.sum() / np.sqrt(spread.sum())) if len(excess) else 0.0
