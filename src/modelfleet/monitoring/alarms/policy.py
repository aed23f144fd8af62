"""What an operator allows and asks for."""

import msgspec

from modelfleet.monitoring.streams import Tolerance
from modelfleet.recipe import Recipe
from modelfleet.settings import ACTIONS


class Policy(msgspec.Struct, frozen=True):
    """How alarms are raised, and what may be done about them.

    Attributes:
        recipe: what models are made by: the precision that it wants.
        false_alerts: that the whole fleet may raise in a week.
        tolerance: what is still no fault.
        actions: what may be done before a person is told.
        weekly_drop: the usual rule: below the week before by this share; 0: not asked.
    """

    recipe: Recipe
    false_alerts: float = 1.0
    tolerance: Tolerance = Tolerance()
    actions: tuple[str, ...] = ACTIONS
    weekly_drop: float = 0.0
