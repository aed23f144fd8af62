"""Where a task's labels were divided anew: what people said before misleads from then on.

When labels are split, merged or given another sense, requests go to other labels from one day to
the next, and a model that learns of both times repeats what isn't said any more. The day is found
from labels alone, as the place that best divides their order into two times with shares of their
own (maximum likelihood; Hinkley 1970). Shares also jump when something breaks and everybody asks
about it, and then the earlier requests are still right. So two models are asked about requests that
neither has seen, and the earlier ones are left out only if the model without them does better.
"""

import math
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from modelfleet.clock import DAY
from modelfleet.learners.recommended import LABEL_TEXT_WEIGHT
from modelfleet.training.fitting import Data

_FEWEST = 60
"""Examples on both sides of a jump."""

_LEAST_GAIN = 0.4
"""What each example of the shorter time must gain, in nats, by shares of its own. Shuffled labels
gain up to 0.2, and a support site's in calm years up to 0.4; where it divided its topics anew, 0.4
to 2.7."""

_ASKED = 3
"""Of the examples since, one in so many is asked about."""


def since_change(data: Data) -> Data:
    """The examples since the labels were last divided anew; all if they weren't."""
    while first := _jump(data):
        if not _misleads(data, first):
            break
        data = data.since(first)
    return data


def jump(targets: NDArray[np.integer], times: NDArray[np.integer]) -> tuple[int, float]:
    """Where the labels' shares change most, and how much that explains.

    Only between days, and where all before is older than all behind: what is loaded at once may be
    sorted by label.

    Args:
        targets: ``(n,)``, each example's label as a number, in time order.
        times: ``(n,)``, in microseconds.

    Returns:
        The place of the first example of the later time, and the nats that each example of the
        shorter time gains, less what as many labels gain by chance; 0 and 0.0 if there are too few
        examples or days.
    """
    count = len(targets)
    days = times // DAY
    latest, earliest = np.maximum.accumulate(days), np.minimum.accumulate(days[::-1])[::-1]
    places = np.flatnonzero(latest[:-1] < earliest[1:]) + 1
    places = places[(places >= _FEWEST) & (places <= count - _FEWEST)]
    if not places.size:
        return 0, 0.0
    found = _gains(targets)[places]
    first = int(places[found.argmax()])
    by_chance = (np.unique(targets).size - 1) / 2
    return first, float(found.max() - by_chance) / min(first, count - first)


def _gains(targets: NDArray[np.integer]) -> NDArray[np.float64]:
    """How much likelier labels are if their shares change at each place: nats ``(n,)``.

    Examples move from the later time to the earlier one by one, which changes the count of one
    label in each.
    """
    count, totals = len(targets), np.bincount(targets)
    before = _before_with_the_same(targets, totals)
    after = totals[targets] - before
    moved = _nats(before + 1) - _nats(before) + _nats(after - 1) - _nats(after)
    sizes = np.arange(count)
    moved = np.concatenate([[0.0], moved.cumsum()[:-1]])
    return moved - _nats(sizes) - _nats(count - sizes) + _nats(np.array(count))


def _jump(data: Data) -> int:
    """The first example since the labels' shares jumped; 0 if they didn't."""
    times = np.array([example.time for example in data.labelled], np.int64)
    first, gain = jump(data.targets, times)
    return first if gain >= _LEAST_GAIN else 0


def _misleads(data: Data, first: int) -> bool:
    """Whether a model that hasn't seen the examples before ``first`` decides later ones better.

    Better by one standard error is enough, as a jump has been found already.
    """
    places = np.arange(len(data.labelled))
    chance = np.array([crc32(example.key.encode()) for example in data.labelled])
    before, asked = places < first, (places >= first) & (chance % _ASKED == 0)
    without = _right(data, asked, left_out=before)
    with_them = _right(data, asked, left_out=np.zeros_like(before))
    better, worse = int((without & ~with_them).sum()), int((with_them & ~without).sum())
    return better - worse > math.sqrt(better + worse)


def _right(
    data: Data, asked: NDArray[np.bool_], *, left_out: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Which are decided right by a model that learned of neither."""
    learned = data.studied.learn(data.weights(asked | left_out, LABEL_TEXT_WEIGHT))
    rows = np.flatnonzero(asked)
    return np.asarray(learned.scores(rows).argmax(axis=1) == data.targets[rows])


def _before_with_the_same(
    targets: NDArray[np.integer], totals: NDArray[np.intp]
) -> NDArray[np.intp]:
    """For each place, how many places before it have the same label."""
    order = np.argsort(targets, kind="stable")
    found = np.empty(len(targets), np.intp)
    found[order] = np.arange(len(targets)) - np.repeat(totals.cumsum() - totals, totals)
    return found


def _nats(counts: NDArray[np.intp]) -> NDArray[np.float64]:
    return np.asarray(xlogy(counts, counts))
