"""Life in the world: teams open and close, people ask, the fleet decides, agents correct it."""

from collections.abc import Callable, Iterator, Sequence
from heapq import heappop, heappush
from time import perf_counter, sleep

import msgspec

from modelfleet.decisions import Decision, LabelTexts
from modelfleet.demo.calendar import Calendar
from modelfleet.demo.people import Visit
from modelfleet.demo.tally import Tally, Times
from modelfleet.demo.world import Business, changes
from modelfleet.events import Query, kinds, make
from modelfleet.fleet import Fleet

TASK = "team"
PROBE = "probe:"
"""How the ids of decisions begin that only measure; they are in the log, but in no count."""

_MOST_SECONDS = 3.0
"""How long a correction is asked for before it counts as not seen."""
_TRAININGS = (
    kinds.VersionPublished.kind,
    kinds.VersionKept.kind,
    kinds.TrainingFailed.kind,
)

Tell = Callable[[str], object]
"""Told of events that are worth a line."""


class _Reaction(msgspec.Struct, frozen=True, order=True):
    """What an agent says about a decision, when its time has come; ``label`` None accepts it."""

    time: int
    number: int
    visit: Visit
    decision: str
    label: str | None


class Life:
    """Lives the world's days on a fleet, and counts what comes of it."""

    def __init__(
        self,
        fleet: Fleet,
        world: Sequence[Business],
        visits: Sequence[Visit],
        calendar: Calendar,
        tell: Tell,
    ) -> None:
        self.tally = Tally([business.tenant for business in world], calendar.days)
        self.times = Times()
        self._fleet = fleet
        self._world = {business.tenant: business for business in world}
        self._tasks = {tenant: fleet.task(tenant, TASK) for tenant in self._world}
        self._visits = visits
        self._calendar = calendar
        self._tell = tell
        self._trainings_seen = 0

    def day(self, day: int) -> Iterator[float]:
        """Live a day; after each request, the share of the day's requests that is done."""
        for business in self._world.values():
            self._change_teams(business, day)
        today = [visit for visit in self._visits if visit.day == day]
        today.sort(key=lambda visit: self._calendar.moment(day, visit.daytime))
        reactions: list[_Reaction] = []
        for number, visit in enumerate(today, start=1):
            moment = self._calendar.moment(day, visit.daytime)
            while reactions and reactions[0].time <= moment:
                self._react(heappop(reactions))
            reaction = self._visit(visit, moment, number)
            if reaction is not None:
                heappush(reactions, reaction)
            yield number / len(today)
        while reactions:
            self._react(heappop(reactions))
            yield 1.0

    def count_trainings(self) -> None:
        """Count what was trained since the last look into the log."""
        query = Query(task=TASK, kinds=_TRAININGS, after=self._trainings_seen)
        for event in self._fleet.events(query):
            self._trainings_seen = event.seq
            match event.kind:
                case kinds.VersionPublished.kind:
                    self.tally.published[event.tenant] += 1
                case kinds.VersionKept.kind:
                    self.tally.kept[event.tenant] += 1
                case _:
                    self.tally.failed[event.tenant] += 1
                    self._tell(f"{event.tenant}: a training failed: {event.fields['error']}")

    def _change_teams(self, business: Business, day: int) -> None:
        """Define and remove labels as teams open and close, at the day's first moment.

        They are imported, because an import takes the time at which something happened.
        """
        change = changes(business, day)
        bodies: list[kinds.Body] = [kinds.LabelRemoved(team.label) for team in change.closing]
        for team in change.opening:
            texts = LabelTexts(team.name, team.description, team.keywords)
            bodies.append(kinds.LabelDefined(team.label, *msgspec.structs.astuple(texts)))
        time = self._calendar.begins(day)
        self._fleet.import_events(
            [make(body, tenant=business.tenant, task=TASK, time=time) for body in bodies]
        )
        if day == 1:
            return
        for team in change.opening:
            self._tell(f"team '{team.label}' opens at {business.name}")
        for team in change.closing:
            self._tell(f"team '{team.label}' closes at {business.name}; '{team.after}' takes over")

    def _visit(self, visit: Visit, moment: int, number: int) -> _Reaction | None:
        """Have a request decided; what an agent will say about it, if anything."""
        asked = perf_counter()
        decision = self._tasks[visit.tenant].decide(
            visit.text, metadata=visit.metadata, time=moment
        )
        answered = perf_counter()
        self.times.decided(answered - asked, answered)
        truth = self._world[visit.tenant].truth(visit.team, visit.day)
        self.tally.day(visit.tenant, visit.day).took(visit, decision, truth)
        if decision.label == truth and not visit.luck.accepts:
            return None
        label = None if decision.label == truth else self._assigned(visit, decision, truth)
        time = self._calendar.later(visit.day, moment, visit.luck.delay)
        return _Reaction(time, number, visit, decision.id, label)

    def _assigned(self, visit: Visit, decision: Decision, truth: str) -> str:
        """The team that an agent assigns: the right one, or by mistake another that is open."""
        if not visit.luck.mistaken:
            return truth
        teams = self._world[visit.tenant].open_teams(visit.day)
        others = [team.label for team in teams if team.label not in {truth, decision.label}]
        return others[int(visit.luck.choice * len(others))] if others else truth

    def _react(self, reaction: _Reaction) -> None:
        """Let an agent say what there is to say."""
        visit, label = reaction.visit, reaction.label
        task = self._tasks[visit.tenant]
        counts = self.tally.day(visit.tenant, visit.day)
        if label is None:
            task.accept(reaction.decision, time=reaction.time)
            counts.accepted += 1
            return
        task.assign(reaction.decision, label, time=reaction.time)
        acknowledged = perf_counter()
        counts.corrected += 1
        counts.mistaken += label != self._world[visit.tenant].truth(visit.team, visit.day)
        if visit.luck.probed:
            self._probe(reaction, label, acknowledged)

    def _probe(self, reaction: _Reaction, label: str, acknowledged: float) -> None:
        """Ask the same request again until the answer knows the correction."""
        visit = reaction.visit
        attempt = 0
        while perf_counter() - acknowledged < _MOST_SECONDS:
            answer = self._tasks[visit.tenant].decide(
                visit.text,
                metadata=visit.metadata,
                id=f"{PROBE}{attempt}:{reaction.decision}",
                time=reaction.time,
            )
            if answer.label == label:
                self.times.freshness.append(perf_counter() - acknowledged)
                self.times.first_asked += attempt == 0
                return
            attempt += 1
            sleep(0.05)
        self.times.unseen += 1
