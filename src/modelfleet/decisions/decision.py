"""What the platform answers: decisions, and receipts for feedback."""

from typing import Any, Literal, get_args

import msgspec

from modelfleet.events import Logged, body_of, kinds
from modelfleet.events.kinds import Candidate

Verdict = Literal["accepted", "reassigned", "no_label_fits", "irrelevant", "helpful", "unhelpful"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
"""What somebody can say about a decision."""


class Request(msgspec.Struct, frozen=True):
    """What is to be decided: a text and flat metadata. ``id`` makes sending it again harmless."""

    text: str
    metadata: dict[str, Any] = {}
    id: str | None = None
    time: int | None = None


class Asked(msgspec.Struct, frozen=True):
    """A request and the task that is to decide it."""

    tenant: str
    task: str
    request: Request


class Prediction(msgspec.Struct, frozen=True, kw_only=True):
    """What is thought of a request, before anybody took it down.

    ``label`` is None when it abstains, and ``reason`` says why: no candidate's probability reaches
    ``threshold``, no label seems to fit, or there is none. ``fit`` is how well the best label fits,
    in standard deviations above the least that is accepted; None where that isn't known.
    ``version`` is None while the task answers from its labels' texts and corrections alone.
    """

    label: str | None
    candidates: tuple[Candidate, ...]
    threshold: float
    version: str | None
    reason: str | None = None
    fit: float | None = None

    @property
    def confidence(self) -> float:
        """The probability of the best candidate, 0 without any."""
        return self.candidates[0].probability if self.candidates else 0.0

    def cut(self, most: int) -> "Prediction":
        """The same with no more than ``most`` candidates."""
        if len(self.candidates) <= most:
            return self
        return msgspec.structs.replace(self, candidates=self.candidates[:most])


class Decision(Prediction, frozen=True, kw_only=True):
    """The answer to a request, which is in the log; feedback refers to its ``id``."""

    id: str
    time: int


class Feedback(msgspec.Struct, frozen=True):
    """Somebody's word about a decision. ``label`` goes with ``reassigned`` only."""

    verdict: Verdict
    label: str | None = None
    by: str | None = None
    id: str | None = None
    time: int | None = None


class Example(msgspec.Struct, frozen=True):
    """A request and its label, without a decision.

    ``label`` is None if no label fits. A later example with the same ``key`` replaces this one.
    """

    text: str
    label: str | None
    metadata: dict[str, Any] = {}
    key: str | None = None
    by: str | None = None
    id: str | None = None
    time: int | None = None


class LabelTexts(msgspec.Struct, frozen=True):
    """What describes a label; each part may be empty."""

    name: str = ""
    description: str = ""
    keywords: tuple[str, ...] = ()


class Receipt(msgspec.Struct, frozen=True):
    """The platform's word that something is in the log for good, at ``seq``.

    ``duplicate`` is true if it had been there before.
    """

    id: str
    seq: int
    duplicate: bool


class Taught(msgspec.Struct, frozen=True):
    """An example that somebody's word made, or made anew; no label if none fits.

    ``key`` names it, in reasons and to forget it: ``decision:`` and the decision's id, or
    ``example:`` and the example's own key.
    """

    key: str
    label: str | None


class Lesson(Receipt, frozen=True):
    """The receipt for somebody's word: what it does.

    Attributes:
        known: whether it teaches; if so, every decision that is made from now on knows it.
        example: what it taught.
        due: when the training is due (microseconds) whose version will contain it; None if none is
            due, because the live version is pinned, trainings failed, or one has read it already.
    """

    known: bool = False
    example: Taught | None = None
    due: int | None = None


def decision_of(event: Logged) -> Decision:
    """The decision that an event of the log records."""
    body = body_of(event)
    if not isinstance(body, kinds.RequestDecided):
        raise TypeError(f"{event.id} is a {event.kind}, not a decision")
    return Decision(
        id=event.id,
        label=body.label,
        candidates=body.candidates,
        threshold=body.threshold,
        version=body.version,
        time=event.time,
        reason=body.reason,
        fit=body.fit,
    )
