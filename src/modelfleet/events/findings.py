"""The kinds of events that monitoring writes: what it found, and what it did about it."""

import msgspec

from modelfleet.events.body import Body


class Inception(msgspec.Struct, frozen=True):
    """When a change began: the most likely event, and the times between which it did (90%).

    Times are microseconds.
    """

    event: str
    seq: int
    time: int
    earliest: int
    latest: int


class Cause(msgspec.Struct, frozen=True):
    """What else happened when a change began: an event, and in words what it was."""

    event: str
    kind: str
    what: str


class AlertSaid(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of an alert: something got worse, and it wasn't chance.

    ``sentence`` says what, since when, and why.

    All alerts of one episode have the same ``alert``. ``finding`` is what was watched (precision,
    misses, coverage, …), ``scope`` whose it is: a ``task``'s, or of the whole fleet a ``recipe``'s
    or the ``fleet``'s. ``slice`` names the kind of request, as ``field=value``, two of them with a
    comma between; empty: all of them. ``evidence`` is the e-value that passed ``bar``; ``expected``
    and ``observed`` are shares of ``events`` since the inception. An alert that is ``muted_by``
    another tells nobody, nor does one that is ``quiet``, as something is done about it: if that
    doesn't help, it is raised again, loud, as the same ``alert``.
    """

    alert: str
    finding: str
    sentence: str
    scope: str = "task"
    slice: str = ""
    recipe: str | None = None
    version: str | None = None
    expected: float | None = None
    observed: float | None = None
    events: int = 0
    evidence: float = 0.0
    bar: float = 0.0
    causes: tuple[Cause, ...] = ()
    low_trust: bool = False
    muted_by: str | None = None
    quiet: bool = False


class AlertRaised(AlertSaid, Body, frozen=True, kw_only=True, omit_defaults=True):
    """Something got worse; see `AlertSaid`."""

    kind = "alert.raised"
    inception: Inception | None = None


class AlertEnded(Body, frozen=True):
    """What an alert was about is over, or a person said so; ``why`` says which."""

    kind = "alert.ended"
    alert: str
    why: str
    by: str | None = None


class ActionTaken(Body, frozen=True):
    """Something was done about an alert by itself, and why.

    ``what`` is one of recalibrate, raise_threshold, retrain, roll_back, ask_audits, tell.
    ``before`` is the share that was observed when it was done.
    """

    kind = "action.taken"
    action: str
    alert: str
    what: str
    why: str
    before: float | None = None


class AuditsAsked(Body, frozen=True):
    """More decisions of a task than usual are drawn for a person to look at: this share of them.

    It holds until its ``alert`` has ended, whoever ended it.
    """

    kind = "audits.asked"
    alert: str
    share: float
    by: str | None = None


class ActionMeasured(Body, frozen=True):
    """What became of an action: the share observed since, over so many events."""

    kind = "action.measured"
    action: str
    alert: str
    helped: bool
    why: str
    after: float | None = None
    events: int = 0
