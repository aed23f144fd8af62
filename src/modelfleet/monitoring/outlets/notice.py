"""What is told of an alert, in the labels and annotations that Alertmanager made common."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import takewhile

import msgspec

from modelfleet.clock import to_datetime
from modelfleet.events import Logged, kinds, new_id
from modelfleet.monitoring.severity import Severity, severity_of

_GROUPED_BY = ("alertname", "recipe")


class Notice(msgspec.Struct, frozen=True):
    """News of an alert: it was raised, or it ended, and ``why``.

    ``id`` and ``seq`` are those of the event that brings the news, ``logged`` is when it came;
    ``raised`` and ``raised_by`` are when and by which event the alert was, as it is told now. Times
    in microseconds.
    """

    seq: int
    id: str
    logged: int
    tenant: str
    task: str
    raised: int
    raised_by: int
    alert: kinds.AlertRaised
    ended: bool = False
    why: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Which alert it is about."""
        return self.tenant, self.alert.alert

    @property
    def whose(self) -> str:
        """What the alert is about, in a word or two."""
        if self.task:
            return f"{self.tenant}/{self.task}"
        return f"recipe {self.alert.recipe}" if self.alert.scope == "recipe" else "the fleet"

    @property
    def severity(self) -> Severity:
        """How urgent it is."""
        return severity_of(self.alert.scope, low_trust=self.alert.low_trust)


def raised(event: Logged, alert: kinds.AlertRaised) -> Notice:
    """The notice that an alert was raised."""
    place = (event.seq, event.id, event.logged, event.tenant, event.task)
    return Notice(*place, raised=event.logged, raised_by=event.seq, alert=alert)


def ended(event: Logged, why: str, before: Notice) -> Notice:
    """The notice that an alert is over of which ``before`` was told."""
    return msgspec.structs.replace(
        before, seq=event.seq, id=event.id, logged=event.logged, ended=True, why=why
    )


def trial(now: int) -> Notice:
    """A notice by which an operator sees that people would be told."""
    sentence = "This is a trial: people would be told of alerts here."
    alert = kinds.AlertRaised(
        alert=new_id(), finding="trial", sentence=sentence, scope="fleet", low_trust=True
    )
    return Notice(0, new_id(), now, kinds.PLATFORM_TENANT, "", now, 0, alert)


def labels(notice: Notice) -> dict[str, str]:
    """What tells alerts apart, and what they are routed, grouped and silenced by.

    Alertmanager takes alerts with the same labels for one. So whose it is must be among them, or
    one tenant's end would end another's; what may change while it is open must not. These aren't
    series: they cost nothing once the alert is over.
    """
    alert = notice.alert
    named = {
        "alertname": f"Modelfleet{_camel(alert.finding)}",
        "finding": alert.finding,
        "scope": alert.scope,
        "severity": notice.severity,
        "recipe": alert.recipe or "",
        "tenant": notice.tenant,
        "task": notice.task,
        "slice": alert.slice,
    }
    return {name: value for name, value in named.items() if value}


def annotations(notice: Notice) -> dict[str, str]:
    """What people read."""
    alert = notice.alert
    told = {
        "summary": alert.sentence,
        "description": "\n".join(details(notice)),
        "alert": alert.alert,
        "version": alert.version or "",
        "expected": _share(alert.expected),
        "observed": _share(alert.observed),
        "since": _moment(began(notice)),
        "ended_because": notice.why,
    }
    return {name: value for name, value in told.items() if value}


def details(notice: Notice) -> list[str]:
    """What else one should know, a line each."""
    alert = notice.alert
    lines = [f"It is over: {notice.why}"] if notice.ended else []
    if alert.expected is not None and alert.observed is not None:
        over = f" of {alert.events:,} outcomes" if alert.events else ""
        lines.append(f"Observed {alert.observed:.1%}{over}, expected {alert.expected:.1%}.")
    if (inception := alert.inception) is not None:
        earliest, latest = _moment(inception.earliest), _moment(inception.latest)
        lines.append(f"Began about {_moment(inception.time)} (90%: {earliest} to {latest}).")
    lines += [f"About then: {cause.what}" for cause in alert.causes]
    if alert.low_trust and alert.events:
        lines.append("Feedback is scarce, so this may be chance.")
    if notice.task:
        lines.append(f"See: modelfleet report {notice.whose} --html report.html")
    return lines


def began(notice: Notice) -> int:
    """When what the alert is about most likely began."""
    inception = notice.alert.inception
    return notice.raised if inception is None else inception.time


def group_of(notice: Notice) -> dict[str, str]:
    """The labels that notices are told together by: one broken thing has one name and recipe."""
    told = labels(notice)
    return {name: told.get(name, "") for name in _GROUPED_BY}


def first_group(notices: Sequence[Notice], most: int) -> list[Notice]:
    """The first notices that can be told together: of one group, each of another alert."""
    known: set[tuple[str, str]] = set()

    def fits(notice: Notice) -> bool:
        fit = notice.key not in known and group_of(notice) == group_of(notices[0])
        known.add(notice.key)
        return fit

    return list(takewhile(fits, notices[:most]))


def common(mappings: Iterable[dict[str, str]]) -> dict[str, str]:
    """What all mappings agree on."""
    first, *others = mappings
    return {
        name: value
        for name, value in first.items()
        if all(other.get(name) == value for other in others)
    }


def rfc3339(time: int) -> str:
    """A moment as JSON has it."""
    return _zoned(to_datetime(time).isoformat())


def _moment(time: int) -> str:
    moment: datetime = to_datetime(time)
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _zoned(text: str) -> str:
    return text.replace("+00:00", "Z")


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


def _camel(words: str) -> str:
    return "".join(word.capitalize() for word in words.replace("-", "_").split("_"))
