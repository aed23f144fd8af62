"""Once a week: are there kinds of requests, which nobody named, that are worse than the rest?

The week is that of the log's own time. At its first outcome the newest requests of the two weeks
before are read back, but for the youngest: what people say of those isn't all there yet, and what
is wrong is said sooner than what is right. Nothing else decides what is found, so it is the same in
whatever pages the log is read.
"""

from collections.abc import Sequence

import numpy as np
import sqlalchemy as sa
import structlog
from sqlalchemy.exc import SQLAlchemyError

from modelfleet.clock import DAY, to_datetime
from modelfleet.events import Event, kinds
from modelfleet.monitoring.alarms.allowance import day_of
from modelfleet.monitoring.alarms.biased import Bias, biases_of, newest_requests
from modelfleet.monitoring.alarms.episodes import Episode
from modelfleet.monitoring.alarms.gathering import Gathered
from modelfleet.monitoring.alarms.history import past_of_requests
from modelfleet.monitoring.alarms.memory import OpenSlice, Shared
from modelfleet.monitoring.alarms.slice_over import is_in, take_in, why
from modelfleet.monitoring.alarms.telling import Teller, Whose, name_of
from modelfleet.monitoring.discovery import Search
from modelfleet.monitoring.findable import SLICE
from modelfleet.monitoring.matured import Matured
from modelfleet.monitoring.streams import Stream

WEEK = 7 * DAY
_WEEKS = 2
"""Whose requests are looked at."""
_PATIENCE = 2
"""Searches in a row that don't find a slice: then its alert is over, if outcomes don't say so."""
_ONE_TASKS = 2 / 3
_FLEET = Whose(kinds.PLATFORM_TENANT, "")

_logger = structlog.get_logger()


class WeeklySearch:
    """Searches at the beginning of each week, and tells what it found."""

    def __init__(self, connection: sa.Connection, shared: Shared, search: Search) -> None:
        self._connection = connection
        self._shared = shared
        self._search = search
        self._teller = Teller()

    @property
    def events(self) -> list[Event]:
        """What is to be logged."""
        return self._teller.news(self._connection)

    def end(self, alert: str) -> None:
        """Take in a word that an alert is over."""
        searches = self._shared.searches
        searches.open = [one for one in searches.open if one.alert != alert]

    def take_in(self, some: Sequence[Matured]) -> None:
        """Take in outcomes of one day; if they are the first of a week, search before that."""
        searches, day = self._shared.searches, day_of(some[0].matured)
        week = some[0].matured // WEEK
        if week > searches.week:
            if searches.newest:
                self._search_before(week * WEEK)
            searches.week, searches.waited = week, 0
        searches.waited = max(searches.waited, *(one.matured - one.decided for one in some))
        last = max(searches.newest.values(), default=0)
        kept = {known: seq for known, seq in searches.newest.items() if known >= day - 2 * 7}
        searches.newest = kept | {day: max(last, *(one.seq for one in some))}

    def follow(self, some: Sequence[Matured], gathered: Gathered) -> None:
        """Ask outcomes of one day whether slices that were found are over."""
        if not self._shared.searches.open:
            return
        outcomes = gathered.outcomes
        for element in np.flatnonzero(outcomes.streams == Stream.PRECISION).tolist():
            one = some[int(gathered.of[element])]
            wrong, expected = bool(outcomes.happened[element]), float(outcomes.stated[element])
            for open_ in self._shared.searches.open:
                if is_in(one, open_) and take_in(open_, wrong=wrong, expected=expected):
                    self._end(open_, one.matured, why(open_))

    def _search_before(self, time: int) -> None:
        try:
            found = self._found(time)
        except SQLAlchemyError:
            raise  # the database is everybody's
        except Exception as error:  # whatever it is, it must not end all watching
            _logger.exception("the weekly search failed; the next is in a week", error=str(error))
        else:
            self._tell(found, time)

    def _found(self, time: int) -> list[Bias]:
        """The slices that are worse than the rest, and not by the fault of a single task."""
        searches = self._shared.searches
        until = time - min(searches.waited, WEEK)
        known = (seq for day, seq in searches.newest.items() if day < day_of(until))
        requests = newest_requests(self._connection, max(known, default=0), until - _WEEKS * WEEK)
        past = past_of_requests(self._connection, requests, time)
        return [one for one in biases_of(past, self._search) if one.one_task <= _ONE_TASKS]

    def _tell(self, found: Sequence[Bias], time: int) -> None:
        """End alerts of what is over, and raise one for each slice that has none."""
        open_ = self._shared.searches.open
        above = {one.alert for one in self._shared.episodes}
        for one in open_:
            is_found = any(_same(one.where, bias.where) for bias in found)
            one.missed = 0 if is_found else one.missed + 1
            if one.muted_by is not None and one.muted_by not in above:
                self._end(one, time, "what explained it is over")
            elif one.missed >= _PATIENCE:
                self._end(one, time, f"{_PATIENCE} weekly searches in a row haven't found it")
        for bias in found:
            if not any(_same(one.where, bias.where) for one in self._shared.searches.open):
                self._raise(bias, time)

    def _end(self, one: OpenSlice, time: int, why: str) -> None:
        self._teller.over(_FLEET, one.alert, time, why)
        self.end(one.alert)

    def _raise(self, bias: Bias, time: int) -> None:
        muters = (ep for ep in self._shared.episodes if _says(ep, bias))
        one = OpenSlice(
            alert=name_of(_FLEET, SLICE, _named(bias), time),
            where=bias.where,
            muted_by=next((episode.alert for episode in muters), None),
            found=time,
            requests=bias.requests,
            odds=bias.odds,
        )
        self._shared.searches.open = [*self._shared.searches.open, one]
        self._teller.alert(_FLEET, _raised(one, bias, self._search.bar, time), time, 0)


def _says(episode: Episode, bias: Bias) -> bool:
    """Whether an alert of the fleet is about all of a slice's requests, as one kind of them."""
    return not episode.recipe and (episode.field, episode.value) in bias.where


def _same(one: tuple[tuple[str, str], ...], other: tuple[tuple[str, str], ...]) -> bool:
    """Whether two slices are one broken thing: the same, or one a part of the other."""
    return set(one) <= set(other) or set(other) <= set(one)


def _named(bias: Bias) -> str:
    return ", ".join(f"{field}={value}" for field, value in bias.where)


def _raised(one: OpenSlice, bias: Bias, bar: float, time: int) -> kinds.AlertRaised:
    """What is told of a slice; of decisions people think in what is right."""
    where = " and ".join(f"{field.removeprefix('metadata.')} {value}" for field, value in one.where)
    right, usual = 1 - bias.wrong, 1 - bias.expected
    sentence = (
        f"Decisions of the fleet with {where} were right {right:.0%} of the time "
        f"({round(right * bias.requests)} of {bias.requests}) in the {_WEEKS} weeks before "
        f"{to_datetime(time):%-d %B}; {usual:.0%} were to be expected. "
        "A weekly search found it; other requests aren't as bad."
    )
    return kinds.AlertRaised(
        alert=one.alert,
        finding=SLICE,
        sentence=sentence,
        scope=_FLEET.scope,
        slice=_named(bias),
        expected=round(usual, 4),
        observed=round(right, 4),
        events=bias.requests,
        evidence=bias.evidence,
        bar=round(bar, 1),
        muted_by=one.muted_by,
    )
