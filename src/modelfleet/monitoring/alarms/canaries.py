"""Tasks that don't exist, watched like the others: is what is promised of alarms true?

They live on decisions of real tasks, one in four of them, with outcomes that are made up: those of
honest ones are drawn from the model's own confidence, so nothing is ever wrong and whatever rings
is a false alarm; those of broken ones are wrong in three of ten cases more. Draws follow from the
decision's id. Nothing of them is told: not in alerts, nor in metrics of tenants.
"""

import msgspec

from modelfleet.monitoring.budget import Account, most_likely_at_most
from modelfleet.monitoring.state import State

HONEST = 8
BROKEN = 8


class Canaries(msgspec.Struct, array_like=True):
    """What is remembered of them, and what they have shown.

    Attributes:
        states: of the honest ones, then of the broken ones.
        outcomes: that the honest ones had.
        promised: false alarms, the sum of the shares that the honest ones were given.
        realised: false alarms of theirs.
        since: outcomes that each broken one had since it began.
        found: how often a broken one was found; then it begins anew.
        took: outcomes that this took, in all.
    """

    states: list[bytes] = msgspec.field(
        default_factory=lambda: State.new(HONEST + BROKEN).to_bytes()
    )
    outcomes: int = 0
    promised: float = 0.0
    realised: int = 0
    since: list[int] = msgspec.field(default_factory=lambda: [0] * BROKEN)
    found: int = 0
    took: int = 0


class Check(msgspec.Struct, frozen=True):
    """Whether alarms keep what they promise, by tasks that don't exist.

    Attributes:
        outcomes: of honest canaries, by whose models' own word nothing is ever wrong.
        promised: false alarms that they were allowed.
        realised: false alarms that they raised.
        at_most: the upper 95% bound of the mean of such a count.
        broken: whether more rang than chance explains; it wants a look.
        found: how often broken canaries, wrong in three of ten cases more, were found.
        outcomes_to_find: outcomes that this took on average; None if none was found yet.
    """

    outcomes: int
    promised: float
    realised: int
    at_most: float
    broken: bool
    found: int
    outcomes_to_find: float | None


def checked(known: Canaries) -> Check:
    """What canaries have shown."""
    account = Account(known.promised, known.realised)
    return Check(
        outcomes=known.outcomes,
        promised=round(known.promised, 4),
        realised=known.realised,
        at_most=round(most_likely_at_most(known.realised), 2),
        broken=account.broken,
        found=known.found,
        outcomes_to_find=round(known.took / known.found, 1) if known.found else None,
    )
