"""The gate: whether a challenger may replace the champion, and why, in words.

Both answer the same requests, which neither has seen. Only those on which one is right and the
other wrong tell them apart (McNemar 1947): the challenger *won* the one kind and *lost* the other.
Three things can be found, each by an exact one-sided test, so few requests are no excuse:

- *failed*: it lost more, overall or of one label, than an equal one would have by chance. Half of
  the significance goes to the overall test, half to those of all labels together (Bonferroni: an
  equal share each; Dunn 1961), so one that is equal fails at most that often.
- *passed*: it is shown to be no more than the tolerance worse. One that is worse by the tolerance
  or more passes at most as often as the significance says (see `_is_as_good`).
- *not enough evidence*: neither. What follows is the recipe's policy (`Gate.unproven`).
"""

from collections import Counter
from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, bdtrc, betaincinv

from modelfleet.recipe import Gate

Found = Literal["passed", "failed", "not enough evidence"]


class Verdict(msgspec.Struct, frozen=True):
    """What was found, whether to publish, why in words, and the counts behind the words."""

    found: Found
    publish: bool
    why: str
    metrics: dict[str, float] = {}

    @property
    def watched(self) -> bool:
        """Whether it goes live though nothing has shown that it is as good."""
        return self.publish and self.found == "not enough evidence"


class Compared(msgspec.Struct, frozen=True, eq=False):
    """How two models did on the same m requests.

    Attributes:
        challenger: bool ``(m,)``, where it was right.
        champion: bool ``(m,)``, where the one that answers now was.
        labels: m names, the right label of each request.
        rival: what the champion is called in the reason.
    """

    challenger: NDArray[np.bool_]
    champion: NDArray[np.bool_]
    labels: Sequence[str]
    rival: str = "the live version"

    @property
    def won(self) -> NDArray[np.bool_]:
        """Where only the challenger was right."""
        return self.challenger & ~self.champion

    @property
    def lost(self) -> NDArray[np.bool_]:
        """Where only the champion was right."""
        return self.champion & ~self.challenger

    def metrics(self) -> dict[str, float]:
        """How many requests were compared, and how both did."""
        if not len(self.labels):
            return {"compared": 0.0}
        return {
            "compared": float(len(self.labels)),
            "compared_accuracy": float(self.challenger.mean()),
            "champion_accuracy": float(self.champion.mean()),
            "won": float(self.won.sum()),
            "lost": float(self.lost.sum()),
        }

    def words(self) -> str:
        """The same in words."""
        if not len(self.labels):
            return f"no requests that {self.rival} hasn't seen"
        return (
            f"of {len(self.labels)} new requests, {self.challenger.mean():.1%} right against "
            f"{self.champion.mean():.1%} by {self.rival}; "
            f"{self.won.sum()} won, {self.lost.sum()} lost"
        )


def judge(compared: Compared, gate: Gate, *, routine: bool) -> Verdict:
    """Whether the challenger may replace the champion.

    Args:
        compared: how both did.
        gate: how sure it must be, and what follows if it can't be.
        routine: the challenger is made as the champion was, only with newer evidence.
    """
    metrics, seen = compared.metrics(), compared.words()
    share = gate.significance / 2
    won, lost = int(compared.won.sum()), int(compared.lost.sum())
    if _is_worse(won, lost, share):
        why = f"worse than {compared.rival}: {seen}"
        return Verdict("failed", publish=False, why=why, metrics=metrics)
    fallen = _fallen(compared, gate, share)
    if fallen:
        why = f"worse than {compared.rival} for {fallen}; {seen}"
        return Verdict("failed", publish=False, why=why, metrics=metrics)
    if _is_as_good(won, lost, len(compared.labels), gate):
        return Verdict("passed", publish=True, why=seen, metrics=metrics)
    publish = gate.unproven == "anything" or (gate.unproven == "refits" and routine)
    made = "a routine refit" if routine else "a changed recipe"
    what = "goes live watched" if publish else "needs more evidence"
    why = f"{made} {what}, not shown to be as good within {gate.tolerance:.0%}: {seen}"
    return Verdict("not enough evidence", publish=publish, why=why, metrics=metrics)


def _is_worse(won: int, lost: int, significance: float) -> bool:
    """Whether chance alone would rarely let an equal one lose so many of the disagreements."""
    return lost > won and bool(bdtr(won, won + lost, 0.5) <= significance)


def _fallen(compared: Compared, gate: Gate, significance: float) -> str:
    """The labels whose requests it gets right less often, beyond tolerance; in words."""
    names = np.array(compared.labels, object)
    counts = Counter(compared.labels)
    fallen = []
    for label in sorted(counts):
        own = names == label
        won, lost = int(compared.won[own].sum()), int(compared.lost[own].sum())
        beyond = lost - won > gate.label_tolerance * counts[label]
        if beyond and _is_worse(won, lost, significance / len(counts)):
            right, before = compared.challenger[own].sum(), compared.champion[own].sum()
            fallen.append(f"'{label}' ({right} of {counts[label]} right against {before})")
    return ", ".join(fallen)


def _is_as_good(won: int, lost: int, count: int, gate: Gate) -> bool:
    """Whether it is shown to be less than the tolerance worse than the champion.

    Were it worse by the tolerance or more, it would win at most the share
    ``(1 - tolerance / d) / 2`` of the disagreements, d being how often both disagree. So many wins
    would then be a surprise (exact binomial test), whatever d is up to its upper confidence bound
    (Clopper & Pearson 1934). Each of the two steps errs at a quarter of the significance: the rest
    is for further attempts, when there is more evidence.
    """
    disagreed = won + lost
    if not count:
        return False
    share = gate.significance / 4
    agreed = count - disagreed
    most = float(betaincinv(disagreed + 1, agreed, 1 - share)) if agreed else 1.0
    if most <= gate.tolerance:
        return True  # they disagree too rarely to differ by so much
    winning = (1 - gate.tolerance / most) / 2
    return won > 0 and bool(bdtrc(won - 1, disagreed, winning) <= share)
