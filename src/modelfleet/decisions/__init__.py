"""A request becomes a decision, and what people say about it becomes evidence.

*In*: requests, feedback, examples, labels. *Out*: decisions and receipts, each durable in the log
before it is answered. *Keeps*: nothing. *Ignores*: how models come to be, and who is asking.
Imports `serving`, `catalog`, `text` and `events`.
"""

from modelfleet.decisions.decision import (
    Decision,
    Example,
    Feedback,
    LabelTexts,
    Receipt,
    Request,
    Verdict,
)
from modelfleet.decisions.desk import Desk

__all__ = [
    "Decision",
    "Desk",
    "Example",
    "Feedback",
    "LabelTexts",
    "Receipt",
    "Request",
    "Verdict",
]
