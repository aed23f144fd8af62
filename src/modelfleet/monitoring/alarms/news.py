"""What is new in a step: alarms become alerts, alerts are acted on, measured, and ended."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import msgspec
import sqlalchemy as sa

from modelfleet.clock import Clock
from modelfleet.events import Event, Logged, kinds
from modelfleet.monitoring.alarms.allowance import day_of
from modelfleet.monitoring.alarms.episodes import Episode, log_odds_between
from modelfleet.monitoring.alarms.findings import Rang, find
from modelfleet.monitoring.alarms.gathering import Gathered, Then, beforehand
from modelfleet.monitoring.alarms.handling import Case, Handler
from modelfleet.monitoring.alarms.inhibition import is_scarce, is_told, muter, unnamed
from modelfleet.monitoring.alarms.memory import Shared, TaskMemory
from modelfleet.monitoring.alarms.over import find_over
from modelfleet.monitoring.alarms.policy import Policy
from modelfleet.monitoring.alarms.scopes import ScopeAlarm, common_slices
from modelfleet.monitoring.alarms.telling import Whose
from modelfleet.monitoring.alarms.usual import usual_before
from modelfleet.monitoring.alarms.within import Slice
from modelfleet.monitoring.finding import TaskKey
from modelfleet.monitoring.matured import Matured
from modelfleet.monitoring.streams import Stream
from modelfleet.monitoring.watching import Alarm, Observed

_LEAST_SHARE = 1e-12


class Heard(msgspec.Struct):
    """Outcomes of one day and what detectors said of them, by elements."""

    some: Sequence[Matured]
    gathered: Gathered
    observed: Observed
    within: dict[int, tuple[Slice, float]] = msgspec.field(default_factory=dict)
    over: list[ScopeAlarm] = msgspec.field(default_factory=list)


class News:
    """Goes through outcomes in order, where an alarm rang or an alert is open."""

    def __init__(
        self,
        connection: sa.Connection,
        tasks: Mapping[TaskKey, TaskMemory],
        shared: Shared,
        policy: Policy,
        clock: Clock,
    ) -> None:
        self._connection = connection
        self._tasks = tasks
        self._shared = shared
        self._policy = policy
        self._handler = Handler(connection, policy, clock)

    @property
    def events(self) -> list[Event]:
        """What is to be logged."""
        return self._handler.events

    def end(self, event: Logged) -> None:
        """Take in a person's word that an alert is over."""
        alert = event.fields["alert"]
        memory = self._tasks.get((event.tenant, event.task))
        of = self._shared.episodes if not event.task else [] if memory is None else memory.episodes
        for episode in [one for one in of if one.alert == alert]:
            self._close(Whose(event.tenant, event.task), of, episode, event.logged)

    def take_in(self, heard: Heard) -> None:
        """Go through outcomes of one day."""
        over: dict[int, list[ScopeAlarm]] = {}
        for alarm in heard.over:
            over.setdefault(alarm.element, []).append(alarm)
        rang = {alarm.place: alarm for alarm in heard.observed.alarms}
        for number in self._interesting(heard):
            one = heard.some[number]
            first, last = heard.gathered.starts[number : number + 2]
            for element in range(first, last):
                for alarm in over.get(element, ()):
                    self._raise_over(one, alarm)
                self._follow_over(heard, one, element)
            for element in range(first, last):
                self._take_in(heard, one, element, rang.get(element))

    def _interesting(self, heard: Heard) -> Iterator[int]:
        """Outcomes at which anything can be new, in order."""
        ringing = {int(heard.gathered.of[element]) for element in heard.within}
        ringing |= {int(heard.gathered.of[alarm.place]) for alarm in heard.observed.alarms}
        everywhere = bool(self._shared.episodes or heard.over)
        loud = {(heard.some[number].tenant, heard.some[number].task) for number in ringing}
        loud |= {key for key, memory in self._tasks.items() if memory.episodes}
        for number, one in enumerate(heard.some):
            if everywhere or (one.tenant, one.task) in loud:
                yield number

    def _take_in(self, heard: Heard, one: Matured, element: int, alarm: Alarm | None) -> None:
        outcomes = heard.gathered.outcomes
        memory = self._tasks[one.tenant, one.task]
        stream = Stream(outcomes.streams[element])
        happened, stated = bool(outcomes.happened[element]), float(outcomes.stated[element])
        about = Whose(one.tenant, one.task, one.recipe or "")
        then = heard.gathered.then[heard.gathered.of[element]]
        kept = [*memory.episodes]
        for episode in kept:
            if self._is_explained_no_more(episode, memory.episodes):
                self._handler.end(Case(about, episode, one), "what explained it is over")
                self._close(about, memory.episodes, episode, one.matured)
                self._be_usual(memory, episode, one, then)
                continue
            if episode.stream != stream or not episode.counts(one.decided):
                continue
            if episode.field and not _is_in(one, episode.field, episode.value):
                continue
            episode.take_in(happened, stated)
            rang = None if episode.field else self._rang_again(heard, element, episode, alarm)
            if self._handler.follow(Case(about, episode, one, rang)):
                self._close(about, memory.episodes, episode, one.matured)
                self._be_usual(memory, episode, one, then)
        if alarm is not None:
            self._raise(heard, one, element, alarm)
        if element in heard.within:
            self._raise(heard, one, element, None)

    def _close(self, about: Whose, of: list[Episode], episode: Episode, time: int) -> None:
        """An alert is over: it isn't followed any more, and nothing is stricter because of it."""
        of.remove(episode)
        if "raise_threshold" in episode.tried:
            self._handler.lower(about, episode.alert, of, time)

    def _be_usual(self, memory: TaskMemory, ended: Episode, one: Matured, then: Then) -> None:
        """What was learned of a task while it was bad isn't usual of it."""
        known = partial(beforehand(self._shared), one.recipe or "")
        usual = usual_before(self._connection, ended, one, then.habit, memory.usual, known)
        memory.usual |= usual
        memory.since |= dict.fromkeys(usual, then.last)

    def _is_explained_no_more(self, episode: Episode, beside: Sequence[Episode]) -> bool:
        """Whether the alert that muted one has ended; if it goes on, its detector rings again."""
        open_ = {one.alert for one in (*beside, *self._shared.episodes)}
        return episode.muted_by is not None and episode.muted_by not in open_

    def _rang_again(
        self, heard: Heard, element: int, episode: Episode, alarm: Alarm | None
    ) -> Rang:
        """How an open alert's stream is to be looked at once more, and whether it rang again.

        From where its detector stood when it rang first, and against what was usual then: what was
        learned since is of the time that is bad.
        """
        episode.rang |= alarm is not None
        found = (0.0, 0.0) if alarm is None else (alarm.evidence, alarm.bar)
        rang = self._rang(heard, heard.some[heard.gathered.of[element]], element, found)
        if episode.usual is None:
            return msgspec.structs.replace(rang, since=episode.behind, offset=episode.offset)
        return msgspec.structs.replace(rang, since=episode.behind, offset=0.0, rate=episode.usual)

    def _raise(
        self,
        heard: Heard,
        one: Matured,
        element: int,
        alarm: Alarm | None,
    ) -> None:
        """An alarm of all requests, or without one of a kind of them, becomes an alert."""
        memory = self._tasks[one.tenant, one.task]
        stream = Stream(heard.gathered.outcomes.streams[element])
        kind, level = (("", ""), 0.0) if alarm is not None else heard.within[element]
        if is_told(stream, kind, memory.episodes):
            if alarm is None:
                self._name(heard, one, element)
            return
        bar = 1 / max(float(heard.gathered.outcomes.shares[element]), _LEAST_SHARE)
        found = (level * bar, bar) if alarm is None else (alarm.evidence, alarm.bar)
        rang = self._rang(heard, one, element, found)
        finding = find(self._connection, rang, self._policy.recipe, kind, _kinds(memory))
        if finding is None or is_told(stream, finding.kind, memory.episodes):
            return
        above = [ep for ep in self._shared.episodes if ep.recipe in {"", one.recipe}]
        episode = self._handler.open(
            Whose(one.tenant, one.task, one.recipe or ""),
            rang,
            finding,
            muted_by=muter(stream, finding.kind, above),
            low_trust=is_scarce(stream, memory.episodes),
        )
        memory.episodes = [*memory.episodes, episode]
        memory.since[stream] = heard.gathered.then[heard.gathered.of[element]].last

    def _name(self, heard: Heard, one: Matured, element: int) -> None:
        """A kind of request rang that an alert about all of them hasn't named: it is told there."""
        memory = self._tasks[one.tenant, one.task]
        stream = Stream(heard.gathered.outcomes.streams[element])
        episode = unnamed(stream, memory.episodes)
        if episode is None:
            return
        kind, _ = heard.within[element]
        rang = self._rang_again(heard, element, episode, None)
        finding = find(self._connection, rang, self._policy.recipe, kind)
        if finding is not None:
            about = Whose(one.tenant, one.task, one.recipe or "")
            self._handler.name(Case(about, episode, one, rang), finding)

    def _rang(self, heard: Heard, one: Matured, element: int, found: tuple[float, float]) -> Rang:
        outcomes = heard.gathered.outcomes
        stream = Stream(outcomes.streams[element])
        then = heard.gathered.then[heard.gathered.of[element]]
        stated = float(outcomes.stated[element])
        return Rang(
            at=one,
            stream=stream,
            evidence=found[0],
            bar=found[1],
            offset=log_odds_between(stated, float(heard.observed.expected[element])),
            rate=stated,
            habit=then.habit,
            since=self._tasks[one.tenant, one.task].since.get(stream, 0),
            until=then.last,
        )

    def _raise_over(self, one: Matured, alarm: ScopeAlarm) -> None:
        """Look into an alarm over many tasks, once a day for each of its kind."""
        key = f"{alarm.scope} {alarm.recipe} {alarm.stream.name} {alarm.field} {alarm.value}"
        kind = (alarm.field, alarm.value)
        shared = self._shared
        beside = [ep for ep in shared.episodes if ep.recipe == alarm.recipe]
        told = is_told(alarm.stream, kind, beside)
        if told or shared.looked.get(key) == day_of(one.matured):
            return
        shared.looked = {
            known: day for known, day in shared.looked.items() if day == day_of(one.matured)
        } | {key: day_of(one.matured)}
        finding = find_over(self._connection, alarm, one)
        if finding is None:
            return
        above = [ep for ep in shared.episodes if alarm.recipe and not ep.recipe]
        about = Whose(kinds.PLATFORM_TENANT, "", alarm.recipe)
        rang = Rang(one, alarm.stream, alarm.evidence, alarm.bar)
        episode = self._handler.open(
            about,
            rang,
            finding,
            muted_by=muter(alarm.stream, kind, above),
            low_trust=is_scarce(alarm.stream, [*above, *beside]),
        )
        shared.episodes = [*shared.episodes, episode]

    def _follow_over(self, heard: Heard, one: Matured, element: int) -> None:
        """Ask whether what alerts over many tasks are about is over."""
        if not self._shared.episodes:
            return
        outcomes = heard.gathered.outcomes
        for episode in [*self._shared.episodes]:
            case = Case(Whose(kinds.PLATFORM_TENANT, "", episode.recipe), episode, one)
            if self._is_explained_no_more(episode, ()):
                self._handler.end(case, "what explained it is over")
                self._shared.episodes.remove(episode)
                continue
            if episode.stream != outcomes.streams[element] or not episode.counts(one.decided):
                continue
            if episode.recipe and episode.recipe != one.recipe:
                continue
            kind = (episode.field, episode.value)
            if episode.field and kind not in common_slices(one, self._shared):
                continue
            episode.take_in(bool(outcomes.happened[element]), float(outcomes.stated[element]))
            if self._handler.follow(case):
                self._shared.episodes.remove(episode)


def _is_in(one: Matured, field: str, value: str) -> bool:
    return one.version == value if field == "version" else (field, value) in one.slices


def _kinds(memory: TaskMemory) -> list[Slice]:
    """The kinds of request of which there is an open alert."""
    return [(one.field, one.value) for one in memory.episodes if one.field]
