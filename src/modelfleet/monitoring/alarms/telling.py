"""Findings as events: an alert, what is done about it, what became of that, and its end."""

from base64 import urlsafe_b64encode
from hashlib import sha256

import msgspec
import sqlalchemy as sa

from modelfleet.events import Event, kinds, make, statements
from modelfleet.monitoring.alarms.actions import Order, action_name
from modelfleet.monitoring.alarms.episodes import Action, Episode
from modelfleet.monitoring.alarms.findings import Finding, Rang
from modelfleet.monitoring.alarms.sentences import Change, whose
from modelfleet.monitoring.streams import FROM_CONFIDENCE, Stream

_MOST_EVIDENCE = 1e12


class Whose(msgspec.Struct, frozen=True):
    """Whom an alert concerns: a task, or with neither tenant nor task a recipe or the fleet."""

    tenant: str
    task: str
    recipe: str = ""

    @property
    def scope(self) -> str:
        """A task, a recipe, or the fleet."""
        return "task" if self.task else "recipe" if self.recipe else "fleet"


def name_of(whose_: Whose, stream: str, where: str, seq: int) -> str:
    """An alert's name: it follows from what rang and at which decision."""
    told = [whose_.scope, whose_.tenant, whose_.task, whose_.recipe, stream, where, seq]
    digest = sha256(msgspec.json.encode(told)).digest()[:15]
    return urlsafe_b64encode(digest).decode()


def called(stream: Stream, where: str, *, skewed: bool) -> str:
    """The name of what was found."""
    if where:
        return "bias"
    return "skew" if skewed else stream.name.lower()


def new_episode(
    about: Whose, rang: Rang, finding: Finding, *, muted_by: str | None, low_trust: bool
) -> Episode:
    """An alert as it begins; nothing is being done about it yet."""
    field, value = finding.kind
    where = f"{field}={value}" if field else ""
    return Episode(
        alert=name_of(about, rang.stream.name, where, rang.at.seq),
        stream=rang.stream,
        field=field,
        value=value,
        recipe=about.recipe,
        usual=None if rang.stream in FROM_CONFIDENCE else finding.expected,
        offset=rang.offset,
        shift=finding.shift,
        observed=finding.observed,
        raised=rang.at.matured,
        sentence=sentence_of(about, rang.stream, where, finding),
        muted_by=muted_by,
        low_trust=low_trust,
        versions=finding.versions,
        precision=finding.precision,
        confident=finding.confident,
        began=finding.began.seq,
        behind=rang.since,
    )


def raised(
    about: Whose, episode: Episode, finding: Finding, evidence: float, bar: float
) -> kinds.AlertRaised:
    """What is told of an alert."""
    stream = Stream(episode.stream)
    change = Change(stream, finding.expected, finding.observed, finding.events)
    where = f"{episode.field}={episode.value}" if episode.field else ""
    return kinds.AlertRaised(
        alert=episode.alert,
        finding=called(stream, where, skewed=finding.skewed),
        sentence=episode.sentence,
        scope=about.scope,
        slice=where,
        recipe=about.recipe or None,
        version=finding.versions.live,
        expected=round(change.expected, 4),
        observed=round(change.observed, 4),
        events=finding.events,
        evidence=round(min(evidence, _MOST_EVIDENCE), 1),
        bar=round(min(bar, _MOST_EVIDENCE), 1),
        inception=finding.began,
        causes=finding.causes,
        low_trust=episode.low_trust,
        muted_by=episode.muted_by,
        quiet=episode.quiet,
    )


def sentence_of(about: Whose, stream: Stream, where: str, finding: Finding) -> str:
    """One sentence that a person understands at once."""
    change = Change(stream, finding.expected, finding.observed, finding.events)
    name = whose(about.tenant, about.task, about.recipe, where)
    said = change.sentence(name, finding.began, finding.causes)
    if finding.skewed:
        said += " Decisions are as right as they should be: the threshold no longer fits."
    return said


class Teller:
    """Collects the events of one step; their ids follow from what they are about."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def news(self, connection: sa.Connection) -> list[Event]:
        """What is to be logged, but for what is in the log from an attempt before.

        What is about the same has the same id, and the first stands.
        """
        first: dict[tuple[str, str], Event] = {}
        for event in self.events:
            first.setdefault((event.tenant, event.id), event)
        known = {(one.tenant, one.id) for one in statements.by_ids(connection, sorted(first))}
        return [event for key, event in first.items() if key not in known]

    def alert(self, about: Whose, body: kinds.AlertRaised, time: int, number: int) -> None:
        """An alert, or the same one again, louder: ``number`` counts."""
        self._add(about, body, time, f"{body.alert}.raised.{number}")

    def acts(self, about: Whose, episode: Episode, order: Order, time: int) -> None:
        """What is done about an alert, and the event that carries it out."""
        name = action_name(episode.alert, order.what)
        before = _good(episode, episode.observed)
        body = kinds.ActionTaken(name, episode.alert, order.what, order.why, before)
        self._add(about, body, time, f"{name}.taken")
        if order.body is not None:
            self._add(about, order.body, time, name)

    def measured(self, about: Whose, episode: Episode, action: Action, time: int) -> None:
        """What became of the last action."""
        body = kinds.ActionMeasured(
            action.action,
            episode.alert,
            helped=episode.over,
            why=_since(episode),
            after=_good(episode, episode.happened / max(episode.outcomes, 1)),
            events=episode.outcomes,
        )
        self._add(about, body, time, f"{action.action}.measured")

    def lowered(self, about: Whose, alert: str, body: kinds.TargetSet, time: int) -> None:
        """What an alert had raised is as before."""
        self._add(about, body, time, f"{alert}.lower_threshold")

    def ended(self, about: Whose, episode: Episode, time: int, why: str = "") -> None:
        """An alert is over."""
        self.over(about, episode.alert, time, why or _since(episode))

    def over(self, about: Whose, alert: str, time: int, why: str) -> None:
        """An alert is over, by its name."""
        self._add(about, kinds.AlertEnded(alert, why), time, f"{alert}.ended")

    def _add(self, about: Whose, body: kinds.Body, time: int, identity: str) -> None:
        self.events.append(make(body, tenant=about.tenant, task=about.task, time=time, id=identity))


def _good(episode: Episode, share: float) -> float:
    """A share of what is bad, as people count it."""
    return round(Change(Stream(episode.stream), share, share, 0).observed, 4)


def _since(episode: Episode) -> str:
    stream = Stream(episode.stream).name.lower().replace("_", " ")
    if not episode.outcomes:
        return f"{stream}: it went on"
    happened, outcomes = episode.lately if episode.over else (episode.happened, episode.outcomes)
    share = _good(episode, happened / outcomes)
    return f"{stream} is {share:.0%} of the last {outcomes}"
