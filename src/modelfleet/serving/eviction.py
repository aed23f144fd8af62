"""Which model is dropped when memory is full: S3-FIFO, which a sweep over all tenants can't ruin.

Yang, Zhang, Qiu, Yue, Rashmi: FIFO queues are all you need for cache eviction (SOSP 2023). What is
new waits in a small queue, a tenth of all bytes; what isn't asked for again while it waits there is
dropped first, so what is asked for once passes by those that are asked for often, which are in the
main queue. What was dropped is remembered by name for as long as as many others were: if it is
asked for again, it goes to the main queue at once. A hit only counts up, without a lock.
"""

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

_SMALL = 0.1  # of the budget
_MOST_COUNTED = 3

K = TypeVar("K", bound=Hashable)


class Held(Generic[K]):
    """A thing in memory: its name and size, and whether it was asked for lately."""

    __slots__ = ("hits", "key", "queued", "size")

    def __init__(self, key: K) -> None:
        self.key = key
        self.size = 0
        self.hits = 0
        self.queued: OrderedDict[Held[K], None] | None = None

    def hit(self) -> None:
        """Somebody asks for it. Two at once may count as one."""
        self.hits = min(self.hits + 1, _MOST_COUNTED)


class Evictor(Generic[K]):
    """Decides what to drop; its caller holds the things, and calls it one thread at a time."""

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self.nbytes = 0
        self._small: OrderedDict[Held[K], None] = OrderedDict()
        self._main: OrderedDict[Held[K], None] = OrderedDict()
        self._small_bytes = 0
        self._dropped: OrderedDict[int, None] = OrderedDict()  # hashes of their names

    def add(self, held: Held[K], size: int) -> None:
        """Take in a new thing of so many bytes."""
        known = self._dropped.pop(hash(held.key), False) is None
        self._queue(held, self._main if known else self._small)
        self.resize(held, size)

    def resize(self, held: Held[K], size: int) -> None:
        """A thing that was taken in has another size now."""
        grown = size - held.size
        held.size = size
        self.nbytes += grown
        if held.queued is self._small:
            self._small_bytes += grown

    def remove(self, held: Held[K]) -> None:
        """A thing isn't held any more."""
        if held.queued is not None:
            self.resize(held, 0)
            held.queued.pop(held, None)
            held.queued = None

    def over_budget(self) -> Iterator[Held[K]]:
        """What to drop, one after another, until the rest is within the budget; the last stays."""
        while self.nbytes > self.budget:
            held = self._next()
            if held is None:
                return
            yield held

    def _next(self) -> Held[K] | None:
        """The next to drop; it is taken out of the books. One that is too large alone stays."""
        while len(self._small) + len(self._main) > 1:
            small = self._small_bytes > self.budget * _SMALL or not self._main
            queue = self._small if small else self._main
            held, _ = queue.popitem(last=False)
            if not self._stays(held, queue):
                self.remove(held)
                return held
        return None

    def _stays(self, held: Held[K], queue: OrderedDict[Held[K], None]) -> bool:
        """Whether a thing whose turn it is to be dropped is worth another round."""
        if queue is self._main:
            if held.hits == 0:
                return False
            held.hits -= 1
            self._queue(held, self._main)
            return True
        if held.hits > 1:
            self._small_bytes -= held.size
            held.hits = 0
            self._queue(held, self._main)
            return True
        self._remember(held.key)
        return False

    def _queue(self, held: Held[K], queue: OrderedDict[Held[K], None]) -> None:
        held.queued = queue
        queue[held] = None

    def _remember(self, key: K) -> None:
        self._dropped[hash(key)] = None
        while len(self._dropped) > len(self._main):
            self._dropped.popitem(last=False)
