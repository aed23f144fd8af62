"""The newest outcomes of a task, read back from the log when an alarm asks since when."""

from collections.abc import Callable, Sequence

import msgspec
import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from modelfleet.events import Logged, Query, kinds, statements
from modelfleet.monitoring import slicing
from modelfleet.monitoring.alarms.elements import Habit, elements
from modelfleet.monitoring.decided import WORDS, Waiting, Words, decided_of, heard, matured
from modelfleet.monitoring.matured import Matured
from modelfleet.monitoring.streams import Stream

MOST = 2_000
"""Decisions that are read back."""
_WORDS_EACH = 4
_LEAST = 1e-6


class Past(msgspec.Struct, frozen=True):
    """Decisions with what became of them, in the log's order, and what was asked."""

    outcomes: tuple[Matured, ...]
    requests: tuple[Logged, ...]


class Elements(msgspec.Struct, frozen=True, eq=False):
    """Elements of one stream: which outcomes of the past they are of, and what they say."""

    places: NDArray[np.intp]
    happened: NDArray[np.bool_]
    stated: NDArray[np.float64]


def past_of(connection: sa.Connection, at: Matured, until: int, after: int = 0) -> Past:
    """The decisions of a task up to a place in the log, and the words until ``at`` matured."""
    past = past_between(connection, at, after, until)
    if past.outcomes:
        return past
    # What rang matured after later decisions, behind which it started anew.
    return past_between(connection, at, 0, until)


def past_between(connection: sa.Connection, at: Matured, after: int, until: int) -> Past:
    """The decisions of a task between two places in the log; there may be none."""
    words = Query(at.tenant, at.task, WORDS)
    decided = (kinds.RequestDecided.kind,)
    asked = msgspec.structs.replace(words, kinds=decided, after=after, newest_first=True)
    requests = statements.found(connection, asked, until + 1, MOST)[::-1]
    return _with_words(connection, requests, words, at.matured)


def past_of_requests(connection: sa.Connection, requests: Sequence[Logged], until: int) -> Past:
    """Decisions of any tasks, in order, and the words about them until a moment."""
    return _with_words(connection, requests, Query(kinds=WORDS), until)


def _with_words(
    connection: sa.Connection, requests: Sequence[Logged], words: Query, until: int
) -> Past:
    waiting = {
        (one.tenant, one.id): Waiting(one.tenant, one.id, until, decided_of(one, {}), Words(), ())
        for one in requests
    }
    first = requests[0].seq if requests else 0
    said = msgspec.structs.replace(words, after=first)
    for word in statements.found(connection, said, None, len(requests) * _WORDS_EACH):
        one = waiting.get((word.tenant, str(word.fields["decision"])))
        if one is not None and word.logged <= until and word.seq > one.decided.seq:
            one.words = heard(one.words, one.decided, word)
    return Past(tuple(matured(one, ()) for one in waiting.values()), tuple(requests))


def only(past: Past, kind: tuple[str, str]) -> Past:
    """The part of a past that is of one kind of request; all of it where that can't be told."""
    field, value = kind
    requests = {
        one.seq
        for one, request in zip(past.outcomes, past.requests, strict=True)
        if (one.version if field == "version" else kinds_of(request).get(field)) == value
    }
    return part_of(past, lambda one: one.seq in requests) if requests else past


def part_of(past: Past, wanted: Callable[[Matured], bool]) -> Past:
    """The part of a past whose outcomes are wanted."""
    places = [place for place, one in enumerate(past.outcomes) if wanted(one)]
    return Past(
        tuple(past.outcomes[place] for place in places),
        tuple(past.requests[place] for place in places),
    )


def kinds_of(event: Logged) -> dict[str, str]:
    """What kind of request a decision was about, by field."""
    fields = event.fields
    found = dict([*slicing.of_time(event.logged), *slicing.of_text(fields.get("text") or " ")])
    found["label"] = fields.get("label") or ""
    for name, value in (fields.get("metadata") or {}).items():
        found[f"metadata.{name}"] = slicing.shown(value) or ""
    return found


def sequence_of(past: Past, stream: Stream, habit: Habit, rate: float) -> Elements:
    """The elements of one stream of a past; ``rate`` is what is stated where confidence isn't."""
    found = [
        (place, happened, rate if stated is None else stated)
        for place, one in enumerate(past.outcomes)
        for of, happened, stated in elements(one, habit)
        if of == stream
    ]
    if not found:  # what rang was forgotten since: nothing is left but that it did
        found = [(len(past.outcomes) - 1, True, rate)]
    places, happened, stated = zip(*found, strict=True)
    return Elements(
        np.array(places, np.intp),
        np.array(happened, np.bool_),
        np.clip(np.array(stated, np.float64), _LEAST, 1 - _LEAST),
    )
