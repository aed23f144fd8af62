"""What somebody's word about a request teaches: the receipt says it."""

from modelfleet.decisions.decision import Lesson, Receipt, Taught
from modelfleet.events import Logged, kinds


def lesson_of(receipt: Receipt, said: kinds.Body | None, about: Logged) -> Lesson:
    """The receipt for a word, with the example that it makes.

    Args:
        receipt: of the word.
        said: the word.
        about: the event that holds the request: a decision, or the example itself.
    """
    example = None if "forgotten" in about.fields else _taught(said, about)
    return Lesson(
        receipt.id, receipt.seq, receipt.duplicate, known=example is not None, example=example
    )


def _taught(said: kinds.Body | None, about: Logged) -> Taught | None:
    match said:
        case kinds.ExampleGiven():
            return Taught(f"example:{about.id if said.key is None else said.key}", said.label)
        case kinds.DecisionAccepted():
            return Taught(f"decision:{about.id}", about.fields.get("label"))
        case kinds.DecisionReassigned():
            return Taught(f"decision:{about.id}", said.label)
        case kinds.DecisionRefused() | kinds.DecisionIrrelevant():
            return Taught(f"decision:{about.id}", None)
    return None
