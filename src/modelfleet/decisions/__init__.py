"""A request becomes a decision, and what people say about it becomes evidence.

*In*: requests, feedback, examples, labels. *Out*: decisions and receipts, each durable in the log
before it is answered. *Keeps*: nothing. *Ignores*: how models come to be, and who is asking.
Imports `serving`, `catalog`, `text` and `events`.
"""

from modelfleet.decisions.aims import Aim, Aims, Preview
from modelfleet.decisions.auditing import Awaited, Awaiting, Record, awaited, record
from modelfleet.decisions.by_recipe import ByRecipe, Moved
from modelfleet.decisions.deciding import Decider
from modelfleet.decisions.decision import (
    Asked,
    Decision,
    Example,
    Feedback,
    LabelTexts,
    Lesson,
    Prediction,
    Receipt,
    Request,
    Taught,
    Verdict,
)
from modelfleet.decisions.desk import Desk
from modelfleet.decisions.forgetting import Forget, Forgetting, Forgotten, Order
from modelfleet.decisions.pinning import PinBoard
from modelfleet.decisions.reasons import Explainer, Reasons
from modelfleet.decisions.scoring import Scorer
from modelfleet.decisions.steering import Steering, Swapped

__all__ = [
    "Aim",
    "Aims",
    "Asked",
    "Awaited",
    "Awaiting",
    "ByRecipe",
    "Decider",
    "Decision",
    "Desk",
    "Example",
    "Explainer",
    "Feedback",
    "Forget",
    "Forgetting",
    "Forgotten",
    "LabelTexts",
    "Lesson",
    "Moved",
    "Order",
    "PinBoard",
    "Prediction",
    "Preview",
    "Reasons",
    "Receipt",
    "Record",
    "Request",
    "Scorer",
    "Steering",
    "Swapped",
    "Taught",
    "Verdict",
    "awaited",
    "record",
]
