"""A year in which nothing changes: whoever rings is wrong."""

from collections import Counter

import msgspec
import numpy as np
from river.drift import ADWIN

from modelfleet.monitoring.budget import Budget, most_likely_at_most
from modelfleet.monitoring.odds import Numbers
from modelfleet.monitoring.streams import CALIBRATION, Stream, Tolerance
from modelfleet.monitoring.weekly_rule import Week as Counts
from modelfleet.monitoring.weekly_rule import WeeklyRule, fell
from outcomes import Simulated, Watched, Week, a_week, in_parts, some_tasks

RULES = {
    "below 90% of last week": WeeklyRule(0.1, 1),
    "below 90% of last week, from 20 outcomes on": WeeklyRule(0.1, 20),
}
FOLLOWED = 200
"""Tasks that ADWIN follows; what it does to all is reckoned from them."""


class Year(msgspec.Struct, frozen=True):
    """What rang.

    Attributes:
        weeks: how many there were.
        false: false alerts of each stream.
        true: alerts about confidences that are off by more than is tolerated.
        beyond: tasks whose confidences are.
        promised: false alerts, the sum of all shares.
        rules: false alerts of each other method.
    """

    weeks: int
    false: Counter[Stream]
    true: int
    beyond: int
    promised: float
    rules: Counter[str]

    def rows(self, tasks: int, name: str) -> list[list[str]]:
        """Of a table: false alerts a week, and their upper bound beside what is promised."""
        rang = self.false.total()
        most = most_likely_at_most(rang) / self.weeks
        promised = self.promised / self.weeks
        told = ", ".join(f"{stream.name.lower()} {self.false[stream]}" for stream in self.false)
        rows = [
            [
                f"modelfleet, {name}",
                f"{rang / self.weeks:.3g}",
                f"{most:.3g}",
                f"<= {promised:.3g}",
                "yes" if most <= promised else "NO",
            ],
            [f"  false alerts in {self.weeks} weeks ({told or 'none'})", str(rang), "", "", ""],
            [f"  true: {self.beyond} tasks are off beyond tolerance", str(self.true), "", "", ""],
        ]
        others = {**self.rules, "never": 0, "always": tasks * self.weeks}
        rows += [[rule, f"{rang / self.weeks:,.4g}", "", "", ""] for rule, rang in others.items()]
        return rows


def a_year(tasks: int, weeks: int, off: float, tolerance: Tolerance, seed: int = 1) -> Year:
    """Watch tasks at which nothing changes.

    Args:
        tasks: how many; the budget is that of the whole fleet, however large.
        weeks: how long.
        off: standard deviation of the tasks' calibration, in log odds.
        tolerance: what is still no fault.
        seed: of chance.
    """
    rng = np.random.default_rng(seed)
    fleet = some_tasks(rng, tasks, off)
    watched = Watched(fleet, Budget(), tolerance)
    beyond = _beyond(fleet, tolerance)
    false: Counter[Stream] = Counter()
    true = 0
    others = Others(tasks)
    for _ in range(weeks):
        for first, part in in_parts(fleet):
            week = a_week(rng, part)
            week = msgspec.structs.replace(week, tasks=week.tasks + first)
            for alarm in watched.take(week):
                is_true = bool(beyond[alarm.task, alarm.stream])
                true += is_true
                false[alarm.stream] += not is_true
            others.take(week.of(Stream.PRECISION))
        watched.look_around()
        others.end_week()
    promised = float(watched.state.spent.sum())
    off_beyond = int(beyond.any(axis=1).sum())
    return Year(weeks, +false, true, off_beyond, promised, others.rang)


def _beyond(fleet: Simulated, tolerance: Tolerance) -> np.ndarray:
    """Whether a task's confidences are off by more than is tolerated, ``(n, 8)``."""
    beyond = np.zeros((len(fleet), len(Stream)), bool)
    for stream, sign in zip(CALIBRATION, (1, -1), strict=True):
        beyond[:, stream] = sign * fleet.off > np.log(tolerance.odds)
    return beyond


class Others:
    """What the usual rule and ADWIN would have rung, on the same decisions."""

    def __init__(self, tasks: int) -> None:
        self.rang: Counter[str] = Counter()
        self._empty = np.zeros((2, tasks))
        self._last, self._this = self._empty, self._empty.copy()
        followed = min(FOLLOWED, tasks)
        self._adwin = [ADWIN() for _ in range(followed)]
        self._adwin_name = f"ADWIN (of {followed} tasks, reckoned for all)"
        self._scale = tasks // followed

    def take(self, week: Week) -> None:
        """Take in decisions with outcomes."""
        for row, weights in enumerate((~week.happened, None)):
            self._this[row] += np.bincount(week.tasks, weights, self._empty.shape[1])
        followed = week.tasks < len(self._adwin)
        pairs = zip(week.tasks[followed].tolist(), week.happened[followed].tolist(), strict=True)
        for task, wrong in pairs:
            self.rang[self._adwin_name] += self._scale * rose(self._adwin[task], is_wrong=wrong)

    def end_week(self) -> None:
        """Compare with the week before."""
        last, this = (_counts(one) for one in (self._last, self._this))
        for name, rule in RULES.items():
            self.rang[name] += int(fell(rule, last, this).sum())
        self._last, self._this = self._this, self._empty.copy()


def rose(detector: ADWIN, *, is_wrong: bool) -> bool:
    """Give ADWIN another outcome; whether it says that errors became more."""
    before = detector.estimation
    detector.update(is_wrong)
    return bool(detector.drift_detected and detector.estimation > before)


def _counts(good_and_all: Numbers) -> Counts:
    good, counts = good_and_all.astype(np.int64)
    return Counts(good, counts)
