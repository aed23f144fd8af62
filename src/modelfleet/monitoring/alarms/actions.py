"""What is done about an alert by itself, before a person is told.

Each stream has what may help, in the order in which it is tried. Rolling back comes first where the
fall began with a publication and there is a version before it.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Literal

import msgspec

from modelfleet.events import kinds
from modelfleet.monitoring.streams import Stream

What = Literal["roll_back", "recalibrate", "retrain", "raise_threshold", "ask_audits", "tell"]
BY = "monitoring"
"""Whose orders they are, in the log."""
AUDITED = 0.2
"""The share of decisions that people are asked to look at, where too little is known."""

MAY_HELP: Mapping[Stream, tuple[What, ...]] = {
    Stream.PRECISION: ("roll_back", "raise_threshold", "retrain"),
    Stream.MISSES: ("roll_back", "retrain"),
    Stream.OVERCONFIDENCE: ("roll_back", "recalibrate", "raise_threshold"),
    Stream.UNDERCONFIDENCE: ("recalibrate",),
    Stream.COVERAGE: ("roll_back", "retrain"),
    Stream.NEW_DOMAIN: ("ask_audits",),
    Stream.RESPONSE: (),
    Stream.HELPFULNESS: ("roll_back",),
}


class Situation(msgspec.Struct, frozen=True):
    """What decides what can be done.

    Attributes:
        alert: its name.
        stream: what it is about.
        tried: what was done already.
        before: the version to roll back to: the one before that with which it began; None if it
            didn't begin with a publication, or the version isn't live any more.
        began: the version with which it began.
        precision: what is asked of the task's decisions now.
        confident: whether being stricter would have kept the promise since then.
        low_trust: whether feedback is too scarce to act on.
    """

    alert: str
    stream: Stream
    tried: Collection[str]
    before: str | None = None
    began: str | None = None
    precision: float = 0.9
    confident: bool = False
    low_trust: bool = False


class Order(msgspec.Struct, frozen=True):
    """An action: what, why, and the event that carries it out; None where a person is told."""

    what: What
    why: str
    body: kinds.Body | None = None


def action_name(alert: str, what: What) -> str:
    """An action's name: that of its alert, and what is done. The event that does it has it too."""
    return f"{alert}.{what}"


def in_words(what: str) -> str:
    """What is done, as it is said."""
    return "ask for audits" if what == "ask_audits" else what.replace("_", " ")


def next_order(situation: Situation, allowed: Collection[str]) -> Order:
    """What to do next; when nothing is left, a person is told."""
    if situation.low_trust:
        possible: tuple[What, ...] = ("ask_audits",)
    else:
        possible = MAY_HELP[situation.stream]
    for what in possible:
        if what in allowed and what not in situation.tried:
            order = _ORDERS[what](situation)
            if order is not None:
                return order
    return Order("tell", _why_tell(situation, allowed))


def _roll_back(now: Situation) -> Order | None:
    if now.before is None:
        return None
    why = f"it began with the publication of {now.began}"
    return Order("roll_back", why, kinds.VersionPromoted(now.before, BY))


def _recalibrate(_now: Situation) -> Order:
    why = "confidences don't tell the truth any more: trained again, with a new temperature"
    return Order("recalibrate", why, kinds.TrainingRetried(BY))


def _retrain(_now: Situation) -> Order:
    why = "to learn what people have said since"
    return Order("retrain", why, kinds.TrainingRetried(BY))


def _raise_threshold(now: Situation) -> Order | None:
    if not now.confident:
        return None
    stricter = round(1 - (1 - now.precision) / 2, 4)
    why = f"surer decisions are still right: {stricter:.1%} are asked for, not {now.precision:.1%}"
    return Order("raise_threshold", why, kinds.TargetSet(stricter, None, BY, why))


def _ask_audits(now: Situation) -> Order:
    why = f"too little is known: people are to look at {AUDITED:.0%} of decisions, drawn at random"
    return Order("ask_audits", why, kinds.AuditsAsked(now.alert, AUDITED, BY))


def _why_tell(now: Situation, allowed: Collection[str]) -> str:
    if now.tried:
        return "what was done didn't help"
    if not allowed:
        return "nothing may be done without a person"
    return "there is nothing that could be done without a person"


_ORDERS: Mapping[What, Callable[[Situation], Order | None]] = {
    "roll_back": _roll_back,
    "recalibrate": _recalibrate,
    "retrain": _retrain,
    "raise_threshold": _raise_threshold,
    "ask_audits": _ask_audits,
}
