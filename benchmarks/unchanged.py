"""A fleet at which nothing changes, watched by the whole of monitoring: whoever rings is wrong.

`monitoring.py` asks the detectors alone, at the size of a large fleet. Here decisions and people's
words about them go through the log, and the watcher reads them as it does in production: maturing,
habits, kinds of requests, recipes and the fleet. Tasks have 3 to 200 requests a week, confidences
are a bit off at each, and no week is like another. The budget is large, so that a system that spent
more than it promised would be seen to.
"""

import math
from collections import Counter
from collections.abc import Callable
from tempfile import TemporaryDirectory

import msgspec
import numpy as np
from rich.progress import track

from modelfleet.cli.logging import configure_logging
from modelfleet.clock import DAY, HOUR
from modelfleet.events import Event, Query, kinds, make
from modelfleet.fleet import Fleet
from modelfleet.monitoring.budget import most_likely_at_most
from modelfleet.settings import Settings
from outcomes import FEWEST, MEDIAN, MOST, WEEKS_DIFFER, WIDTH
from report import Figure, at_most, parser, show

_START = 1_767_225_600_000_000  # 1 January 2026
_LABELS = ("it", "facilities", "payroll")
_OFFICES = ("Oslo", "Lima", "Pune", "Turin")
_RECIPES = ("default", "careful")
_THRESHOLD = 0.6
_STRANGERS = 0.04  # share of requests that no label fits
_MISSING = 0.3  # share of errors whose right label is no candidate
_HOURS = (7, 22)  # of the day, at which requests come
_ANSWERED_AFTER = 2  # hours


class Tenant(msgspec.Struct):
    """A tenant, and how it lives; the last two are this week's.

    Attributes:
        name: what it is called.
        a_week: requests in a usual week.
        off: log odds by which its models are right more often than they say.
        answers: log odds of a word about a decision in a usual week.
        requests: of this week's days, on average.
        answered: probability of a word.
    """

    name: str
    a_week: float
    off: float
    answers: float
    requests: float = 0.0
    answered: float = 0.0


class World:
    """Tenants that live day by day, by chance with a seed."""

    def __init__(self, count: int, off: float, seed: int) -> None:
        self.time = _START
        self.decided = 0
        self._chance = np.random.default_rng(seed)
        volume = np.exp(self._chance.normal(math.log(MEDIAN), WIDTH, count)).clip(FEWEST, MOST)
        offsets, answers = self._chance.normal((0, 0.3), (off, 0.5), (count, 2)).T.tolist()
        self._tenants = [
            Tenant(f"tenant-{number:05d}", *how)
            for number, how in enumerate(zip(volume.tolist(), offsets, answers, strict=True))
        ]

    def versions(self) -> list[Event]:
        """Each tenant has a version of one of two recipes."""
        return [
            self._event(tenant, kinds.VersionPublished("v1", 0, 0, recipe, 200, 3, "f", "d", "ok"))
            for number, tenant in enumerate(self._tenants)
            for recipe in [_RECIPES[number % len(_RECIPES)]]
        ]

    def a_week(self, log: Callable[[list[Event]], object], end_a_day: Callable[[], object]) -> None:
        """Log a week's decisions and words; no week is like another."""
        for tenant in self._tenants:
            fewer, less = self._chance.normal(0, WEEKS_DIFFER, 2).tolist()
            tenant.requests = tenant.a_week / 7 * math.exp(fewer)
            tenant.answered = 1 / (1 + math.exp(-tenant.answers - less))
        for _ in range(7):
            self._a_day(log)
            end_a_day()

    def _a_day(self, log: Callable[[list[Event]], object]) -> None:
        hours: list[list[Event]] = [[] for _ in range(24)]
        asked: list[list[Tenant]] = [[] for _ in range(24)]
        for tenant in self._tenants:
            count = self._chance.poisson(tenant.requests)
            for hour in self._chance.integers(*_HOURS, count).tolist():
                asked[hour].append(tenant)
        for hour, tenants in enumerate(asked):
            for tenant in tenants:
                decision, word = self._decision(tenant)
                hours[hour].append(decision)
                hours[hour + _ANSWERED_AFTER] += word
            if hours[hour]:
                log(hours[hour])
            self.time += HOUR

    def _decision(self, tenant: Tenant) -> tuple[Event, list[Event]]:
        """A decision, and what is said of it."""
        self.decided += 1
        name = f"d{self.decided}"
        best, other, third = (_LABELS[place] for place in self._chance.permutation(3).tolist())
        confidence = round(0.01 + 0.98 * float(self._chance.beta(6, 1.2)), 6)
        reason = None if confidence >= _THRESHOLD else "below_threshold"
        if self._happens(_STRANGERS):
            reason = "no_label_fits"
        label = best if reason is None else None
        body = kinds.RequestDecided(
            text=f"request number {self.decided} is about something like that",
            metadata={"office": _OFFICES[self.decided % len(_OFFICES)], "ticket": name},
            label=label,
            confidence=confidence,
            candidates=(
                kinds.Candidate(best, confidence),
                kinds.Candidate(other, round((1 - confidence) * (1 - _MISSING), 6)),
            ),
            threshold=_THRESHOLD,
            version="v1",
            reason=reason,
        )
        right = best
        if not self._happens(_right(confidence, tenant.off)):
            right = third if self._happens(_MISSING) else other
        said = kinds.DecisionReassigned(name, right)
        word = kinds.DecisionAccepted(name) if right == label else said
        words = [self._event(tenant, word)] if self._happens(tenant.answered) else []
        return self._event(tenant, body, name), words

    def _happens(self, probability: float) -> bool:
        return bool(self._chance.random() < probability)

    def _event(self, tenant: Tenant, body: kinds.Body, name: str | None = None) -> Event:
        return make(body, tenant=tenant.name, task="team", time=self.time, id=name)


def _right(confidence: float, off: float) -> float:
    """How often a first candidate is right whose model is off by so many log odds."""
    return 1 / (1 + (1 - confidence) / confidence * math.exp(-off))


def raised(fleet: Fleet) -> Counter[str]:
    """How many alerts there were, by what they are about."""
    found = {
        event.fields["alert"]: f"{event.fields['finding']} of a {event.fields.get('scope', 'task')}"
        for event in fleet.events(Query(kinds=(kinds.AlertRaised.kind,)))
    }
    return Counter(found.values())


def main() -> None:
    """Live through some weeks, and print what rang beside what was promised."""
    made = parser(__doc__)
    made.add_argument("--tenants", type=int, default=1_000)
    made.add_argument("--weeks", type=int, default=12)
    made.add_argument("--budget", type=float, default=10.0, help="false alerts a week")
    made.add_argument("--off", type=float, default=0.15, help="calibration, in log odds")
    made.add_argument("--seed", type=int, default=1)
    asked = made.parse_args()
    configure_logging("error")
    world = World(asked.tenants, asked.off, asked.seed)
    settings = Settings(false_alerts_per_week=asked.budget)
    with (
        TemporaryDirectory(dir=asked.folder) as folder,
        Fleet(
            folder, settings=settings, train=False, durable=False, clock=lambda: world.time
        ) as fleet,
    ):
        fleet.log.append(world.versions())
        for _ in track(range(asked.weeks), "weeks"):
            world.a_week(fleet.log.append, fleet.watch_due)
        world.time += 30 * DAY
        fleet.watch_due()
        rang = raised(fleet)
    most = most_likely_at_most(rang.total()) / asked.weeks
    figures = [
        Figure("decisions", world.decided),
        Figure("false alerts", rang.total()),
        *[Figure(f"  {what}", count) for what, count in rang.most_common()],
        Figure("false alerts a week, upper 95% bound", most, target=at_most(asked.budget)),
    ]
    title = f"Nothing changes at {asked.tenants:,} tenants in {asked.weeks} weeks"
    show(title, figures, [], asked.markdown)


if __name__ == "__main__":
    main()
