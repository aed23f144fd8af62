"""Fleets of tasks that don't exist, and their outcomes week by week, by chance with a seed."""

from collections.abc import Iterator

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.monitoring.budget import Budget, parts
from modelfleet.monitoring.calibrating import START, pooled, prior
from modelfleet.monitoring.odds import Numbers, log_odds, logistic
from modelfleet.monitoring.state import State
from modelfleet.monitoring.streams import FROM_CONFIDENCE, STREAMS, Stream, Tolerance
from modelfleet.monitoring.watching import Alarm, Outcomes, observe

Places = NDArray[np.intp]
Truths = NDArray[np.bool_]

FEWEST, MOST, MEDIAN, WIDTH = 3.0, 200.0, 15.0, 1.0
"""Requests a week of a task: lognormal, cut off at both ends."""
RATES = {
    Stream.COVERAGE: 0.3,
    Stream.NEW_DOMAIN: 0.05,
    Stream.RESPONSE: 0.5,
    Stream.HELPFULNESS: 0.2,
}
"""How often what these streams count happens at a usual task."""
WEEKS_DIFFER = 0.15
"""Standard deviation of a task's rates from week to week, in log odds: no week is like another."""
RATED = 0.1
"""Share of decided requests that somebody rates."""
MISSED = 0.3
"""The candidates leave over this much of the chance that the first of them is wrong."""
TOGETHER = 10_000
"""Tasks whose weeks are made at once, for memory's sake."""


class Simulated(msgspec.Struct, frozen=True, eq=False):
    """Tasks.

    Attributes:
        volume: ``(n,)``, requests a week.
        error: ``(n,)``, the share that is wrong, as the confidences say.
        off: ``(n,)``, by how much the log odds of being wrong differ from what confidences say.
        rates: ``(n, 8)``, of the streams that aren't held against confidences.
    """

    volume: Numbers
    error: Numbers
    off: Numbers
    rates: Numbers

    def __len__(self) -> int:
        """How many."""
        return len(self.volume)


class Week(msgspec.Struct, frozen=True, eq=False):
    """Elements of tasks' streams, in order, and what the usual rule needs to know.

    Attributes:
        tasks: ``(n,)``.
        streams: ``(n,)``.
        happened: ``(n,)``.
        stated: ``(n,)``.
    """

    tasks: Places
    streams: NDArray[np.int8]
    happened: Truths
    stated: Numbers

    def of(self, stream: Stream) -> "Week":
        """Those of one stream."""
        chosen = self.streams == stream
        return Week(*(getattr(self, name)[chosen] for name in self.__struct_fields__))


def some_tasks(rng: np.random.Generator, count: int, off: float) -> Simulated:
    """Tasks of mixed volumes and difficulty; ``off`` is the deviation of their calibration."""
    rates = np.full((count, STREAMS), 0.5)
    for stream, rate in RATES.items():
        rates[:, stream] = logistic(log_odds(np.asarray(rate)) + rng.normal(0, 0.5, count))
    return Simulated(
        volume=volumes(rng, count, FEWEST, MOST),
        error=rng.beta(6, 34, count),
        off=rng.normal(0, off, count) if off else np.zeros(count),
        rates=rates,
    )


def volumes(rng: np.random.Generator, count: int, least: float, most: float) -> Numbers:
    """Requests a week between two bounds, as they are distributed there."""
    drawn = MEDIAN * np.exp(WIDTH * rng.standard_normal(60 * count))
    return drawn[(drawn >= least) & (drawn <= most)][:count]


def a_week(rng: np.random.Generator, fleet: Simulated) -> Week:
    """One week in which nothing changes but what always does."""
    differs = rng.normal(0, WEEKS_DIFFER, fleet.rates.shape)
    rates = logistic(log_odds(fleet.rates) + differs)
    task = np.repeat(np.arange(len(fleet)), rng.poisson(fleet.volume))
    count = len(task)
    wrong = confidences(rng, fleet.error[task])
    decided = rng.random(count) >= rates[task, Stream.COVERAGE]
    answered = rng.random(count) >= rates[task, Stream.RESPONSE]
    rated = decided & (rng.random(count) < RATED)
    is_wrong = rng.random(count) < logistic(log_odds(wrong) + fleet.off[task])
    missed = rng.random(count) < logistic(log_odds(MISSED * wrong) + fleet.off[task])
    everything = np.ones(count, bool)

    def by_rate(stream: Stream) -> Truths:
        return np.asarray(rng.random(count) < rates[task, stream])

    parts = [
        (Stream.PRECISION, decided & answered, is_wrong, wrong),
        (Stream.MISSES, answered, missed, MISSED * wrong),
        (Stream.OVERCONFIDENCE, answered, is_wrong, wrong),
        (Stream.UNDERCONFIDENCE, answered, ~is_wrong, 1 - wrong),
        (Stream.COVERAGE, everything, ~decided, _usual(Stream.COVERAGE, count)),
        (
            Stream.NEW_DOMAIN,
            everything,
            by_rate(Stream.NEW_DOMAIN),
            _usual(Stream.NEW_DOMAIN, count),
        ),
        (Stream.RESPONSE, everything, ~answered, _usual(Stream.RESPONSE, count)),
        (Stream.HELPFULNESS, rated, by_rate(Stream.HELPFULNESS), _usual(Stream.HELPFULNESS, count)),
    ]
    return Week(
        np.concatenate([task[part] for _, part, _, _ in parts]),
        np.repeat(
            np.array([stream for stream, *_ in parts], np.int8),
            [int(part.sum()) for _, part, _, _ in parts],
        ),
        np.concatenate([happened[part] for _, part, happened, _ in parts]),
        np.concatenate([stated[part] for _, part, _, stated in parts]),
    )


def weekly(fleet: Simulated) -> Numbers:
    """Elements a week of each task's streams, ``(n, 8)``."""
    decided = 1 - fleet.rates[:, Stream.COVERAGE]
    answered = 1 - fleet.rates[:, Stream.RESPONSE]
    ones = np.ones(len(fleet))
    each = [decided * answered, answered, answered, answered, ones, ones, ones, decided * RATED]
    return np.stack(each, axis=1) * fleet.volume[:, None]


class Watched:
    """Simulated tasks under watch; what tasks have in common is found anew each week.

    The whole budget is spent, which the platform doesn't: it keeps half for busier days.
    """

    def __init__(self, fleet: Simulated, budget: Budget, tolerance: Tolerance) -> None:
        self.state = State.new(len(fleet))
        self.tolerance = tolerance
        self.shares = parts(budget) / weekly(fleet).sum(axis=0)
        self.priors = [START[stream] for stream in Stream]

    def take(self, week: Week) -> tuple[Alarm, ...]:
        """Bring the detectors forward; what rang."""
        means = np.array([one.mean for one in self.priors])
        variances = np.array([one.variance for one in self.priors])
        outcomes = Outcomes(
            week.tasks,
            week.streams,
            week.happened,
            week.stated,
            self.shares[week.streams],
            means[week.streams],
            variances[week.streams],
        )
        return observe(self.state, outcomes, self.tolerance).alarms

    def look_around(self) -> None:
        """Find the priors of the streams anew, from what all tasks have shown."""
        sums = self.state.sums.reshape(-1, STREAMS, 2)
        self.priors = [
            prior(pooled(sums[:, stream]).sum(axis=0), START[stream]) for stream in Stream
        ]


def in_parts(fleet: Simulated) -> Iterator[tuple[int, Simulated]]:
    """A fleet, so many tasks at once, each with its first task's place."""
    for first in range(0, len(fleet), TOGETHER):
        yield (
            first,
            Simulated(
                *(
                    getattr(fleet, name)[first : first + TOGETHER]
                    for name in fleet.__struct_fields__
                )
            ),
        )


def confidences(rng: np.random.Generator, error: Numbers) -> Numbers:
    """The stated probability of being wrong, of requests of tasks with these errors."""
    return np.clip(rng.beta(4 * error, 4 * (1 - error)), 1e-4, 1 - 1e-4)


def _usual(stream: Stream, count: int) -> Numbers:
    return np.full(count, RATES[stream])


assert set(RATES) | set(FROM_CONFIDENCE) == set(Stream)  # noqa: S101 - simulations must be whole
