"""What is told of an alert: one sentence that says what, from what to what, and since when."""

from collections.abc import Sequence

from modelfleet.clock import to_datetime
from modelfleet.events.findings import Cause, Inception
from modelfleet.monitoring.alarms.causes import ERRORS
from modelfleet.monitoring.streams import Stream

# What the stream counts is what is bad; of the first, people think in what is good.
_GOOD = {
    Stream.PRECISION: "Decisions of {whose} were right {now} of the time ({count} of {events})",
    Stream.COVERAGE: "{whose} decided {now} of its requests ({count} of {events})",
    Stream.RESPONSE: "People gave feedback on {now} of the decisions of {whose} "
    "({count} of {events})",
    Stream.HELPFULNESS: "People found {now} of the decisions of {whose} helpful "
    "({count} of {events})",
}
_BAD = {
    Stream.MISSES: "The right label was missing from {now} of the answers of {whose} "
    "({count} of {events})",
    Stream.OVERCONFIDENCE: "Confidences of {whose} are too high: its first candidates were wrong "
    "{now} of the time ({count} of {events})",
    Stream.UNDERCONFIDENCE: "Confidences of {whose} are too low: its first candidates were right "
    "{now} of the time ({count} of {events})",
    Stream.NEW_DOMAIN: "{now} of the requests of {whose} fit no label ({count} of {events})",
}


class Change:
    """Shares as they were to be expected and as they are, as people count them."""

    def __init__(self, stream: Stream, expected: float, observed: float, events: int) -> None:
        self.good = stream in _GOOD
        self.expected = 1 - expected if self.good else expected
        self.observed = 1 - observed if self.good else observed
        self.events = events
        self._stream = stream

    def sentence(self, whose: str, began: Inception, causes: tuple[Cause, ...]) -> str:
        """What, from what to what, over how many, since when, and with what it began."""
        pattern = (_GOOD if self.good else _BAD)[self._stream]
        now = f"{self.observed:.0%}"
        count = round(self.observed * self.events)
        what = pattern.format(whose=whose, now=now, count=count, events=self.events)
        what = what[0].upper() + what[1:] if what.startswith("the ") else what
        since = f"{to_datetime(began.time):%-d %B %H:%M} UTC"
        return f"{what} since {since}; {self.expected:.0%} were to be expected.{_briefly(causes)}"


def whose(tenant: str, task: str, recipe: str, where: str) -> str:
    """Who is meant, in words; ``where`` names a kind of request as ``field=value``."""
    name = (
        f"{tenant}/{task}" if task else f"the tasks of recipe {recipe}" if recipe else "the fleet"
    )
    if not where:
        return name
    field, _, value = where.partition("=")
    return of_kind(name, field, value)


def of_kind(what: str, field: str, value: str) -> str:
    """What is of one kind of request only, in words."""
    return f"{what} with {field.removeprefix('metadata.')} {value}"


def told(causes: Sequence[Cause]) -> str:
    """With what it began, as sentences that follow another; nothing if nothing is known."""
    return "".join(f" Then {cause.what}." for cause in causes)


def _briefly(causes: Sequence[Cause]) -> str:
    """The first cause, and what most errors have in common."""
    return told([cause for place, cause in enumerate(causes) if not place or cause.kind == ERRORS])
