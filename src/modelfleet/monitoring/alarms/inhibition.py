"""One broken thing is one alert: which open alert explains another, and when feedback is scarce."""

from collections.abc import Iterable

from modelfleet.monitoring.alarms.episodes import Episode
from modelfleet.monitoring.alarms.within import Slice
from modelfleet.monitoring.streams import Stream

_QUALITY = frozenset(
    {
        Stream.PRECISION,
        Stream.MISSES,
        Stream.OVERCONFIDENCE,
        Stream.UNDERCONFIDENCE,
        Stream.HELPFULNESS,
    }
)
_INTAKE = frozenset({Stream.COVERAGE, Stream.NEW_DOMAIN})


def muter(stream: Stream, kind: Slice, above: Iterable[Episode]) -> str | None:
    """The open alert that explains a new one of one of its tasks or recipes, None if none does.

    Args:
        stream: what the new one is about.
        kind: of which kind of request, a field and its value; empty: of all.
        above: alerts of what the new one's task or recipe is part of: the fleet mutes recipes, and
            both mute tasks.
    """
    for one in above:
        same_kind = not one.field or (one.field, one.value) == kind
        if one.muted_by is None and same_kind and _alike(stream, Stream(one.stream)):
            return one.alert
    return None


def is_told(stream: Stream, kind: Slice, beside: Iterable[Episode]) -> bool:
    """Whether open alerts of the same task (recipe, fleet) say already what a new one would.

    One that is about all requests says it of each kind; and what is wrong with decisions shows in
    several streams at once.
    """
    return any(
        (one.field, one.value) in {("", ""), kind} and _alike(stream, Stream(one.stream))
        for one in beside
    )


def unnamed(stream: Stream, beside: Iterable[Episode]) -> Episode | None:
    """The alert of which people were told that it is about all requests, and not yet which kind."""
    for one in beside:
        loud = not one.quiet and one.muted_by is None
        if one.stream == stream and loud and not one.field and not one.named:
            return one
    return None


def is_scarce(stream: Stream, episodes: Iterable[Episode]) -> bool:
    """Whether people have stopped to give feedback, which says nothing of quality."""
    asked_of_people = stream in _QUALITY
    return asked_of_people and any(one.stream == Stream.RESPONSE for one in episodes)


def _alike(one: Stream, other: Stream) -> bool:
    return one == other or any({one, other} <= group for group in (_QUALITY, _INTAKE))
