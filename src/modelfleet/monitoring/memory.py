"""What a page of the log touches, in memory: loaded at once, changed by rules, written at once."""

from heapq import heappop, heappush

import msgspec

from modelfleet.monitoring.decided import Waiting
from modelfleet.monitoring.finding import TaskKey
from modelfleet.monitoring.learned import Learned
from modelfleet.monitoring.sums import Day
from modelfleet.monitoring.tally import Tally

DayKey = tuple[str, str, int]
"""A tenant, a task and a day."""
DecisionKey = tuple[str, str]
"""A tenant and a decision."""
Moment = tuple[int, int]
"""A time and a place in the log: what is due at a time becomes due in the order of the log."""

FLEET: TaskKey = ("", "")
"""What is kept of the fleet is kept as of a task without a name."""


class Memory:
    """The rows that a page needs, and which of them changed."""

    def __init__(self) -> None:
        self.learned: dict[TaskKey, Learned] = {}
        self.states: dict[TaskKey, bytes] = {}
        self.days: dict[DayKey, Day] = {}
        self.waiting: dict[DecisionKey, Waiting] = {}
        self.matured: dict[DecisionKey, Waiting] = {}
        self.oldest: dict[int, int] = {}
        self.changed = Changed()
        self._due: list[tuple[int, int, Waiting]] = []

    def knows(self, task: TaskKey) -> Learned:
        """What is learned of a task so far."""
        learned = self.learned.get(task)
        if learned is None:
            learned = self.learned[task] = Learned()
        return learned

    def day(self, key: DayKey) -> Day:
        """The sums of a day, which will be written."""
        day = self.days.get(key)
        if day is None:
            day = self.days[key] = Day(Tally(), Tally())
        self.changed.days.add(key)
        return day

    def await_words(self, one: Waiting, *, known: bool) -> None:
        """Have a decision wait until it is due; ``known`` if its row is there already."""
        key = one.tenant, one.id
        self.waiting[key] = one
        heappush(self._due, (one.due, one.decided.seq, one))
        if not known:
            self.changed.waiting.add(key)

    def pop_due(self, until: Moment) -> Waiting | None:
        """The next decision that is due by then; what is said of it from now on comes late."""
        if not self._due or self._due[0][:2] > until:
            return None
        due, seq, one = heappop(self._due)
        key = one.tenant, one.id
        self.changed.waiting.discard(key)
        self.changed.matured_until = due, seq
        self.matured[key] = self.waiting.pop(key)
        return one


class Changed(msgspec.Struct):
    """What must be written.

    Attributes:
        days: sums that changed.
        waiting: decisions that are new, or of which something was said.
        learned: tasks of which something was learned.
        forgotten: tasks of which something was forgotten, and from which day on their slices go.
        matured_until: the last moment at which a decision matured.
    """

    days: set[DayKey] = msgspec.field(default_factory=set)
    waiting: set[DecisionKey] = msgspec.field(default_factory=set)
    learned: set[TaskKey] = msgspec.field(default_factory=set)
    forgotten: dict[TaskKey, int] = msgspec.field(default_factory=dict)
    matured_until: Moment | None = None
