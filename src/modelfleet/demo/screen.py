"""The screen: what the world and the platform are doing, in a hundred columns and forty rows."""

from collections.abc import Sequence

import msgspec
from rich import box
from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from modelfleet.demo.calendar import Calendar
from modelfleet.demo.figures import milliseconds, percent
from modelfleet.demo.tally import Counts, Tally, Times, percentile
from modelfleet.demo.world import Business

EVENTS = 4
"""Events that are shown, the newest."""

_SPAN = 3
"""Days at the beginning and at the end of which precision is shown."""
_GOOD, _FAIR = 0.9, 0.8


class View(msgspec.Struct, frozen=True):
    """All that the screen shows; ``days`` is how much of the world is lived, in days."""

    world: Sequence[Business]
    calendar: Calendar
    tally: Tally
    times: Times
    days: float
    elapsed: float
    rate: float
    events: Sequence[str]

    @property
    def today(self) -> int:
        """The day of the world, from 1."""
        return max(1, min(self.calendar.days, int(self.days) + 1))


def screen(view: View) -> RenderableType:
    """The whole screen."""
    return Group(
        _head(view),
        Text(),
        _table(view),
        _repeated(view),
        Text(),
        _platform(view),
        Text(),
        _events(view),
    )


def _head(view: View) -> RenderableType:
    title = Text.assemble(
        ("modelfleet", "bold cyan"),
        (f"   day {view.today} of {view.calendar.days}", "bold"),
        (f"   {view.calendar.date(view.today):%a %d %B %Y}", "dim"),
    )
    clock = Text(f"{int(view.elapsed) // 60}:{int(view.elapsed) % 60:02}", style="dim")
    bar = ProgressBar(
        total=view.calendar.days,
        completed=view.days,
        width=24,
        complete_style="cyan",
        finished_style="cyan",
    )
    head = Table.grid(expand=True, padding=(0, 1))
    head.add_column(ratio=1)
    head.add_column(width=24)
    head.add_column(justify="right", width=6)
    head.add_row(title, bar, clock)
    return head


def _table(view: View) -> RenderableType:
    table = Table(
        box=box.SIMPLE_HEAD, expand=True, pad_edge=False, padding=(0, 1, 0, 0), show_footer=True
    )
    everyone = view.tally.tenants
    total = _cells(view, everyone)
    table.add_column("tenants", "all", no_wrap=True, ratio=1, overflow="ellipsis", min_width=20)
    titles = ("teams", "requests", "coverage", "precision", "it began", "corrected", "models")
    for title, cell in zip(titles, total, strict=True):
        table.add_column(title, cell, justify="right", no_wrap=True, header_style="dim")
    for business in view.world:
        name = business.trade[:1].upper() + business.trade[1:]
        table.add_row(name, *_cells(view, [business.tenant]))
    return table


def _cells(view: View, tenants: Sequence[str]) -> tuple[RenderableType, ...]:
    tally, today = view.tally, view.today
    chosen = set(tenants)
    so_far = tally.of(tenants)
    latest = _latest(view, tenants)
    teams = sum(len(b.open_teams(today)) for b in view.world if b.tenant in chosen)
    models = sum(tally.published[tenant] + tally.kept[tenant] for tenant in tenants)
    return (
        Text(f"{teams}", style="dim"),
        Text(f"{so_far.requests:,}"),
        Text(percent(latest.coverage)),
        _graded(latest),
        Text(percent(tally.of(tenants, 1, _SPAN).precision), style="dim"),
        Text(f"{so_far.corrected:,}"),
        Text(f"{models:,}"),
    )


def _latest(view: View, tenants: Sequence[str]) -> Counts:
    return view.tally.of(tenants, max(1, view.today - _SPAN + 1), view.today)


def _repeated(view: View) -> RenderableType:
    """What remains of the last row without requests that the fleet may have learned by heart."""
    latest = _latest(view, view.tally.tenants)
    if not latest.repeated:
        return Text()
    return Text(
        f" {latest.repeated:,} of the last {latest.requests:,} requests had been used before; "
        f"without them {percent(latest.new_coverage)} coverage, "
        f"{percent(latest.new_precision)} precision",
        style="dim",
        no_wrap=True,
        overflow="ellipsis",
    )


def _graded(counts: Counts) -> Text:
    precision = counts.precision
    if precision is None:
        return Text(percent(None), style="dim")
    style = "green" if precision >= _GOOD else "yellow" if precision >= _FAIR else "red"
    return Text(percent(precision), style=style)


def _platform(view: View) -> RenderableType:
    times, tally = view.times, view.tally
    grid = Table.grid(expand=True, padding=(0, 1))
    for ratio in (3, 4, 5, 4):
        grid.add_column(ratio=ratio, no_wrap=True)
    grid.add_row(*(Text(said, style="dim") for said in _QUANTITIES))
    grid.add_row(
        f"{view.rate:.0f} per second",
        _spread(times.decide),
        _spread(times.freshness),
        f"{tally.trained:,} trained, {sum(tally.published.values()):,} live",
    )
    return grid


_QUANTITIES = ("decisions", "to decide, p50 · p99", "until a correction is known", "models")


def _spread(seconds: Sequence[float]) -> str:
    ends = (percentile(seconds, 50), percentile(seconds, 99))
    return " · ".join(milliseconds(one) for one in ends)


def _events(view: View) -> RenderableType:
    shown = list(view.events[-EVENTS:])
    padded = shown + [""] * (EVENTS - len(shown))
    return Text("\n".join(padded), style="dim", no_wrap=True, overflow="ellipsis")
