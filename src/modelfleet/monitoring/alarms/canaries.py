"""Tasks that don't exist, watched like the others: is what is promised of alarms true?

They live on decisions of real tasks, one in four of them, with outcomes that are made up: those of
honest ones are drawn from the model's own confidence, so nothing is ever wrong and whatever rings
is a false alarm; those of broken ones are wrong in three of ten cases more. Draws follow from the
decision's id. Nothing of them is told: not in alerts, nor in metrics of tenants.
"""

from statistics import median_low

import msgspec

from modelfleet.monitoring.budget import Account, most_likely_at_most
from modelfleet.monitoring.state import State

HONEST = 8
BROKEN = 8
HORIZON = 200
"""Outcomes within which a broken one ought to be found; one that is found later was missed."""
LATEST = 100
"""Lives of broken ones of which it is remembered how long they took."""


class Canaries(msgspec.Struct, array_like=True):
    """What is remembered of them, and what they have shown.

    Attributes:
        states: of the honest ones, then of the broken ones.
        outcomes: that the honest ones had.
        promised: false alarms, the sum of the shares that the honest ones were given.
        realised: false alarms of theirs.
        since: outcomes that each broken one had since it began.
        found: how often a broken one was found in time; once it is found it begins anew.
        missed: how often it wasn't.
        took: of the latest lives of broken ones, outcomes until one was found; of those that were
            missed, more than the horizon.
    """

    states: list[bytes] = msgspec.field(
        default_factory=lambda: State.new(HONEST + BROKEN).to_bytes()
    )
    outcomes: int = 0
    promised: float = 0.0
    realised: int = 0
    since: list[int] = msgspec.field(default_factory=lambda: [0] * BROKEN)
    found: int = 0
    missed: int = 0
    took: list[int] = []

    def live(self, broken: int, *, rang: bool) -> None:
        """A broken one had another outcome."""
        lived = self.since[broken] + 1
        self.since[broken] = 0 if rang else lived
        if lived > HORIZON or (lived < HORIZON and not rang):
            return
        self.found += rang
        self.missed += not rang
        self.took = [*self.took, lived if rang else HORIZON + 1][-LATEST:]


class Check(msgspec.Struct, frozen=True):
    """Whether alarms keep what they promise, by tasks that don't exist.

    Attributes:
        outcomes: of honest canaries, by whose models' own word nothing is ever wrong.
        promised: false alarms that they were allowed.
        realised: false alarms that they raised.
        at_most: the upper 95% bound of the mean of such a count.
        broken: whether more rang than chance explains; it wants a look.
        found: how often broken canaries, wrong in three of ten cases more, were found in time.
        missed: the share that wasn't; None if none has lived so long yet.
        horizon: how many outcomes are in time.
        outcomes_to_find: the median that this took the latest hundred, where those that were missed
            took longer than any; None if none was found yet, or most were missed.
    """

    outcomes: int
    promised: float
    realised: int
    at_most: float
    broken: bool
    found: int
    missed: float | None
    horizon: int
    outcomes_to_find: int | None


def checked(known: Canaries) -> Check:
    """What canaries have shown."""
    account = Account(known.promised, known.realised)
    lives = known.found + known.missed
    middle = median_low(known.took) if known.took else None
    return Check(
        outcomes=known.outcomes,
        promised=round(known.promised, 4),
        realised=known.realised,
        at_most=round(most_likely_at_most(known.realised), 2),
        broken=account.broken,
        found=known.found,
        missed=round(known.missed / lives, 4) if lives else None,
        horizon=HORIZON,
        outcomes_to_find=None if middle is None or middle > HORIZON else middle,
    )
