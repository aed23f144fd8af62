"""One outlet, told what the log says of alerts: each at least once, in order, at its own pace."""

import threading
from collections.abc import Callable, Sequence

import structlog

from modelfleet.clock import DAY, MINUTE, SECOND, Clock
from modelfleet.events import EventLog, Logged, body_of, kinds, new_id
from modelfleet.monitoring.outlets import notice
from modelfleet.monitoring.outlets.notice import Notice
from modelfleet.monitoring.outlets.outlet import Outlet, Refused, Taken
from modelfleet.monitoring.outlets.positions import Known, Place, Positions

_PAGE = 200
_MOST_TOGETHER = 50
_AFTER_TROUBLE = 1.0
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 300.0
_LONGEST_WAIT = 60.0
_ENDED_FOR = 15 * MINUTE
"""How long an end is told again, to an outlet that has to be told again and again."""
_REFUSED_FOR = DAY
"""After so long, news that an outlet refuses is passed over: what follows may be wanted."""

_logger = structlog.get_logger()


class Notifier:
    """Tells one outlet. Any number of processes may: one of them does at a time.

    News is an alert that is raised, loud (neither muted nor quiet), or the end of one that the
    outlet was told of. An outlet that is new hears of what comes from then on; one that has to
    be told again and again also of what is open.
    """

    def __init__(self, log: EventLog, positions: Positions, outlet: Outlet, clock: Clock) -> None:
        self.outlet = outlet
        self._log = log
        self._positions = positions
        self._clock = clock
        self._holder = new_id()
        self._failures = 0
        self._retry = 0
        self._repeat = 0
        positions.begin(outlet, log.head())

    def step(self) -> bool:
        """Tell the next group; False if there is nothing to tell now."""
        now = self._clock()
        if now < self._retry:
            return False
        place = self._place()
        events = self._log.alerts(place.position, _PAGE)
        if events:
            return self._tell_next(place, events)
        if self.outlet.repeat is not None and now >= self._repeat:
            self._tell_again(place)
        return False

    def run(self, stop: threading.Event, wait: Callable[[float], object]) -> None:
        """Call the step until ``stop`` is set; ``wait`` returns when the log grew, or in time."""
        while not stop.is_set():
            try:
                if not self.step():
                    wait(self._seconds_to_next())
            except Exception as error:  # noqa: BLE001 - the thread's loop, which must go on
                _logger.warning("telling met trouble; trying again", error=str(error))
                stop.wait(_AFTER_TROUBLE)
        self.outlet.close()

    def _seconds_to_next(self) -> float:
        """After which time there is something to do, if the log doesn't grow."""
        times = [self._retry] if self._failures else []
        if self.outlet.repeat is not None:
            times.append(self._repeat)
        waits = [(time - self._clock()) / SECOND for time in times]
        return max(0.0, min(waits, default=_LONGEST_WAIT))

    def _tell_next(self, place: Place, events: Sequence[Logged]) -> bool:
        """Tell the first group of news; where there is none, go past the events."""
        news = self._news(events)
        group = notice.first_group(news, _MOST_TOGETHER) if news else []
        to = news[len(group)].seq - 1 if len(group) < len(news) else events[-1].seq
        if not group:
            return self._positions.advance(place, to)
        if not self._positions.hold(place, self._clock()):
            return False
        answer = self.outlet.tell(group)
        if isinstance(answer, Taken):
            self._failures = 0
            return self._advance(place, to, group)
        self._failed(place, answer.why)
        is_old = self._clock() - group[0].logged > _REFUSED_FOR
        if not (isinstance(answer, Refused) and is_old):
            self._rest()
            return False
        _logger.error("an outlet refuses an alert; passed over", outlet=self.outlet.shown)
        return self._positions.advance(place, to)

    def _advance(self, place: Place, to: int, group: Sequence[Notice]) -> bool:
        """Note what was told; an end need be known only where it is told again."""
        moved = self._positions.advance(place, to, group)
        if moved and self.outlet.repeat is None:
            self._positions.forget(place.outlet, [one for one in group if one.ended])
        return moved

    def _tell_again(self, place: Place) -> None:
        """Tell of all that the outlet should know, lest it forgets, or its clock is behind ours."""
        now = self._clock()
        self._repeat = now + round((self.outlet.repeat or _LONGEST_PAUSE) * SECOND)
        known = self._positions.known(place.outlet)
        if not known or not self._positions.hold(place, now):
            return
        for start in range(0, len(known), _PAGE):
            notices = self._told_by(known[start : start + _PAGE])
            answer = self.outlet.tell(notices)
            if not isinstance(answer, Taken):
                self._failed(place, answer.why)
                return
            over = [one for one in notices if one.ended and now - one.logged > _ENDED_FOR]
            self._positions.forget(place.outlet, over)
        self._positions.advance(place, place.position)

    def _failed(self, place: Place, error: str) -> None:
        self._positions.fail(place, error, self._clock())
        _logger.warning("an outlet can't be told", outlet=self.outlet.shown, error=error)

    def _rest(self) -> None:
        """Try again later, each time after twice as long."""
        pause = min(_FIRST_PAUSE * 2.0**self._failures, _LONGEST_PAUSE)
        self._failures += 1
        self._retry = self._clock() + round(pause * SECOND)

    def _place(self) -> Place:
        name = self.outlet.name
        return Place(name, self._positions.position(name), self._holder)

    def _news(self, events: Sequence[Logged]) -> list[Notice]:
        """What of these events is to be told."""
        bodies = [(event, body_of(event)) for event in events]
        ended = {body.alert for _, body in bodies if isinstance(body, kinds.AlertEnded)}
        known = self._positions.known(self.outlet.name, ended) if ended else []
        told = {one.key: one for one in self._told_by(known)}
        news: list[Notice] = []
        for event, body in bodies:
            if isinstance(body, kinds.AlertRaised) and not (body.muted_by or body.quiet):
                one = notice.raised(event, body)
                told[one.key] = one
                news.append(one)
            elif isinstance(body, kinds.AlertEnded):
                before = told.pop((event.tenant, body.alert), None)
                news += [notice.ended(event, body.why, before)] if before else []
        return news

    def _told_by(self, known: Sequence[Known]) -> list[Notice]:
        """The notices of alerts as they are known."""
        seqs = [seq for one in known for seq in (one.raised, one.ended) if seq is not None]
        events = {event.seq: event for event in self._log.at(seqs)}
        notices = []
        for one in known:
            body = body_of(events[one.raised])
            if not isinstance(body, kinds.AlertRaised):
                continue
            told = notice.raised(events[one.raised], body)
            if one.ended is not None:
                last = events[one.ended]
                told = notice.ended(last, last.fields["why"], told)
            notices.append(told)
        return notices
