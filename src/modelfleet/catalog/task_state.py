"""What is known of one task, and how each event changes it: pure rules."""

import msgspec

from modelfleet.clock import SECOND
from modelfleet.events import kinds
from modelfleet.events.event import Logged
from modelfleet.recipe import Policy

ALIASES = ("live", "previous", "pinned", "canary", "shadow")
"""The parts that a task's versions can have; no version has such a name."""

TRIED = ("canary", "shadow")
"""Those of versions that are tried out beside the live one."""


class TaskState(msgspec.Struct):
    """A row of the table ``tasks`` without its place in the queue; times in microseconds.

    ``found`` is why the last training ended in a publication or in none, in words. The live version
    is ``watched`` if it was published though too little was known to show that it is as good. The
    ``canary`` answers a share of the requests, the ``shadow`` none. ``audits`` has, by alert, the
    share of decisions to draw for a person to look at.
    """

    tenant: str
    task: str
    decided: int = 0
    abstained: int = 0
    answered: int = 0
    confirmed: int = 0
    corrected: int = 0
    evidence: int = 0
    evidence_trained: int = 0
    evidence_seq: int = 0
    labels_seq: int = 0
    forgotten_seq: int = 0
    watermark: int = 0
    live: str | None = None
    previous: str | None = None
    canary: str | None = None
    canary_share: float = 0.0
    shadow: str | None = None
    audits: dict[str, float] = {}
    pinned: bool = False
    watched: bool = False
    found: str | None = None
    behind_since: int | None = None
    changed: int | None = None
    failed: int | None = None
    forced: bool = False
    failures: int = 0
    set_aside: bool = False
    error: str | None = None
    due: int | None = None

    @property
    def behind(self) -> int:
        """Examples and words of people that no training has read."""
        return max(0, self.evidence - self.evidence_trained)

    @property
    def audit_share(self) -> float:
        """The share of decisions that alerts want to be drawn; 0 if none does."""
        return max(self.audits.values(), default=0.0)

    @property
    def aliases(self) -> dict[str, str]:
        """The versions that answer to a name of their part, by that name."""
        parts = {
            "live": self.live,
            "previous": self.previous,
            "pinned": self.live if self.pinned else None,
            "canary": self.canary,
            "shadow": self.shadow,
        }
        return {alias: version for alias, version in parts.items() if version is not None}


def changed(state: TaskState, event: Logged, body: kinds.Body, policy: Policy) -> None:
    """Take in an event of the task that isn't about a single decision."""
    needed = due(state, policy) is not None
    match body:
        case kinds.LabelDefined() | kinds.LabelRemoved():
            state.labels_seq = event.seq
            _evidence_came(state, event, needed=needed)
        case kinds.EvidenceForgotten():
            state.forgotten_seq = event.seq
            _evidence_came(state, event, needed=needed)
        case kinds.TrainingFailed():
            state.failures += 1
            state.error = body.error
            state.failed = event.logged
            state.set_aside = state.failures >= policy.attempts
        case kinds.TrainingRetried():
            _force(state, event)
        case kinds.VersionUnusable() if body.version == state.live:
            _force(state, event)
            state.error = f"version {body.version} can't be served: {body.error}"
        case kinds.AuditsAsked():
            state.audits = {**state.audits, body.alert: body.share}
        case kinds.AlertEnded():
            state.audits = {key: one for key, one in state.audits.items() if key != body.alert}
        case _ if body.kind in kinds.EVIDENCE:
            state.evidence += 1
            _evidence_came(state, event, needed=needed)
        case _:
            _version_changed(state, event, body)


def _version_changed(state: TaskState, event: Logged, body: kinds.Body) -> None:
    """Take in what became of a version; other kinds change nothing of what is learned."""
    match body:
        case kinds.VersionPublished():
            _trained(state, event, body)
            if not state.pinned:
                _go_live(state, body.version)
                state.watched = body.watched
        case kinds.VersionKept():
            _trained(state, event, body)
        case kinds.VersionPromoted():
            _go_live(state, body.version)
            state.watched = False
        case kinds.VersionPinned():
            _go_live(state, body.version)
            state.pinned, state.watched = True, False
        case kinds.VersionUnpinned():
            state.pinned = False
        case kinds.VersionCanaried():
            state.canary, state.canary_share = body.version, body.share if body.version else 0.0
        case kinds.VersionShadowed():
            state.shadow = body.version
    _end_trials(state)


def watermark_of(event: Logged, body: kinds.VersionPublished | kinds.VersionKept) -> int:
    """Up to where in this log a training had read.

    One that was imported tells a place in another log; one that isn't before the event itself is
    taken for all that came before.
    """
    return min(body.watermark, event.seq - 1)


def due(state: TaskState, policy: Policy) -> int | None:
    """When the task should be trained, in microseconds; None if there is no need."""
    if state.behind_since is None or state.changed is None or state.pinned or state.set_aside:
        return None
    if state.failures and state.failed is not None:
        return state.failed + round(policy.backoff * 2.0 ** (state.failures - 1) * SECOND)
    if state.forced:
        return state.behind_since
    return _due_by_news(state, policy, state.behind_since, state.changed)


def _due_by_news(state: TaskState, policy: Policy, since: int, changed: int) -> int | None:
    """When what came ``since`` some time, last at ``changed``, should be trained on."""
    enough: float = max(policy.new_examples, policy.growth * state.evidence_trained)
    if state.behind >= enough:
        settled = changed + round(policy.quiet * SECOND)
        return min(settled, since + round(policy.patience * SECOND))
    if state.live is not None and max(state.labels_seq, state.forgotten_seq) > state.watermark:
        return since + round(policy.relabelling * SECOND)
    return since + round(policy.staleness * SECOND) if state.behind else None


def _evidence_came(state: TaskState, event: Logged, *, needed: bool) -> None:
    """Take in that something is to be learned; ``needed``: a training was called for already."""
    state.evidence_seq = event.seq
    state.changed = event.logged
    if state.behind_since is None or not needed:
        state.behind_since = event.logged
    if state.set_aside:
        _forget_failures(state)


def _force(state: TaskState, event: Logged) -> None:
    """Have the task trained now."""
    state.forced = True
    _forget_failures(state)
    state.behind_since = state.changed = event.logged


def _trained(
    state: TaskState, event: Logged, body: kinds.VersionPublished | kinds.VersionKept
) -> None:
    """A training read the log up to its watermark; what came later is still to be learned."""
    _forget_failures(state)
    state.forced = False
    state.found = body.why
    state.watermark = max(state.watermark, watermark_of(event, body))
    state.evidence_trained = max(state.evidence_trained, body.evidence)
    if state.evidence_seq <= state.watermark:
        state.behind_since = None
    else:
        state.behind_since = event.logged


def _go_live(state: TaskState, version: str) -> None:
    if version != state.live:
        state.previous, state.live = state.live, version


def _end_trials(state: TaskState) -> None:
    """A version that is live isn't tried out any more."""
    if state.canary == state.live:
        state.canary, state.canary_share = None, 0.0
    if state.shadow == state.live:
        state.shadow = None


def _forget_failures(state: TaskState) -> None:
    state.failures = 0
    state.failed = None
    state.set_aside = False
    state.error = None
