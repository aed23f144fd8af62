"""What was usual of a task before it got worse is usual again once the alert is over.

Offsets are learned from every outcome (see `calibrating`), so what is wrong for long becomes what
is to be expected, and the same fault would be found late the next time, or never. So when outcomes
say that an alert is over, sums are made anew from the log as if the time since its inception hadn't
been. They hold from the next day on: like what is known of a recipe, they don't change within a
day, so that it is no matter in which pages the log is read.
"""

from collections.abc import Callable, Mapping

import numpy as np
import sqlalchemy as sa

from modelfleet.monitoring.alarms.allowance import day_of
from modelfleet.monitoring.alarms.elements import Habit, elements
from modelfleet.monitoring.alarms.episodes import Episode
from modelfleet.monitoring.alarms.history import Past, past_between
from modelfleet.monitoring.alarms.memory import Usual
from modelfleet.monitoring.calibrating import Expectations, Prior, expect
from modelfleet.monitoring.matured import Matured
from modelfleet.monitoring.odds import Numbers
from modelfleet.monitoring.state import State
from modelfleet.monitoring.streams import FROM_CONFIDENCE, STREAMS, Stream


def usual_before(
    connection: sa.Connection,
    episode: Episode,
    at: Matured,
    habit: Habit,
    usual: Mapping[int, Usual],
    known: Callable[[Stream], tuple[float, Prior]],
) -> dict[int, Usual]:
    """What was usual of a task before an alert that is over at an outcome, by stream.

    Confidences that are wrong show in all streams that are held against them.

    Args:
        connection: to read decisions back with.
        episode: the alert.
        at: the outcome.
        habit: how people gave feedback there.
        usual: the same of alerts that were over before.
        known: what usually is of the task's recipe, and what is known of offsets.
    """
    own = Stream(episode.stream)
    streams = FROM_CONFIDENCE if own in FROM_CONFIDENCE else (own,)
    start = [usual.get(stream, Usual(0.0, 0.0, 0)) for stream in streams]
    sums = np.array([(one.score, one.information) for one in start])
    past = past_between(connection, at, episode.behind, episode.began - 1)
    _learn(sums, past, habit, {stream: known(stream) for stream in streams})
    day = day_of(at.matured)
    return {
        stream: Usual(score, information, day)
        for stream, (score, information) in zip(streams, sums.tolist(), strict=True)
    }


def hold_again(state: State, place: int, usual: Mapping[int, Usual], day: int) -> None:
    """What was usual of a task at a place of the state is so again, once a day has passed."""
    for stream, one in usual.items():
        if not one.holds and one.day < day:
            state.sums[place * STREAMS + stream] = one.score, one.information
            one.holds = True


def _learn(
    sums: Numbers, past: Past, habit: Habit, known: Mapping[Stream, tuple[float, Prior]]
) -> None:
    """Learn from decisions of a past in their order; ``sums`` has a row for each known stream."""
    rows = {stream: row for row, stream in enumerate(known)}
    told: list[tuple[int, Stream, bool, float, float, float]] = []
    for one in past.outcomes:
        for stream, happened, stated in elements(one, habit):
            if stream in rows:
                rate, prior = known[stream]
                usual = rate if stated is None else stated
                told.append((rows[stream], stream, happened, usual, prior.mean, prior.variance))
    if told:
        columns = [np.array(column) for column in zip(*told, strict=True)]
        expect(sums, Expectations(*columns))
