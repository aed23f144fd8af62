"""The counts of one run: the platform's own decisions held against the world's truth."""

from collections import deque
from collections.abc import Iterable, Sequence

import msgspec
import numpy as np

from modelfleet.decisions import Decision
from modelfleet.demo.people import Visit

_RATE_SECONDS = 5.0


class Counts(msgspec.Struct):
    """What became of the requests of one tenant on one day, or of several together.

    ``decided`` are those answered with a team, ``right`` those answered with the right one;
    ``guessed`` those whose best candidate was right, whether sure enough to decide or not. The
    ``new_`` ones leave out requests that had been used before.
    """

    requests: int = 0
    decided: int = 0
    right: int = 0
    guessed: int = 0
    new_requests: int = 0
    new_decided: int = 0
    new_right: int = 0
    corrected: int = 0
    mistaken: int = 0
    accepted: int = 0

    @property
    def coverage(self) -> float | None:
        """Share of requests that got a team; None without requests."""
        return self.decided / self.requests if self.requests else None

    @property
    def precision(self) -> float | None:
        """Share of decided requests that got the right team; None if none was decided."""
        return self.right / self.decided if self.decided else None

    @property
    def best_guess(self) -> float | None:
        """Share of requests whose best candidate was right; None without requests."""
        return self.guessed / self.requests if self.requests else None

    @property
    def repeated(self) -> int:
        """Requests that had been used before."""
        return self.requests - self.new_requests

    @property
    def new_coverage(self) -> float | None:
        """Coverage among requests that hadn't been used before."""
        return self.new_decided / self.new_requests if self.new_requests else None

    @property
    def new_precision(self) -> float | None:
        """Precision among requests that hadn't been used before."""
        return self.new_right / self.new_decided if self.new_decided else None

    def took(self, visit: Visit, decision: Decision, truth: str) -> None:
        """Count a decision."""
        is_decided, is_right = decision.label is not None, decision.label == truth
        self.requests += 1
        self.decided += is_decided
        self.right += is_right
        self.guessed += bool(decision.candidates) and decision.candidates[0].label == truth
        if not visit.again:
            self.new_requests += 1
            self.new_decided += is_decided
            self.new_right += is_right


def together(counts: Iterable[Counts]) -> Counts:
    """The sums."""
    rows = [msgspec.structs.astuple(one) for one in counts]
    return Counts(*(sum(column) for column in zip(*rows, strict=True)))


class Tally:
    """Counts by tenant and day, and models by tenant."""

    def __init__(self, tenants: Sequence[str], days: int) -> None:
        self.days = days
        self.published = dict.fromkeys(tenants, 0)
        self.kept = dict.fromkeys(tenants, 0)
        self.failed = dict.fromkeys(tenants, 0)
        self._counts = {tenant: [Counts() for _ in range(days)] for tenant in tenants}

    def day(self, tenant: str, day: int) -> Counts:
        """The counts of a tenant on a day, to be added to."""
        return self._counts[tenant][day - 1]

    def of(self, tenants: Iterable[str], first: int = 1, last: int | None = None) -> Counts:
        """The sums of some tenants from a day to another, both included."""
        return together(one for tenant in tenants for one in self._counts[tenant][first - 1 : last])

    @property
    def tenants(self) -> list[str]:
        """All tenants."""
        return list(self._counts)

    @property
    def trained(self) -> int:
        """Models trained, for all tenants: those that went live and those the gate kept back."""
        return sum(self.published.values()) + sum(self.kept.values())


class Times(msgspec.Struct):
    """How long things took in reality, in seconds.

    ``freshness`` is from the acknowledged correction to the answer that knows it, ``first_asked``
    counts the corrections that the very first question afterwards knew, and ``unseen`` those that
    no question within the time allowed did.
    """

    decide: list[float] = []
    freshness: list[float] = []
    first_asked: int = 0
    unseen: int = 0
    recent: deque[float] = msgspec.field(default_factory=deque)

    def decided(self, seconds: float, now: float) -> None:
        """Take down how long a decision took, and when it was there."""
        self.decide.append(seconds)
        self.recent.append(now)

    def rate(self, now: float) -> float:
        """Decisions per second over the last five seconds."""
        while self.recent and self.recent[0] < now - _RATE_SECONDS:
            self.recent.popleft()
        return len(self.recent) / _RATE_SECONDS


def percentile(seconds: Sequence[float], percent: float) -> float | None:
    """So many percent took no longer; None of nothing."""
    return float(np.percentile(seconds, percent)) if seconds else None
