"""The show: lives the world at its pace, and shows it on a terminal or as one line a day."""

import re
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from time import monotonic, perf_counter
from typing import IO

import msgspec
from rich.console import Console
from rich.live import Live

from modelfleet.clock import now
from modelfleet.demo.calendar import Calendar
from modelfleet.demo.embedded import Training, opened, trained_up
from modelfleet.demo.figures import milliseconds, percent
from modelfleet.demo.life import Life
from modelfleet.demo.pace import Pace
from modelfleet.demo.people import visits
from modelfleet.demo.screen import View, screen
from modelfleet.demo.summary import Run, summary
from modelfleet.demo.tally import percentile
from modelfleet.demo.world import Business
from modelfleet.fleet import Fleet

_MOST_CATCHING_UP = 20.0
"""Seconds of reality that a day may wait for training before it goes on regardless."""
_REFRESH = 0.25
_WIDTH, _HEIGHT = 100, 40
"""Columns and rows of the picture; what isn't a terminal is as wide."""


class Plan(msgspec.Struct, frozen=True):
    """What to live: where, how many days, in how many real minutes, with which chances."""

    data: Path
    days: int = 28
    minutes: float = 3.0
    seed: int = 1
    record: Path | None = None


def console_for(file: IO[str]) -> Console:
    """A console on a stream: as wide as the terminal, or as the picture if it is none."""
    return Console(file=file, width=None if file.isatty() else _WIDTH)


def show(
    plan: Plan,
    world: Sequence[Business],
    console: Console,
    training: Training | None = None,
) -> tuple[View, Run]:
    """Live the world, show it, and end with the summary; what was seen last, and how it went.

    A simulated day begins when its share of the minutes has passed and everything that fell due
    for training was trained, as it would be over a real night; it waits for the latter 20 seconds
    at most. Ctrl-C ends the world early, and the summary tells what happened until then.

    Raises:
        InvalidInput: the folder holds something already.
    """
    with opened(plan.data, training) as fleet:
        stage = _Stage(plan, world, fleet, console)
        with stage.live:
            stage.run()
        view, run = stage.view(), Run(plan.data, stage.lived, stage.late)
    if not console.is_terminal:
        console.print(screen(view))
    for paragraph in summary(view, run):
        console.print()
        console.print(paragraph, soft_wrap=True, markup=False, highlight=False)
    if plan.record is not None:
        record(view, plan.record)
    return view, run


class _Stage:
    """One run: the life, its pace, and what shows it."""

    def __init__(
        self, plan: Plan, world: Sequence[Business], fleet: Fleet, console: Console
    ) -> None:
        self.lived = 0
        self.late = 0
        self._plan = plan
        self._world = world
        self._fleet = fleet
        self._console = console
        self._calendar = Calendar(plan.days, now())
        self._events: list[str] = []
        self._share = 0.0
        self._refreshed = 0.0
        people = [visit for business in world for visit in visits(business, plan.days, plan.seed)]
        self._life = Life(fleet, world, people, self._calendar, self._tell)
        self._pace = Pace(plan.days, plan.minutes * 60, self._refresh)
        self.live = Live(console=console, auto_refresh=False, transient=not console.is_terminal)

    def run(self) -> None:
        """Live all days, or those before somebody stops it."""
        try:
            for day in range(1, self._plan.days + 1):
                self._live_day(day)
        except KeyboardInterrupt:
            self._tell("stopped")
        self._life.count_trainings()
        self._draw()

    def view(self) -> View:
        """What there is to see now."""
        return View(
            world=self._world,
            calendar=self._calendar,
            tally=self._life.tally,
            times=self._life.times,
            days=self.lived + self._share,
            elapsed=self._pace.elapsed,
            rate=self._life.times.rate(perf_counter()),
            events=tuple(self._events),
        )

    def _live_day(self, day: int) -> None:
        for share in self._life.day(day):
            self._share = min(share, 0.999)
            self._pace.until(self.lived + share)
        self.late += not self._pace.settle(lambda: trained_up(self._fleet), _MOST_CATCHING_UP)
        self._life.count_trainings()
        self.lived, self._share = day, 0.0
        if not self._console.is_terminal:
            self._console.print(_line(self.view(), day), soft_wrap=True, highlight=False)

    def _tell(self, event: str) -> None:
        dated = f"day {self.lived + 1:>2}  {event}"
        self._events.append(dated)
        if not self._console.is_terminal:
            self._console.print(dated, soft_wrap=True, markup=False, highlight=False)

    def _refresh(self) -> None:
        if monotonic() - self._refreshed >= _REFRESH:
            self._life.count_trainings()
            self._draw()

    def _draw(self) -> None:
        if self._console.is_terminal:
            self.live.update(screen(self.view()), refresh=True)
        self._refreshed = monotonic()


def _line(view: View, day: int) -> str:
    tally = view.tally
    today = tally.of(tally.tenants, day, day)
    return (
        f"day {day:>2}  {today.requests:>4} requests  coverage {percent(today.coverage):>4}  "
        f"precision {percent(today.precision):>4}  {today.corrected:>4} corrections  "
        f"{tally.trained:>5,} models trained  "
        f"decide p99 {milliseconds(percentile(view.times.decide, 99))}"
    )


def record(view: View, file: Path) -> None:
    """Write the screen as an SVG that asks no other host for a font.

    Raises:
        OSError: the file can't be written.
    """
    canvas = Console(record=True, file=StringIO(), width=_WIDTH, height=_HEIGHT)
    canvas.print(screen(view))
    drawn = canvas.export_svg(title="modelfleet demo")
    file.write_text(re.sub(r"@font-face \{.*?\}", "", drawn, flags=re.DOTALL), encoding="utf-8")
