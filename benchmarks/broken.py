"""Models that break: how many are found, how soon, and whether it is known since when."""

from collections.abc import Iterator

import msgspec
import numpy as np
from river.drift import ADWIN
from scipy.optimize import brentq

from modelfleet.monitoring.alarms.allowance import KINDS_OF_ELEMENTS, Allowance, Traffic
from modelfleet.monitoring.budget import Budget
from modelfleet.monitoring.inception import inception
from modelfleet.monitoring.odds import Numbers, log_odds, logistic
from modelfleet.monitoring.state import State
from modelfleet.monitoring.streams import Stream, Tolerance
from modelfleet.monitoring.watching import Outcomes, observe
from modelfleet.monitoring.weekly_rule import Week, WeeklyRule, fell
from outcomes import Places, Truths, volumes
from quiet import rose

ERROR, BROKEN, BROKEN_SLIGHTLY = 0.15, 0.40, 0.35
BEFORE, AFTER = 26, 10
"""Weeks."""
OFF = 0.15
"""Standard deviation of the tasks' calibration, in log odds."""
FLEET, VOLUME = 100_000, 24.3
"""Tasks of the fleet whose budget it is, and their mean requests a week (see outcomes.py)."""


class World(msgspec.Struct, frozen=True):
    """How confidences are, and in which way models break.

    Attributes:
        name: as the tables have it.
        spread: whether confidences differ between requests, or are all 85%.
        spoiled: whether a share of what was right is wrong now, whatever its confidence (labels
            were swapped), or the odds of being wrong are higher (requests became harder).
    """

    name: str
    spread: bool
    spoiled: bool


WORLDS = (
    World("confidences differ, any decision spoiled", spread=True, spoiled=True),
    World("confidences differ, odds of error higher", spread=True, spoiled=False),
    World("all confidences are 85%", spread=False, spoiled=True),
)


class Tried(msgspec.Struct, frozen=True):
    """What became of broken tasks of some volume.

    Attributes:
        found: share that modelfleet found within the weeks.
        delay: median outcomes until then, of those found.
        slowest: within so many nine in ten of all were found; nan if they weren't.
        rule: share that "below 90% of last week" rang for, within the weeks.
        adwin: share that ADWIN found.
        limit: mean outcomes that no detector with this budget can go below.
    """

    found: float
    delay: float
    slowest: float
    rule: float
    adwin: float
    limit: float


def wrong_before(rng: np.random.Generator, world: World, count: int) -> Numbers:
    """What confidences say of being wrong."""
    if not world.spread:
        return np.full(count, ERROR)
    return np.clip(rng.beta(4 * ERROR, 4 * (1 - ERROR), count), 1e-4, 1 - 1e-4)


def wrong_after(world: World, before: Numbers, broken: float) -> Numbers:
    """What is true of it afterwards: on average ``broken``."""
    if world.spoiled:
        return before + (broken - ERROR) / (1 - ERROR) * (1 - before)
    return logistic(log_odds(before) + _shift(world, broken))


def _shift(world: World, broken: float) -> float:
    sample = log_odds(wrong_before(np.random.default_rng(0), world, 100_000))
    return float(brentq(lambda shift: logistic(sample + shift).mean() - broken, 0, 9))


def tried(
    world: World,
    between: tuple[float, float],
    tasks: int,
    answered: float,
    tolerance: Tolerance,
) -> Tried:
    """Break tasks that were fine for half a year.

    Args:
        world: how.
        between: requests a week.
        tasks: how many.
        answered: share of requests whose outcome becomes known.
        tolerance: what is still no fault.
    """
    rng = np.random.default_rng(7)
    volume = volumes(rng, tasks, *between) * answered
    weeks = rng.poisson(volume[:, None], (tasks, BEFORE + AFTER))
    task = np.repeat(np.arange(tasks), weeks.sum(axis=1))
    week = np.concatenate([np.repeat(np.arange(BEFORE + AFTER), one) for one in weeks])
    stated = wrong_before(rng, world, len(task))
    usual = logistic(log_odds(stated) + rng.normal(0, OFF, tasks)[task])
    after = week >= BEFORE
    wrong = rng.random(len(task)) < np.where(after, wrong_after(world, usual, BROKEN), usual)
    share = _share(FLEET * VOLUME * answered)
    outcomes = _outcomes(task, wrong, stated, share)
    first = _found(outcomes, after, tolerance)
    delays = np.array([first.get(one, np.inf) for one in range(tasks)])
    return Tried(
        found=float(np.isfinite(delays).mean()),
        delay=float(np.median(delays[np.isfinite(delays)])),
        slowest=_slowest(delays),
        rule=_by_rule(task, week, wrong),
        adwin=_by_adwin(task, wrong, after),
        limit=float(np.log(1 / share) / _information(world)),
    )


def _share(decisions: float) -> float:
    """What the platform gives a decision of so many a week, at one false alert a week."""
    usual = [round(decisions / 7)] * KINDS_OF_ELEMENTS
    return Allowance(Budget(), Traffic(before=[usual])).share(Stream.PRECISION)


def _slowest(delays: Numbers) -> float:
    slowest = float(np.quantile(delays, 0.9, method="lower"))
    return slowest if np.isfinite(slowest) else float("nan")


def _outcomes(task: Places, wrong: Truths, stated: Numbers, share: float) -> Outcomes:
    ones = np.ones(len(task))
    streams = np.zeros(len(task), np.int8)
    return Outcomes(task, streams, wrong, stated, share * ones, 0 * ones, OFF**2 * ones)


def _found(outcomes: Outcomes, after: Truths, tolerance: Tolerance) -> dict[int, int]:
    """Of tasks that rang after they broke: outcomes until then."""
    state = State.new(int(outcomes.tasks.max()) + 1)
    alarms = observe(state, outcomes, tolerance).alarms
    since = np.cumsum(after)
    begun = {int(one): int(since[place]) for one, place in _firsts(outcomes.tasks, after)}
    found: dict[int, int] = {}
    for alarm in alarms:
        if after[alarm.place] and alarm.task not in found:
            found[alarm.task] = int(since[alarm.place]) - begun[alarm.task] + 1
    return found


def _firsts(task: Places, after: Truths) -> Iterator[tuple[int, int]]:
    places = np.flatnonzero(after)
    tasks, first = np.unique(task[places], return_index=True)
    yield from zip(tasks.tolist(), places[first].tolist(), strict=True)


def _by_rule(task: Places, week: Places, wrong: Truths) -> float:
    tasks = int(task.max()) + 1
    good, counts = np.zeros((2, tasks, BEFORE + AFTER), np.int64)
    np.add.at(good, (task, week), ~wrong)
    np.add.at(counts, (task, week), 1)
    rang = np.zeros(tasks, bool)
    for one in range(BEFORE, BEFORE + AFTER):
        last, this = (Week(good[:, at], counts[:, at]) for at in (one - 1, one))
        rang |= fell(WeeklyRule(0.1, 1), last, this)
    return float(rang.mean())


def _by_adwin(task: Places, wrong: Truths, after: Truths, most: int = 200) -> float:
    found = []
    for one in range(min(int(task.max()) + 1, most)):
        detector, rang = ADWIN(), False
        for is_wrong, is_after in zip(wrong[task == one], after[task == one], strict=True):
            rang |= rose(detector, is_wrong=bool(is_wrong)) and bool(is_after)
        found.append(rang)
    return float(np.mean(found))


def _information(world: World) -> float:
    """What an outcome after the break says against there having been none, in nats (Lorden)."""
    before = wrong_before(np.random.default_rng(0), world, 100_000)
    broken = wrong_after(world, before, BROKEN)
    gain = broken * np.log(broken / before) + (1 - broken) * np.log((1 - broken) / (1 - before))
    return float(gain.mean())


class Dated(msgspec.Struct, frozen=True):
    """How well changes were dated: median error, how often the set has them, and its width."""

    error: float
    covered: float
    width: float


def dated(world: World, changes: int, before: int = 200, after: int = 100) -> Dated:
    """Date changes from 15% to 35%, so many outcomes afterwards."""
    rng = np.random.default_rng(11)
    errors, covered, widths = [], [], []
    for _ in range(changes):
        stated = wrong_before(rng, world, before + after)
        true = np.where(
            np.arange(before + after) < before, stated, wrong_after(world, stated, BROKEN_SLIGHTLY)
        )
        found = inception(rng.random(before + after) < true, stated)
        errors.append(abs(found.place - before))
        covered.append(found.earliest <= before <= found.latest)
        widths.append(found.latest - found.earliest + 1)
    return Dated(float(np.median(errors)), float(np.mean(covered)), float(np.median(widths)))
