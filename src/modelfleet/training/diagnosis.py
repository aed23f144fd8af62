"""What can be wrong with a task's examples and labels, as the doctor finds it."""

import msgspec


class Shown(msgspec.Struct, frozen=True):
    """An example; ``key`` is ``decision:`` and a decision's id, or ``example:`` and its own key."""

    key: str
    text: str
    label: str


class Doubtful(msgspec.Struct, frozen=True):
    """An example whose label is probably wrong, and the label that is likely.

    The probabilities are by a model that hadn't seen it.
    """

    example: Shown
    likely: str
    probability: float
    given_probability: float


class Overlap(msgspec.Struct, frozen=True):
    """Two labels that models mix up: ``confused`` of their ``examples`` go to the other one.

    ``shown`` are the clearest of these, with the label that people gave.
    """

    first: str
    second: str
    confused: int
    examples: int
    shown: tuple[Shown, ...]

    @property
    def share(self) -> float:
        """Which part of both labels' examples goes to the other one."""
        return self.confused / self.examples


class Scarce(msgspec.Struct, frozen=True):
    """A label with too few examples, and when it has enough at the pace of its last 90 days.

    ``enough_by`` is in microseconds; None if it got no example in that time.
    """

    label: str
    examples: int
    missing: int
    enough_by: int | None


class Contradiction(msgspec.Struct, frozen=True):
    """Requests of the same words to which people gave different labels; ``shown`` are some."""

    labels: dict[str, int]
    shown: tuple[Shown, ...]


class Unpredicted(msgspec.Struct, frozen=True):
    """A label with examples, none of which models give it."""

    label: str
    examples: int


class Diagnosis(msgspec.Struct, frozen=True):
    """How healthy a task's labels are; each list begins with the worst.

    Attributes:
        examples: how many were looked at, the newest.
        accuracy: share of them that models, which hadn't seen them, decide as people did.
        doubtful: examples whose label is probably wrong.
        overlaps: labels that are mixed up.
        scarce: labels with too few examples.
        contradictions: the same words under different labels.
        unpredicted: labels that are never predicted.
        resting: how many examples rest because their label is gone, by that label.
    """

    examples: int
    accuracy: float | None
    doubtful: tuple[Doubtful, ...] = ()
    overlaps: tuple[Overlap, ...] = ()
    scarce: tuple[Scarce, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    unpredicted: tuple[Unpredicted, ...] = ()
    resting: dict[str, int] = {}
