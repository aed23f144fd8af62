"""The kinds of events about versions: how they came to be, and which one answers."""

from modelfleet.events.body import Body


class VersionPublished(Body, frozen=True):
    """A trained version became the live one; ``why`` says what the gate saw.

    ``watched`` if there wasn't enough evidence to show that it is as good as the one before.
    ``reliability`` counts held-out requests and right ones by twentieths of confidence.
    ``recipe_digest`` tells one recipe from another of the same name.
    """

    kind = "version.published"
    version: str
    watermark: int
    evidence: int
    recipe: str
    examples: int
    labels: int
    fingerprint: str
    training_digest: str
    why: str
    metrics: dict[str, float] = {}
    watched: bool = False
    reliability: tuple[tuple[int, int], ...] = ()
    recipe_digest: str = ""


class VersionKept(Body, frozen=True):
    """A training ended without a publication; ``why`` says what the gate saw."""

    kind = "version.kept"
    watermark: int
    evidence: int
    recipe: str
    why: str
    metrics: dict[str, float] = {}


class VersionUnusable(Body, frozen=True):
    """A server found that a version's file isn't in the store any more, or is damaged."""

    kind = "version.unusable"
    version: str
    error: str


class TrainingFailed(Body, frozen=True):
    """A training ended in an error."""

    kind = "training.failed"
    watermark: int
    error: str


class TrainingRetried(Body, frozen=True):
    """An operator wants a task trained now, whatever is known of it."""

    kind = "training.retried"
    by: str | None = None


class VersionPromoted(Body, frozen=True):
    """An operator made a version the live one; training goes on and may replace it."""

    kind = "version.promoted"
    version: str
    by: str | None = None
    why: str = ""


class VersionPinned(Body, frozen=True):
    """An operator fixed a version as the live one until it is unpinned."""

    kind = "version.pinned"
    version: str
    by: str | None = None


class VersionUnpinned(Body, frozen=True):
    """An operator gave the task back to automatic publication."""

    kind = "version.unpinned"
    by: str | None = None


class VersionCanaried(Body, frozen=True):
    """An operator gave a share of a task's requests to a version; without one, none any more."""

    kind = "version.canaried"
    version: str | None
    share: float = 0.0
    by: str | None = None


class VersionShadowed(Body, frozen=True):
    """An operator has a version score all requests without answering; without one, none does."""

    kind = "version.shadowed"
    version: str | None
    by: str | None = None
