"""The gate: whether a challenger may replace the live version, and why, in words."""

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr

from modelfleet.recipe import Gate


class Verdict(msgspec.Struct, frozen=True):
    """Whether to publish, and what was seen."""

    publish: bool
    why: str


def judge(
    challenger: NDArray[np.bool_],
    champion: NDArray[np.bool_],
    gate: Gate,
    *,
    rival: str = "the live version",
    same_recipe: bool,
) -> Verdict:
    """Compare two models on the same requests, which neither has seen.

    Only requests on which one is right and the other wrong tell them apart; an exact one-sided
    sign test (McNemar 1947) says whether the challenger lost more of them than chance would have.

    Args:
        challenger: bool ``(m,)``, where it was right.
        champion: bool ``(m,)``, where the one that answers now was.
        gate: how much is asked for.
        rival: what the champion is called in the reason.
        same_recipe: a routine refit may go live on too little evidence, a new recipe may not.
    """
    count = len(challenger)
    if count < gate.evidence:
        seen = f"only {count} requests that {rival} hasn't seen"
        if same_recipe:
            return Verdict(publish=True, why=f"a routine refit; {seen}")
        return Verdict(publish=False, why=f"a changed recipe needs more evidence; {seen}")
    won = int((challenger & ~champion).sum())
    lost = int((champion & ~challenger).sum())
    seen = (
        f"of {count} new requests, {challenger.mean():.1%} right against {champion.mean():.1%} "
        f"by {rival}; {won} won, {lost} lost"
    )
    if lost > won and bdtr(won, won + lost, 0.5) <= gate.significance:
        return Verdict(publish=False, why=f"worse than {rival}: {seen}")
    return Verdict(publish=True, why=seen)
