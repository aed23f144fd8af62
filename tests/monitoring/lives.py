"""Histories of tasks whose decisions and feedback are as a test wants them."""

import random
from collections.abc import Callable, Mapping

import msgspec
from tests.conftest import HandClock

from modelfleet.events import make
from modelfleet.events.kinds import (
    Candidate,
    DecisionAccepted,
    DecisionReassigned,
    DecisionRefused,
    RequestDecided,
    VersionPublished,
)
from modelfleet.fleet import Fleet

HOUR = 3600
DAY = 24 * HOUR
WORDS = ("laptop", "screen", "lift", "door", "vpn", "desk", "phone", "window")


class Habits(msgspec.Struct, frozen=True):
    """How a task lives.

    Attributes:
        right: how often a decision is right, given its confidence.
        answers: how often people say something.
        abstains: how often nothing is decided.
        instead: the label that is right where another was decided; None: no label fits.
        reason: why not.
        confirms: whether people also say that something was right.
        version: what decides.
        text: what is asked.
        metadata: what comes with it.
    """

    right: Callable[[float, Mapping[str, str]], float] = lambda confidence, _metadata: confidence
    answers: float = 0.9
    abstains: float = 0.1
    instead: str | None = "hr"
    reason: str = "below_threshold"
    confirms: bool = True
    version: str | None = None
    text: str = "please see to the {}"
    metadata: Callable[[random.Random], Mapping[str, str]] = lambda _chance: {}


class Life:
    """Lets tasks live: each decision at its time, feedback after an hour, the watcher each day."""

    def __init__(self, fleet: Fleet, clock: HandClock, seed: int = 1) -> None:
        self.fleet = fleet
        self.clock = clock
        self.chance = random.Random(seed)  # noqa: S311 - a test's own chance
        self._number = 0

    def publish(
        self, version: str, tenant: str = "acme", task: str = "team", *, recipe: str = "default"
    ) -> None:
        """A version is published, as training would."""
        body = VersionPublished(version, 0, 0, recipe, 10, 2, "f", "d", "as good")
        self._log(tenant, task, body, f"published {version}")

    def live(
        self,
        habits: Habits,
        *,
        days: int = 10,
        a_day: int = 20,
        tenant: str = "acme",
        task: str = "team",
    ) -> None:
        """So many days with so many decisions each."""
        self.live_together({(tenant, task): habits}, days=days, a_day=a_day)

    def live_together(
        self, tasks: Mapping[tuple[str, str], Habits], *, days: int = 10, a_day: int = 20
    ) -> None:
        """Several tasks, side by side."""
        for _ in range(days):
            for _ in range(a_day):
                said = [self._decide(*key, habits) for key, habits in tasks.items()]
                self.clock.advance(HOUR)
                for one in said:
                    one()
                self.clock.advance(DAY / a_day - HOUR)
            self.fleet.watch_due()

    def settle(self, days: int = 8) -> None:
        """So many days on which nothing happens: what was decided becomes final."""
        for _ in range(days):
            self.clock.advance(DAY)
            self.fleet.watch_due()

    def _decide(self, tenant: str, task: str, habits: Habits) -> Callable[[], None]:
        self._number += 1
        decision = f"d{self._number}"
        confidence = self.chance.choice((0.75, 0.85, 0.9, 0.95, 0.97))
        metadata = dict(habits.metadata(self.chance))
        decided = self.chance.random() >= habits.abstains
        body = RequestDecided(
            text=habits.text.format(self.chance.choice(WORDS)),
            metadata=dict(metadata),
            label="it" if decided else None,
            confidence=confidence,
            candidates=(Candidate("it", confidence), Candidate("hr", 0.98 - confidence)),
            threshold=0.7,
            version=habits.version,
            reason=None if decided else habits.reason,
        )
        self._log(tenant, task, body, decision)
        right = self.chance.random() < habits.right(confidence, metadata)
        if not decided or self.chance.random() >= habits.answers:
            return lambda: None
        if right and not habits.confirms:
            return lambda: None
        word = DecisionAccepted(decision) if right else _corrected(decision, habits.instead)
        return lambda: self._log(tenant, task, word)

    def _log(self, tenant: str, task: str, body: object, identity: str | None = None) -> None:
        event = make(body, tenant=tenant, task=task, time=self.clock(), id=identity)  # type: ignore[arg-type]
        self.fleet.log.append([event])


def _corrected(decision: str, label: str | None) -> DecisionReassigned | DecisionRefused:
    return DecisionRefused(decision) if label is None else DecisionReassigned(decision, label)
