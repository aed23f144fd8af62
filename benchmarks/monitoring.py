"""What monitoring promises, in simulation: seeds are fixed, so everybody sees the same tables.

Parts: *null*, a year of 100,000 tasks at which nothing changes; *power*, models that break;
*inception*, whether it is known since when; *slice*, a bias against a kind of request; *cost*, what
an outcome costs beside a decision. Tasks have 3 to 200 requests a week (lognormal, 24 on average).
Everything runs on one core.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np

from biased import BIASED, a_week_of, looked_at
from broken import WORLDS, dated, tried
from machine import loop
from modelfleet.monitoring.discovery import Search, discover
from modelfleet.monitoring.state import SIZE, State
from modelfleet.monitoring.streams import STREAMS, Tolerance
from modelfleet.monitoring.watching import Outcomes, observe
from outcomes import confidences
from quiet import a_year
from report import Figure, at_least, at_most, parser, show, table
from taught import fleet, learner

_OFF = {"honest": 0.0, "slightly miscalibrated": 0.15}
_BANDS = {"20 to 60 a week": (20.0, 60.0), "over 60 a week": (60.0, 200.0)}


def null(arguments: argparse.Namespace) -> None:
    """False alerts against what is promised."""
    for name, off in _OFF.items():
        tolerance = Tolerance(arguments.tolerance)
        year = a_year(arguments.tasks, arguments.weeks, off, tolerance)
        columns = ("method", "false alerts a week", "upper 95% bound", "promised", "kept")
        title = f"Nothing changes: {arguments.tasks:,} tasks, {arguments.weeks} weeks, {name}"
        table(title, columns, year.rows(arguments.tasks, name), arguments.markdown)


def power(arguments: argparse.Namespace) -> None:
    """How many broken models are found within ten weeks."""
    rows = []
    for world in WORLDS:
        for answered in (1.0, 0.5):
            for band, between in _BANDS.items():
                tolerance = Tolerance(arguments.tolerance)
                one = tried(world, between, arguments.broken, answered, tolerance)
                what = f"{world.name}; {band}, {answered:.0%} with an outcome"
                cells = (f"{one.delay:.0f}", f"{one.slowest:.0f}", f"{one.limit:.0f}")
                shares = (one.found, one.rule, one.adwin)
                found, rule, adwin = (f"{share:.1%}" for share in shares)
                rows.append([what, found, *cells, rule, adwin])
    columns = ("errors 15% -> 40%, 10 weeks", "found", "median outcomes", "nine in ten", "limit")
    table(
        f"Models that break: {arguments.broken:,} of a fleet of 100,000, one false alert a week",
        (*columns, "the weekly rule", "ADWIN"),
        rows,
        arguments.markdown,
    )


def when(arguments: argparse.Namespace) -> None:
    """Since when."""
    for world in WORLDS:
        one = dated(world, arguments.changes)
        figures = [
            Figure("median error", one.error, "outcomes", target=at_most(10)),
            Figure("within the 90% set", one.covered, "%", target=at_least(0.88)),
            Figure("median width of the set", one.width, "outcomes"),
        ]
        title = f"Inception, errors 15% -> 35%, 100 outcomes after: {world.name}"
        show(title, figures, [], arguments.markdown)


def bias(arguments: argparse.Namespace) -> None:
    """A kind of request that models are worse at than they say."""
    count = arguments.requests
    one = looked_at(a_week_of(count, 1.3, 1))
    until = one.rang.get(("language", BIASED))
    named = [found for found in one.found if found.where == ((0, BIASED),)]
    figures = [
        Figure("its stream rang after", until or float("nan"), "of its requests"),
        Figure("other streams rang", len(one.rang) - (until is not None), "", target=at_most(0)),
        Figure("named and confirmed", float(len(named)), "", target=at_least(1)),
        Figure("others named", float(len(one.found) - len(named)), "", target=at_most(0)),
        Figure("its odds of error, estimated", named[0].odds if named else float("nan"), "x"),
    ]
    title = f"5% of {count:,} requests with 1.3 x the odds of error"
    show(title, figures, [], arguments.markdown)
    named_falsely = 0
    for seed in range(arguments.seeds):
        fine = a_week_of(count // 4, 1.0, 100 + seed)
        named_falsely += len(discover(fine, Search()))
    figures = [Figure("named", float(named_falsely), "", target=at_most(0))]
    title = f"{arguments.seeds} weeks of {count // 4:,} requests without bias"
    show(title, figures, [], arguments.markdown)


def cost(arguments: argparse.Namespace) -> None:
    """What an outcome costs: all eight streams, its task's state read from bytes and written."""
    few, many = (upkeep(tasks, arguments.outcomes) for tasks in (1_000, 300_000))
    decision = a_decision(arguments)
    figures = [
        Figure("outcomes of 1,000 tasks", 1 / few, "/s", None, at_least(20_000, absolute=True)),
        Figure("outcomes of 300,000 tasks", 1 / many, "/s", None, at_least(20_000, absolute=True)),
        Figure("  an outcome", many * 1e6, "us", ("one of 1,000", few * 1e6)),
        Figure("a decision, its event included", decision * 1e6, "us"),
        Figure("  an outcome, of a decision", many / decision, "%", target=at_most(0.1)),
        Figure("state of a task", float(SIZE), "bytes", target=at_most(500)),
    ]
    show("What watching costs, in CPU time of one core", figures, [loop()], arguments.markdown)


def upkeep(tasks: int, outcomes: int, together: int = 1_000) -> float:
    """CPU seconds of an outcome, taken in so many together."""
    rng = np.random.default_rng(2)
    stored = [State.new(1).to_bytes()[0]] * tasks
    batches = [_some_outcomes(rng, tasks, together) for _ in range(outcomes // together)]
    begun = time.process_time()
    for chosen, batch in batches:
        state = State.from_bytes([stored[task] for task in chosen])
        observe(state, batch, Tolerance())
        for task, kept in zip(chosen, state.to_bytes(), strict=True):
            stored[task] = kept
    return (time.process_time() - begun) / (len(batches) * together)


def _some_outcomes(rng: np.random.Generator, tasks: int, count: int) -> tuple[list[int], Outcomes]:
    """Outcomes with an element for each stream, and whose they are."""
    chosen, places = np.unique(rng.integers(0, tasks, count), return_inverse=True)
    elements = count * STREAMS
    stated = confidences(rng, np.full(elements, 0.15))
    batch = Outcomes(
        np.repeat(places, STREAMS),
        np.tile(np.arange(STREAMS), count),
        rng.random(elements) < stated,
        stated,
        np.full(elements, 1e-7),
        np.zeros(elements),
        np.full(elements, 0.02),
    )
    return chosen.tolist(), batch


def a_decision(arguments: argparse.Namespace, count: int = 2_000) -> float:
    """CPU seconds of a decision of a small model; many are asked for at once."""
    labels = [f"label-{number}" for number in range(8)]
    learned = [(f"{label} question {number}", label) for label in labels for number in range(20)]
    with fleet(arguments.folder, {}) as opened:
        ask = learner(opened, "acme", labels)(learned)
        ask(["a question"] * 10)
        begun = time.process_time()
        ask([f"question {number} about label-{number % 8}" for number in range(count)])
        return (time.process_time() - begun) / count


PARTS: dict[str, Callable[[argparse.Namespace], None]] = {
    "null": null,
    "power": power,
    "inception": when,
    "slice": bias,
    "cost": cost,
}


def main() -> None:
    """Run the parts that were asked for."""
    made = parser(__doc__)
    made.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    made.add_argument("--tasks", type=int, default=100_000, help="of the fleet that stays well")
    made.add_argument("--weeks", type=int, default=52)
    made.add_argument("--broken", type=int, default=1_000, help="tasks that break, of each volume")
    made.add_argument(
        "--tolerance", type=float, default=Tolerance().drop, help="the setting, of null and power"
    )
    made.add_argument("--changes", type=int, default=1_000, help="that are dated")
    made.add_argument("--requests", type=int, default=2_000_000, help="of the fleet's week")
    made.add_argument("--seeds", type=int, default=20, help="weeks without bias")
    made.add_argument("--outcomes", type=int, default=50_000, help="whose cost is measured")
    arguments = made.parse_args()
    for part in arguments.parts:
        PARTS[part](arguments)


if __name__ == "__main__":
    main()
