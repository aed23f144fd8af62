"""Tables of figures: raw, as a ratio to a yardstick of the same run, and against a target.

Absolute targets are for a machine whose Python loop (see machine.py) takes 0.3 s. A table shows
each of them as it stands and scaled by this machine's loop, measured before and after the run.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

import msgspec
from rich.console import Console
from rich.table import Table

LOOP_OF_TARGETS = 0.3
"""Seconds that the loop takes on the machine that absolute targets are for."""

_COLUMNS = ("what", "figure", "ratio", "target", "target here", "met")


class Target(msgspec.Struct, frozen=True):
    """What a figure must reach; an absolute one is scaled by the machine's speed."""

    value: float
    at_least: bool
    absolute: bool = False

    def here(self, loop: float | None) -> float | None:
        """The target on a machine whose loop takes so long; None if that isn't known."""
        if not self.absolute:
            return self.value
        if loop is None:
            return None
        slower = loop / LOOP_OF_TARGETS
        return self.value / slower if self.at_least else self.value * slower

    def met(self, figure: float, loop: float | None) -> bool | None:
        """Whether a figure reaches it; None if the machine's speed isn't known."""
        here = self.here(loop)
        if here is None:
            return None
        return figure >= here if self.at_least else figure <= here


class Figure(msgspec.Struct, frozen=True):
    """A measured number; ``yardstick`` is what it is compared with, in the same unit."""

    what: str
    value: float
    unit: str = ""
    yardstick: tuple[str, float] | None = None
    target: Target | None = None


def at_least(value: float, *, absolute: bool = False) -> Target:
    """A target that more is better for."""
    return Target(value, at_least=True, absolute=absolute)


def at_most(value: float, *, absolute: bool = False) -> Target:
    """A target that less is better for."""
    return Target(value, at_least=False, absolute=absolute)


def parser(about: str | None) -> argparse.ArgumentParser:
    """What every benchmark can be told."""
    made = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument(
        "--folder",
        type=Path,
        default=Path(tempfile.gettempdir()),
        help="where databases are made, and removed again (default: %(default)s)",
    )
    made.add_argument("--quick", action="store_true", help="skip the yardsticks")
    made.add_argument("--markdown", type=Path, help="also add the tables to this file")
    return made


def databases(made: argparse.ArgumentParser, default: str = "both") -> None:
    """Let the caller choose between the databases."""
    made.add_argument(
        "--database",
        choices=("sqlite", "postgresql", "both"),
        default=default,
        help="which to measure (default: %(default)s)",
    )


def chosen_databases(arguments: argparse.Namespace) -> Sequence[str]:
    """The databases that the caller wants measured."""
    both = ("sqlite", "postgresql")
    return both if arguments.database == "both" else (arguments.database,)


def show(title: str, figures: Sequence[Figure], loops: Sequence[float], file: Path | None) -> None:
    """Print a table of figures, and add it to a Markdown file if one is given.

    Args:
        title: what was measured, with its sizes.
        figures: one a row.
        loops: seconds that the loop took, at each time it was measured.
        file: to add to, or None.
    """
    loop = fmean(loops) if loops else None
    rows = [_row(figure, loop) for figure in figures]
    used = [number for number, cells in enumerate(zip(*rows, strict=True)) if any(cells)]
    columns = [_COLUMNS[number] for number in used]
    rows = [[row[number] for number in used] for row in rows]
    table(title, columns, rows, file)


def table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], file: Path | None
) -> None:
    """Print a table of texts, and add it to a Markdown file if one is given."""
    made = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        made.add_column(column, justify="right" if number else "left", overflow="fold")
    for row in rows:
        made.add_row(*row)
    Console(highlight=False, width=None if Console().is_terminal else 140).print(made)
    if file is not None:
        lines = ["", f"### {title}", ""]
        lines += [f"| {' | '.join(line)} |" for line in (columns, ["---"] * len(columns), *rows)]
        with file.open("a", encoding="utf-8") as opened:
            opened.write("\n".join(lines) + "\n")


def percentile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` of the values don't exceed; nan without any."""
    ranked = sorted(values)
    return ranked[min(int(len(ranked) * share), len(ranked) - 1)] if ranked else float("nan")


def _row(figure: Figure, loop: float | None) -> list[str]:
    target = figure.target
    ratio = ""
    if figure.yardstick is not None:
        name, value = figure.yardstick
        ratio = f"{figure.value / value:.3g} x {name}" if value else f"{name} wasn't measured"
    if target is None:
        return [figure.what, _shown(figure.value, figure.unit), ratio, "", "", ""]
    sign = ">=" if target.at_least else "<="
    here = target.here(loop)
    met = target.met(figure.value, loop)
    return [
        figure.what,
        _shown(figure.value, figure.unit),
        ratio,
        f"{sign} {_shown(target.value, figure.unit)}",
        "not known" if here is None else f"{sign} {_shown(here, figure.unit)}",
        {True: "yes", False: "NO", None: "not known"}[met],
    ]


def _shown(value: float, unit: str) -> str:
    if unit == "%":
        return f"{value:.1%}"
    number = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return f"{number} {unit}".strip()
