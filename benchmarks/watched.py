"""What the watcher's sums cost: the CPU time of its process for each outcome, all in all.

An outcome is a decision, a word about it, and its becoming final: three visits to its task's sums.
They come in random order from so many tenants, and are read from the log, taken in and written.
What detectors add is in monitoring.py. A decision is one of thousands that are asked for at once,
the cheapest there is. CPU time is this process's; PostgreSQL's server has its own.
"""

import gc
import random
import time
from collections.abc import Iterator

import msgspec

from machine import loop
from modelfleet.clock import DAY, HOUR, SECOND
from modelfleet.events import Event
from modelfleet.fleet import Fleet
from modelfleet.monitoring import Found, rows
from modelfleet.monitoring.fold import fold
from modelfleet.monitoring.loading import load, page_of
from modelfleet.monitoring.rows import Position
from modelfleet.monitoring.taking import MOST_EVENTS, Taken
from monitoring import a_decision
from places import Fresh, servers
from report import Figure, at_least, at_most, chosen_databases, databases, parser, show

_TOGETHER = 500
_START = 1_700_000_000 * SECOND
_LABELS = ("it", "facilities", "payroll")


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.time = _START

    def __call__(self) -> int:
        """The time."""
        return self.time


class Cost(msgspec.Struct):
    """CPU seconds of all outcomes."""

    read: float = 0.0
    loaded: float = 0.0
    counted: float = 0.0
    written: float = 0.0

    @property
    def whole(self) -> float:
        """All of it."""
        return self.read + self.loaded + self.counted + self.written


def lived(fleet: Fleet, clock: Clock, tenants: int, outcomes: int) -> None:
    """Log decisions, and a word about each six hours later; then nothing for two months."""
    chance = random.Random(1)  # noqa: S311 - not for secrets
    before: list[Event] = []
    for first in range(0, outcomes + _TOGETHER, _TOGETHER):
        numbers = range(first, min(first + _TOGETHER, outcomes))
        decisions = [_decision(number, chance.randrange(tenants)) for number in numbers]
        fleet.log.append(decisions + list(_words(before)))
        before = decisions
        clock.time += 6 * HOUR
    clock.time += 60 * DAY


def _decision(number: int, tenant: int) -> Event:
    label = _LABELS[number % 3]
    fields = {
        "text": f"request number {number} is about something like that",
        "label": label,
        "confidence": 0.8,
        "candidates": [[label, 0.8], ["parking", 0.1], ["canteen", 0.05]],
        "threshold": 0.6,
        "version": "20260302T093107.120034Z-6ad2d3a2",
        "metadata": {"office": f"office {number % 3}", "ticket": f"T-{number}"},
    }
    return Event("request.decided", f"tenant-{tenant}", _START, f"d{number}", "team", fields)


def _words(decisions: list[Event]) -> Iterator[Event]:
    for one in decisions:
        said = {"decision": one.id}
        yield Event("decision.accepted", one.tenant, _START, f"f{one.id}", "team", said)


def taken_in(fleet: Fleet, clock: Clock) -> Cost:
    """Take the log in as the watcher does, a step at a time."""
    cost, now = Cost(), time.thread_time
    while True:
        begun = now()
        with fleet.database.snapshot() as connection:
            at = rows.position(connection)
            events = rows.events(connection, at.seq, MOST_EVENTS)
            page = page_of(connection, at, events, at.time if events else clock())
            if not page.events and not page.matures:
                return cost
            cost.read += now() - begun
            begun = now()
            memory = load(connection, page)
            cost.loaded += now() - begun
        begun = now()
        fold(memory, page.events, at.time, page.until)
        cost.counted += now() - begun
        begun = now()
        seq = page.events[-1].seq if page.events else at.seq
        taken = Taken(Position(seq, page.until[0]), memory, Found())
        with fleet.database.writing() as connection:
            rows.move(connection, at, taken.after)
            taken.write(connection)
        cost.written += now() - begun


def measured(fresh: Fresh, tenants: int, outcomes: int) -> Cost:
    """The cost of an outcome among so many tenants."""
    url, _ = fresh()
    clock = Clock()
    with Fleet(url, train=False, clock=clock, durable=False) as fleet:
        lived(fleet, clock, tenants, outcomes)
        cost = taken_in(fleet, clock)
        found = fleet.task("tenant-0", "team").metrics(365).now.metrics
        if tenants == 1 and found.confirmed != outcomes:
            raise SystemExit(f"{found.confirmed} of {outcomes} outcomes were counted")
    return Cost(*(getattr(cost, name) / outcomes for name in Cost.__struct_fields__))


def main() -> None:
    """Measure both databases and print a table for each."""
    made = parser(__doc__)
    databases(made)
    made.add_argument("--tenants", type=int, nargs="+", default=[1_000, 300_000])
    made.add_argument("--outcomes", type=int, default=50_000)
    asked = made.parse_args()
    decision = a_decision(asked)
    gc.freeze()  # as the watcher's process does
    gc.set_threshold(100_000)
    for database, fresh in servers(chosen_databases(asked), asked.folder):
        figures = [Figure("a decision, of many at once", decision * 1e6, "us")]
        for tenants in asked.tenants:
            cost = measured(fresh, tenants, asked.outcomes)
            target = at_least(20_000, absolute=True)
            figures += [
                Figure(f"outcomes of {tenants:,} tenants", 1 / cost.whole, "/s", None, target),
                Figure("  an outcome", cost.whole * 1e6, "us"),
                Figure("  of it, counted in memory", cost.counted * 1e6, "us"),
                Figure("  of a decision", cost.whole / decision, "%", target=at_most(0.1)),
            ]
        title = f"{database}: what sums cost, {asked.outcomes:,} outcomes, CPU time of one core"
        show(title, figures, [loop()], asked.markdown)


if __name__ == "__main__":
    main()
