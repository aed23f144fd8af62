"""One alert from its beginning to its end: raised, acted on, measured, told, ended."""

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from modelfleet.clock import DAY, Clock
from modelfleet.events import Event, Logged, body_of, kinds, statements
from modelfleet.events.findings import Cause
from modelfleet.monitoring.alarms.actions import (
    Order,
    Situation,
    action_name,
    in_words,
    next_order,
)
from modelfleet.monitoring.alarms.causes import ERRORS, MOST
from modelfleet.monitoring.alarms.episodes import Action, Episode
from modelfleet.monitoring.alarms.findings import Finding, Rang, find_again
from modelfleet.monitoring.alarms.policy import Policy
from modelfleet.monitoring.alarms.sentences import of_kind
from modelfleet.monitoring.alarms.targets import target_after, targets_of
from modelfleet.monitoring.alarms.telling import (
    Teller,
    Whose,
    new_episode,
    raised,
    sentence_of,
)
from modelfleet.monitoring.matured import Matured
from modelfleet.monitoring.streams import Stream

_NEWS = 7 * DAY
"""What was found later than this is told, but not acted on: the log is being caught up with."""


class Case(msgspec.Struct, frozen=True):
    """An open alert, whom it concerns, and the outcome that is looked at.

    ``rang`` says how to look at it once more; its evidence is above 0 if the detector rang again.
    """

    about: Whose
    episode: Episode
    at: Matured
    rang: Rang | None = None


class Handler:
    """Decides what is done about alerts; what it says is collected."""

    def __init__(self, connection: sa.Connection, policy: Policy, clock: Clock) -> None:
        self._connection = connection
        self._policy = policy
        self._clock = clock
        self._teller = Teller()

    @property
    def events(self) -> list[Event]:
        """What is to be logged, but for what is in the log from an attempt before."""
        return self._teller.news(self._connection)

    def open(
        self,
        about: Whose,
        rang: Rang,
        finding: Finding,
        *,
        muted_by: str | None,
        low_trust: bool,
    ) -> Episode:
        """A new alert, and the first thing that is done about it."""
        episode = new_episode(about, rang, finding, muted_by=muted_by, low_trust=low_trust)
        order = None if muted_by else self._next(about, episode)
        episode.quiet = order is not None and order.what != "tell"
        body = raised(about, episode, finding, rang.evidence, rang.bar)
        if not self._is_news(rang.at):
            body = msgspec.structs.replace(body, quiet=False)
        self._teller.alert(about, body, rang.at.matured, 0)
        if order is not None:
            self._act(Case(about, episode, rang.at), order)
        return episode

    def follow(self, case: Case) -> bool:
        """Whether an alert is over after one more outcome; if not, what to do next."""
        episode, time = case.episode, case.at.matured
        if episode.over:
            if episode.action is not None:
                self._teller.measured(case.about, episode, episode.action, time)
            self._teller.ended(case.about, episode, time)
            return True
        if episode.muted_by is not None:
            return False  # nothing is done about it, so it needn't be read back from the log
        rings = case.rang is not None and case.rang.evidence > 0
        finding = self._look_again(case) if rings or episode.given_up else None
        if episode.given_up:
            self._go_on(case, finding)
        return False

    def name(self, case: Case, kind: Finding) -> None:
        """Tell once more of an alert about all requests: by now it is known which are behind it."""
        where, wrong = of_kind("requests", *kind.kind), round(kind.observed * kind.events)
        case.episode.named = True
        finding = None if where in case.episode.sentence else self._look_again(case)
        if finding is None or not self._is_news(case.at):
            return
        if not any(where in cause.what for cause in finding.causes):
            what = f"{where} are worse than others: {wrong} of {kind.events} were wrong"
            known = finding.causes[: MOST - 1]
            causes = (*known, Cause(kind.began.event, ERRORS, what))
            finding = msgspec.structs.replace(finding, causes=causes)
        self._raise_again(case, finding)

    def end(self, case: Case, why: str) -> None:
        """An alert is over for another reason than its own outcomes."""
        self._teller.ended(case.about, case.episode, case.at.matured, why)

    def lower(self, about: Whose, alert: str, beside: Sequence[Episode], time: int) -> None:
        """Ask of decisions what was asked before an alert raised it, now that it is over.

        ``beside`` are the alerts of the task that are still open.
        """
        said = [one for one in self._teller.events if _is_target(about, one)]
        known = targets_of(self._connection, about.tenant, about.task)
        logged = {one.id for one in known}
        newest: list[Event | Logged] = [one for one in said[::-1] if one.id not in logged]
        newest += known
        usual = self._policy.recipe.learning.target_precision
        body = target_after(newest, alert, [one.alert for one in beside], usual)
        if body is not None:
            self._teller.lowered(about, alert, body, time)

    def _go_on(self, case: Case, finding: Finding | None) -> None:
        """Do the next thing about an alert; nothing if people were told and only that is left."""
        episode, order = case.episode, self._next(case.about, case.episode)
        if episode.action is not None:
            self._teller.measured(case.about, episode, episode.action, case.at.matured)
        elif order.what == "tell":
            episode.rang = False
            return
        self._act(case, order, finding)

    def _next(self, about: Whose, episode: Episode) -> Order:
        """What to do about an alert; about those of many tasks only a person can do anything."""
        allowed = self._policy.actions if about.task and not episode.field else ()
        return next_order(
            Situation(
                alert=episode.alert,
                stream=Stream(episode.stream),
                tried=episode.tried,
                before=episode.versions.before,
                began=episode.versions.began,
                precision=episode.precision,
                confident=episode.confident,
                low_trust=episode.low_trust,
            ),
            allowed,
        )

    def _look_again(self, case: Case) -> Finding | None:
        """What an alert is by now: it goes on, or something new has happened meanwhile."""
        if case.rang is None:
            return None
        finding = find_again(self._connection, case.rang, self._policy.recipe)
        episode = case.episode
        episode.versions, episode.confident = finding.versions, finding.confident
        episode.observed = finding.observed
        return finding

    def _act(self, case: Case, order: Order, finding: Finding | None = None) -> None:
        episode, time = case.episode, case.at.matured
        again = bool(episode.tried)
        if order.what == "tell":
            episode.begin(None)
        else:
            episode.begin(Action(action_name(episode.alert, order.what), order.what, time))
        if not self._is_news(case.at):
            return
        self._teller.acts(case.about, episode, order, time)
        if order.what == "tell" and again and finding is not None:
            self._raise_again(case, finding)

    def _raise_again(self, case: Case, finding: Finding) -> None:
        """The same alert as it is by now, louder: what was done about it didn't help."""
        first = f"{case.episode.alert}.raised.0"
        said = [event for event in self._teller.events if event.id == first]
        said += statements.by_ids(self._connection, [(case.about.tenant, first)])  # type: ignore[arg-type]  # either has a body
        body = body_of(said[0]) if said else None
        if not isinstance(body, kinds.AlertRaised):
            return
        episode, rang = case.episode, case.rang
        rings = rang is not None and rang.evidence > 0
        evidence, bar = (rang.evidence, rang.bar) if rang and rings else (body.evidence, body.bar)
        finding = msgspec.structs.replace(finding, causes=finding.causes or body.causes)
        tried = " and ".join(in_words(one) for one in episode.tried)
        helpless = f": it didn't help to {tried}" if tried else ""
        sentence = sentence_of(case.about, Stream(episode.stream), "", finding)
        episode.sentence = f"{sentence} It goes on{helpless}."
        episode.quiet = False
        episode.again += 1
        louder = raised(case.about, episode, finding, evidence, bar)
        self._teller.alert(case.about, louder, case.at.matured, episode.again)

    def _is_news(self, at: Matured) -> bool:
        return self._clock() - at.matured < _NEWS


def _is_target(about: Whose, event: Event) -> bool:
    named = (event.tenant, event.task) == (about.tenant, about.task)
    return named and event.kind == kinds.TargetSet.kind
