"""How urgent an alert is, in the words that Alertmanager's users route by."""

from typing import Literal

Severity = Literal["critical", "warning", "info"]


def severity_of(scope: str, *, low_trust: bool) -> Severity:
    """What concerns a recipe or the fleet goes before one task's; what may be chance comes last."""
    if low_trust:
        return "info"
    return "warning" if scope == "task" else "critical"
