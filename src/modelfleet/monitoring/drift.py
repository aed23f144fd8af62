"""Whether requests of now are other ones than those of before: words, meaning, and what fits."""

from collections.abc import Sequence
from itertools import islice

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.clock import DAY, Clock
from modelfleet.decisions.checks import check_task
from modelfleet.events import EventLog, Logged, Query, kinds
from modelfleet.monitoring.last_days import check_days
from modelfleet.monitoring.likeness import by_meaning, by_words
from modelfleet.monitoring.words import telling_words
from modelfleet.recipe import Recipe
from modelfleet.serving.judging import NO_LABEL_FITS
from modelfleet.text import Encoders

MOST_REQUESTS = 400
"""The newest of either time that are compared."""
FEWEST_REQUESTS = 20
"""Of either time, below which nothing is said."""

_SHUFFLES = 199


class Window(msgspec.Struct, frozen=True):
    """Requests of some time.

    Attributes:
        requests: how many were looked at.
        new_domain: share of them that no label fits.
        characters: the median length of their texts.
        since: when the first was decided, in microseconds.
        until: when the last was.
    """

    requests: int
    new_domain: float
    characters: float
    since: int
    until: int


class Shift(msgspec.Struct, frozen=True):
    """How far two groups of requests lie apart.

    Attributes:
        distance: of the means of their vectors, which have length one.
        by_chance: the same where requests are shuffled between both, the median.
        p: how often chance alone parts them as far.
    """

    distance: float
    by_chance: float
    p: float


class Said(msgspec.Struct, frozen=True):
    """A word that is said more than before, or less.

    Attributes:
        word: in lower case.
        before: share of the requests before that have it.
        now: share of the newest that have it.
        z: how sure the difference is, in standard errors.
    """

    word: str
    before: float
    now: float
    z: float


class Drift(msgspec.Struct, frozen=True):
    """What changed between the requests before and the newest; no shift where there are too few.

    Attributes:
        before: the requests before; None if there were none.
        now: the newest.
        meaning: the shift of their sentence embeddings.
        vocabulary: the shift of their words.
        risen: words that are said more now.
        fallen: words that are said less.
    """

    before: Window | None
    now: Window | None
    meaning: Shift | None = None
    vocabulary: Shift | None = None
    risen: tuple[Said, ...] = ()
    fallen: tuple[Said, ...] = ()


class DriftWatch:
    """Compares a task's newest requests with those before, from the log alone."""

    def __init__(self, log: EventLog, encoders: Encoders, recipe: Recipe, clock: Clock) -> None:
        self._log = log
        self._encoder = encoders.remembering(recipe.learning.encoder)
        self._clock = clock

    def look(self, tenant: str, task: str, days: float = 7.0) -> Drift:
        """How the requests of the last days differ from those before.

        The time before is four times as long. It costs some 800 encoded texts at most, however many
        there are in the log.

        Raises:
            InvalidInput: a name, or the number of days, can't be accepted.
        """
        check_task(tenant, task)
        check_days(days)
        now = self._clock()
        middle = now - round(days * DAY)
        start = middle - round(4 * days * DAY)
        return self._compared(
            self._requests(tenant, task, start, middle),
            self._requests(tenant, task, middle, now + 1),
        )

    def _requests(self, tenant: str, task: str, since: int, until: int) -> list[Logged]:
        query = Query(
            tenant=tenant,
            task=task,
            kinds=(kinds.RequestDecided.kind,),
            since=since,
            until=until,
            newest_first=True,
        )
        known = (event for event in self._log.scan(query) if "forgotten" not in event.fields)
        return list(islice(known, MOST_REQUESTS))

    def _compared(self, before: Sequence[Logged], now: Sequence[Logged]) -> Drift:
        if min(len(before), len(now)) < FEWEST_REQUESTS:
            return Drift(_window(before), _window(now))
        said_before, said_now = _texts(before), _texts(now)
        texts = [*said_before, *said_now]
        features = self._encoder.encode(texts, [{} for _ in texts])
        is_new = np.arange(len(texts)) >= len(before)
        return Drift(
            before=_window(before),
            now=_window(now),
            meaning=shift(by_meaning(features), is_new),
            vocabulary=shift(by_words(features), is_new),
            risen=tuple(
                Said(one.word, one.share_elsewhere, one.share, one.z)
                for one in telling_words(said_now, said_before)
            ),
            fallen=tuple(
                Said(one.word, one.share, one.share_elsewhere, one.z)
                for one in telling_words(said_before, said_now)
            ),
        )


def shift(alike: NDArray[np.float64], is_new: NDArray[np.bool_]) -> Shift:
    """How far new requests lie from the others, and whether chance would part them as far.

    The distance of means in the kernel's space (maximum mean discrepancy, Gretton et al. 2012), and
    its permutation test. The shuffles are the same each time.

    Args:
        alike: ``(n, n)``, products of the requests' vectors.
        is_new: ``(n,)``.
    """
    shuffled = np.random.default_rng(len(is_new)).permuted(np.tile(is_new, (_SHUFFLES, 1)), axis=1)
    new = np.vstack([is_new, shuffled]).astype(np.float64)
    old = 1 - new
    sides = new / new.sum(axis=1, keepdims=True) - old / old.sum(axis=1, keepdims=True)
    squared = np.maximum(0, ((sides @ alike) * sides).sum(axis=1))
    as_far = int((squared[1:] >= squared[0]).sum())
    return Shift(
        distance=round(float(np.sqrt(squared[0])), 4),
        by_chance=round(float(np.sqrt(np.median(squared[1:]))), 4),
        p=(1 + as_far) / (1 + _SHUFFLES),
    )


def _texts(requests: Sequence[Logged]) -> list[str]:
    return [event.fields["text"] for event in requests]


def _window(requests: Sequence[Logged]) -> Window | None:
    if not requests:
        return None
    strangers = sum(event.fields.get("reason") == NO_LABEL_FITS for event in requests)
    times = [event.time for event in requests]
    return Window(
        requests=len(requests),
        new_domain=strangers / len(requests),
        characters=float(np.median([len(text) for text in _texts(requests)])),
        since=min(times),
        until=max(times),
    )
