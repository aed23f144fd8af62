"""What can be said of a share when many outcomes are silent, and when a random few were audited."""

import msgspec
from scipy.special import betaincinv


class Interval(msgspec.Struct, frozen=True):
    """A share, and between what it may lie; None where nothing is known."""

    share: float | None
    least: float
    most: float


def with_silence(confirmed: int, corrected: int, silent: int) -> Interval:
    """Precision if silence may mean anything (Manski 1989): the bounds are those of all meanings.

    The share itself is of those who spoke, and is no estimate for those who didn't.

    Args:
        confirmed: decisions that somebody said were right.
        corrected: decisions that somebody said were wrong.
        silent: decisions on which, when mature, nobody had said anything.
    """
    spoke = confirmed + corrected
    decided = spoke + silent
    if not decided:
        return Interval(None, 0.0, 1.0)
    share = confirmed / spoke if spoke else None
    return Interval(share, confirmed / decided, 1 - corrected / decided)


def audited(right: float, weights: float, squares: float, certainty: float = 0.9) -> Interval:
    """Precision without bias, from decisions that were drawn at random for a person to look at.

    The ratio form of Horvitz and Thompson's estimate (1952; Hajek): each counts for as many as its
    probability stands for. The interval is Clopper and Pearson's at the effective number of audits
    (Korn & Graubard 1998), which with equal probabilities is exact.

    Args:
        right: the weights of those that the person said were right, added up; the weight of a
            decision is one over the probability with which it was drawn.
        weights: of all that were looked at, added up.
        squares: of these weights, added up.
        certainty: of the interval, two-sided.
    """
    if not weights:
        return Interval(None, 0.0, 1.0)
    share, effective = right / weights, weights**2 / squares
    return Interval(share, *exact(share * effective, effective, certainty))


def exact(happened: float, count: float, certainty: float) -> tuple[float, float]:
    """Clopper and Pearson's interval (1934) of a share; counts may be fractions."""
    tail = (1 - certainty) / 2
    others = max(count - happened, 0.0)
    least = float(betaincinv(happened, others + 1, tail)) if happened > 0 else 0.0
    most = float(betaincinv(happened + 1, others, 1 - tail)) if others > 0 else 1.0
    return least, most
