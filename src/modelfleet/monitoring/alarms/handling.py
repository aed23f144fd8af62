"""One alert from its beginning to its end: raised, acted on, measured, told, ended."""

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from modelfleet.clock import DAY, Clock
from modelfleet.events import Event, Logged, body_of, kinds, statements
from modelfleet.monitoring.alarms.actions import Order, Situation, action_name, next_order
from modelfleet.monitoring.alarms.causes import later_causes
from modelfleet.monitoring.alarms.episodes import Action, Episode
from modelfleet.monitoring.alarms.findings import Finding, Rang
from modelfleet.monitoring.alarms.policy import Policy
from modelfleet.monitoring.alarms.sentences import told
from modelfleet.monitoring.alarms.targets import target_after, targets_of
from modelfleet.monitoring.alarms.telling import (
    Teller,
    Whose,
    new_episode,
    raised,
)
from modelfleet.monitoring.matured import Matured
from modelfleet.monitoring.streams import Stream

_NEWS = 7 * DAY
"""What was found later than this is told, but not acted on: the log is being caught up with."""


class Case(msgspec.Struct, frozen=True):
    """An open alert, whom it concerns, and the outcome that is looked at."""

    about: Whose
    episode: Episode
    at: Matured


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
        if episode.given_up:
            if episode.action is not None:
                self._teller.measured(case.about, episode, episode.action, time)
            self._act(case, self._next(case.about, episode))
        return False

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

    def _act(self, case: Case, order: Order) -> None:
        episode, time = case.episode, case.at.matured
        again = bool(episode.tried)
        if order.what == "tell":
            episode.begin(None)
        else:
            episode.begin(Action(action_name(episode.alert, order.what), order.what, time))
        if not self._is_news(case.at):
            return
        self._teller.acts(case.about, episode, order, time)
        if order.what == "tell" and again:
            self._raise_again(case)

    def _raise_again(self, case: Case) -> None:
        """The same alert, louder: what was done about it didn't help."""
        first = f"{case.episode.alert}.raised.0"
        said = [event for event in self._teller.events if event.id == first]
        said += statements.by_ids(self._connection, [(case.about.tenant, first)])  # type: ignore[arg-type]  # either has a body
        body = body_of(said[0]) if said else None
        if not isinstance(body, kinds.AlertRaised):
            return
        case.episode.quiet = False
        causes = body.causes or later_causes(self._connection, case.at, body.inception)
        tried = " and ".join(one.replace("_", " ") for one in case.episode.tried)
        louder = msgspec.structs.replace(
            body,
            quiet=False,
            causes=causes,
            sentence=f"{body.sentence}{told(causes[: not body.causes])} It goes on: it didn't help "
            f"to {tried}.",
        )
        self._teller.alert(case.about, louder, case.at.matured, 1)

    def _is_news(self, at: Matured) -> bool:
        return self._clock() - at.matured < _NEWS


def _is_target(about: Whose, event: Event) -> bool:
    named = (event.tenant, event.task) == (about.tenant, about.task)
    return named and event.kind == kinds.TargetSet.kind
