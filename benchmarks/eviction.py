"""Which models to keep: hit rates of eviction policies, with and without sweeps over all tenants.

A trace asks for models of 20,000 tenants, their popularity as Zipf's law has it (the k-th tenant
gets a share of 1 / k**0.9), models of 40 to 120 KB. Then the same trace with sweeps: at four times
in it a job goes through all tenants, once between the other requests, one for one; or, as at night,
between other requests' times, with three requests for each tenant. A hit rate is that of the
requests that aren't the sweep's. Budgets are shares of all models' bytes.

Compared are what modelfleet does (S3-FIFO, `serving/eviction.py`), least recently used, SIEVE
(Zhang et al., NSDI 2024), and as a bound the best that a fixed choice can do: the most popular.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.serving.eviction import Evictor, Held
from report import parser, table

_TENANTS = 20_000
_REQUESTS = 400_000
_SKEW = 0.9
_SWEEPS = 4
_AT_NIGHT = 3
_SHARES = (0.01, 0.05, 0.1, 0.25, 0.5)


class Trace(msgspec.Struct, frozen=True):
    """Requests in order; ``swept`` marks those of a sweep. Sizes are by tenant, in bytes."""

    tenants: NDArray[np.intp]
    swept: NDArray[np.bool_]
    sizes: NDArray[np.intp]


class Policy(Protocol):
    """A cache that only counts."""

    def asked(self, tenant: int, size: int) -> bool:
        """Ask for a tenant's model; whether it was there."""
        ...


class LeastRecentlyUsed:
    """Drops what wasn't asked for the longest."""

    def __init__(self, budget: int) -> None:
        self._budget, self._bytes = budget, 0
        self._held: OrderedDict[int, int] = OrderedDict()

    def asked(self, tenant: int, size: int) -> bool:
        """See `Policy.asked`."""
        if tenant in self._held:
            self._held.move_to_end(tenant)
            return True
        self._held[tenant] = size
        self._bytes += size
        while self._bytes > self._budget:
            self._bytes -= self._held.popitem(last=False)[1]
        return False


class Sieve:
    """A queue and a hand that drops what wasn't asked for since it last came by."""

    def __init__(self, budget: int) -> None:
        self._budget, self._bytes = budget, 0
        self._visited: dict[int, bool] = {}
        self._sizes: dict[int, int] = {}
        self._older: OrderedDict[int, None] = OrderedDict()  # ahead of the hand
        self._passed: OrderedDict[int, None] = OrderedDict()  # behind it, then the newest

    def asked(self, tenant: int, size: int) -> bool:
        """See `Policy.asked`."""
        if tenant in self._visited:
            self._visited[tenant] = True
            return True
        self._visited[tenant], self._sizes[tenant] = False, size
        self._bytes += size
        while self._bytes > self._budget:
            self._bytes -= self._dropped()
        self._older[tenant] = None
        return False

    def _dropped(self) -> int:
        while True:
            if not self._older:
                self._older, self._passed = self._passed, OrderedDict()
            tenant, _ = self._older.popitem(last=False)
            if not self._visited[tenant]:
                del self._visited[tenant]
                return self._sizes.pop(tenant)
            self._visited[tenant] = False
            self._passed[tenant] = None


class Ours:
    """What the cache of models does."""

    def __init__(self, budget: int) -> None:
        self._evictor: Evictor[int] = Evictor(budget)
        self._held: dict[int, Held[int]] = {}

    def asked(self, tenant: int, size: int) -> bool:
        """See `Policy.asked`."""
        held = self._held.get(tenant)
        if held is not None:
            held.hit()
            return True
        held = self._held[tenant] = Held(tenant)
        self._evictor.add(held, size)
        for dropped in self._evictor.over_budget():
            del self._held[dropped.key]
        return False


POLICIES: dict[str, Callable[[int], Policy]] = {
    "S3-FIFO (ours)": Ours,
    "LRU": LeastRecentlyUsed,
    "SIEVE": Sieve,
}


def trace(sweeps: str | None = None) -> Trace:
    """The same for the same argument; sweeps go ``between`` other requests, or ``at night``."""
    generator = np.random.default_rng(1)
    shares = 1 / np.arange(1, _TENANTS + 1) ** _SKEW
    usual = generator.choice(_TENANTS, _REQUESTS, p=shares / shares.sum())
    sizes = generator.integers(40_000, 120_000, _TENANTS)
    parts, marks, step = [], [], _REQUESTS // _SWEEPS
    for start in range(0, _REQUESTS, step):
        part, sweep = usual[start : start + step], generator.permutation(_TENANTS)
        begin = step - _TENANTS  # the second part of each stretch is swept
        if sweeps == "between":
            parts += [part[:begin], np.stack([part[begin:], sweep], axis=1).ravel()]
            marks += [np.zeros(begin, bool), np.tile([False, True], _TENANTS)]
        else:
            night = np.repeat(sweep, _AT_NIGHT) if sweeps else sweep[:0]
            parts += [part, night]
            marks += [np.zeros(step, bool), np.ones(len(night), bool)]
    return Trace(np.concatenate(parts), np.concatenate(marks), sizes)


def hit_rate(policy: Policy, asked: Trace) -> float:
    """Of the requests that aren't a sweep's, without the first quarter, which fills the cache."""
    warm = len(asked.tenants) // 4
    hits = count = 0
    rows = zip(asked.tenants.tolist(), asked.swept.tolist(), strict=True)
    for number, (tenant, swept) in enumerate(rows):
        hit = policy.asked(tenant, int(asked.sizes[tenant]))
        if number >= warm and not swept:
            hits, count = hits + hit, count + 1
    return hits / count


def best_fixed(asked: Trace, budget: int) -> float:
    """The hit rate of the most popular models that fit the budget, always held."""
    warm = len(asked.tenants) // 4
    usual = asked.tenants[warm:][~asked.swept[warm:]]
    fitting = int(np.searchsorted(np.cumsum(asked.sizes), budget))
    return float((usual < fitting).mean())


def rows(asked: Trace) -> Sequence[Sequence[str]]:
    """One for each budget."""
    found = []
    for share in _SHARES:
        budget = int(asked.sizes.sum() * share)
        rates = [hit_rate(make(budget), asked) for make in POLICIES.values()]
        found.append([f"{rate:.1%}" for rate in (share, *rates, best_fixed(asked, budget))])
    return found


def main() -> None:
    """Run the traces; print the tables."""
    arguments = parser(__doc__).parse_args()
    columns = ["budget", *POLICIES, "most popular, fixed"]
    for sweeps in (None, "between", "at night"):
        title = f"Hit rates with sweeps {sweeps}" if sweeps else "Hit rates"
        table(title, columns, rows(trace(sweeps)), arguments.markdown)


if __name__ == "__main__":
    main()
