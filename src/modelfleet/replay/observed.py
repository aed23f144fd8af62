"""What the platform answered to one request of the past, beside what a person said in the end."""

import msgspec

from modelfleet.decisions import Decision
from modelfleet.replay.ticket import Ticket

BEST = 3
"""Labels that count as offered: a person picks one of these at a glance."""


class Observed(msgspec.Struct, frozen=True):
    """One request, decided before its label was known.

    ``truth`` is the label that a person gave (None: none fits); ``decided`` the platform's, None
    if it abstained; ``best`` its most probable labels, abstained or not; ``baseline`` the label
    that people had given most often in this tenant until then. Labels are as the file has them.
    """

    tenant: str
    nth: int
    time: int
    truth: str | None
    decided: str | None
    best: tuple[str, ...]
    baseline: str | None

    @property
    def right(self) -> bool:
        """Whether its best label was the one that the person gave."""
        return self.truth is not None and self.best[:1] == (self.truth,)

    @property
    def baseline_right(self) -> bool:
        """Whether the most frequent label so far was the one that the person gave."""
        return self.truth is not None and self.baseline == self.truth


def observe(
    ticket: Ticket, nth: int, decision: Decision, baseline: str | None, originals: dict[str, str]
) -> Observed:
    """Put a decision beside the truth; ``originals`` gives the file's label for a safe name."""
    return Observed(
        tenant=ticket.tenant,
        nth=nth,
        time=ticket.time,
        truth=ticket.label,
        decided=None if decision.label is None else originals[decision.label],
        best=tuple(originals[one.label] for one in decision.candidates[:BEST]),
        baseline=baseline,
    )
