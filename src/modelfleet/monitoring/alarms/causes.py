"""What else happened when a change began: what may have caused it, the likeliest first."""

from collections.abc import Iterator, Sequence

import msgspec
import sqlalchemy as sa

from modelfleet.events import Logged, Query, kinds, statements
from modelfleet.events.findings import Cause
from modelfleet.monitoring.alarms.common_errors import SURE, common_errors
from modelfleet.monitoring.alarms.history import Past
from modelfleet.monitoring.streams import Stream
from modelfleet.monitoring.words import telling_words

ERRORS = "errors"
"""The kind of a cause that says what most errors have in common."""
MOST = 3
"""Causes that are named."""
_KINDS = (
    kinds.VersionPublished.kind,
    kinds.VersionPromoted.kind,
    kinds.VersionPinned.kind,
    kinds.LabelDefined.kind,
    kinds.LabelRemoved.kind,
    kinds.TargetSet.kind,
    kinds.EvidenceForgotten.kind,
)
_LABEL = "label"
_FEWEST_REQUESTS = 10
_COMMON = 0.15
_MOVED = 0.2


class When(msgspec.Struct, frozen=True):
    """A change in a past: places of the first outcomes, and of the likeliest."""

    earliest: int
    place: int
    latest: int


class OfKind(msgspec.Struct, frozen=True):
    """That most of what is bad since a change is of one kind of request: its field, in words."""

    field: str
    what: str


class Causes(msgspec.Struct, frozen=True):
    """What is told of causes, and the events among them, the nearest to the inception first."""

    told: tuple[Cause, ...]
    events: tuple[Logged, ...]


def causes_of(
    connection: sa.Connection,
    past: Past,
    when: When,
    stream: Stream,
    of_kind: OfKind | None = None,
) -> Causes:
    """Events of the task within the moments when it can have begun, then what changed by itself.

    Behind the first stands what most errors have in common: their labels, and the kind of request
    that they are of, unless that is only one of these labels.
    """
    ordered = sorted(
        _events(connection, past, when),
        key=lambda one: abs(one.seq - past.outcomes[when.place].seq),
    )
    told = [Cause(one.id, one.kind, _what(connection, one)) for one in ordered[:MOST]]
    told += moved(past, when, stream)
    in_common = [*_errors(past, when)]
    if of_kind is not None and not (in_common and of_kind.field == _LABEL):
        in_common.append(Cause(past.outcomes[when.place].decision, ERRORS, of_kind.what))
    told[1:1] = in_common
    return Causes(tuple(told[:MOST]), tuple(ordered))


def _errors(past: Past, when: When) -> Iterator[Cause]:
    """What most errors have in common since then, if that isn't what they had before."""
    parts = ([past.outcomes[place] for place in part] for part in _split(past, when))
    what = common_errors(*parts)
    if what:
        yield Cause(past.outcomes[when.place].decision, ERRORS, what)


def moved(past: Past, when: When, stream: Stream) -> Iterator[Cause]:
    """What changed by itself: how much feedback people give, and what they ask.

    That people give less feedback is no cause of itself.
    """
    if stream != Stream.RESPONSE:
        yield from _feedback(past, when)
    yield from _requests(past, when)


def _events(connection: sa.Connection, past: Past, when: When) -> list[Logged]:
    """What changed the task between the last outcome before and the last that can be the first."""
    first = past.outcomes[max(when.earliest - 1, 0)]
    asked = Query(tenant=first.tenant, task=first.task, kinds=_KINDS, after=first.seq - 1)
    found = statements.found(connection, asked, None, 200)
    until = past.outcomes[when.latest].seq
    return [one for one in found if one.seq <= until]


def _what(connection: sa.Connection, event: Logged) -> str:
    fields = event.fields
    match event.kind:
        case kinds.VersionPublished.kind:
            return _published(connection, event)
        case kinds.VersionPromoted.kind | kinds.VersionPinned.kind:
            return f"version {fields['version']} was made the live one by hand"
        case kinds.LabelDefined.kind:
            return f"label {fields['label']} was added or its texts changed"
        case kinds.LabelRemoved.kind:
            return f"label {fields['label']} was removed"
        case kinds.TargetSet.kind:
            return "another precision was asked for"
    return "examples were forgotten"


def _published(connection: sa.Connection, event: Logged) -> str:
    """A new version, and whether another recipe made it than the one before."""
    before = statements.found(
        connection,
        Query(
            tenant=event.tenant,
            task=event.task,
            kinds=(kinds.VersionPublished.kind,),
            newest_first=True,
        ),
        event.seq,
        1,
    )
    recipe = event.fields["recipe"]
    another = before and before[0].fields["recipe"] != recipe
    by = f" by another recipe, {recipe}" if another else ""
    return f"version {event.fields['version']} was published{by}"


def _feedback(past: Past, when: When) -> Iterator[Cause]:
    """Whether people give more feedback than before, or less."""
    before, since = _split(past, when)
    if min(len(before), len(since)) < _FEWEST_REQUESTS:
        return
    was = sum(past.outcomes[place].said is not None for place in before) / len(before)
    now = sum(past.outcomes[place].said is not None for place in since) / len(since)
    pooled = (was * len(before) + now * len(since)) / (len(before) + len(since))
    error = (pooled * (1 - pooled) * (1 / len(before) + 1 / len(since))) ** 0.5
    if abs(now - was) > max(SURE * error, _MOVED):
        began = past.outcomes[when.place].decision
        more = "more" if now > was else "less"
        what = f"people gave {more} feedback: on {now:.0%} of decisions instead of {was:.0%}"
        yield Cause(began, "feedback", what)


def _requests(past: Past, when: When) -> Iterator[Cause]:
    """Whether there are requests of a new kind: words that many have since, and few had before."""
    before, since = (
        [past.requests[place].fields["text"] for place in part] for part in _split(past, when)
    )
    if min(len(before), len(since)) < _FEWEST_REQUESTS:
        return
    new = [
        one.word
        for one in telling_words(since, before)
        if one.z > SURE and one.share >= _COMMON and one.share > 2 * one.share_elsewhere
    ]
    if new:
        began = past.outcomes[when.place].decision
        words = ", ".join(f"“{word}”" for word in new[:3])
        yield Cause(began, "requests", f"requests of a new kind came, with the words {words}")


def _split(past: Past, when: When) -> tuple[Sequence[int], Sequence[int]]:
    """Places before the change, as many as there are since at most four times, and since."""
    since = range(when.place, len(past.outcomes))
    return range(max(0, when.place - 4 * len(since)), when.place), since
