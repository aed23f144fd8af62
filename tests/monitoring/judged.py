"""Decisions whose outcome is final, where a test cares about little of them."""

from modelfleet.monitoring.matured import Matured, Outcome


def judged(
    *slices: tuple[str, str],
    tenant: str = "acme",
    decision: str = "d",
    outcome: Outcome = "corrected",
) -> Matured:
    """A decision that people judged, of some kinds of requests."""
    is_right = outcome == "confirmed"
    return Matured(
        seq=1,
        decision=decision,
        tenant=tenant,
        task="team",
        decided=0,
        matured=0,
        label="it",
        best="it",
        confidence=0.9,
        threshold=0.5,
        version=None,
        recipe=None,
        reason=None,
        fit=None,
        outcome=outcome,
        right="it" if is_right else "hr",
        said="accepted" if is_right else "reassigned",
        helpful=None,
        audit=None,
        slices=slices,
    )
