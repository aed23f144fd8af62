"""Line charts of shares as SVG; colours and fonts come from the page's style."""

from collections.abc import Sequence
from itertools import groupby

import msgspec

from modelfleet.pages.markup import element, text

Point = tuple[float, float]

_RIGHT = 0.8


class Line(msgspec.Struct, frozen=True):
    """A line of a chart. ``css`` is its class; a value is a share, None where there is none."""

    name: str
    css: str
    values: Sequence[float | None]


class Mark(msgspec.Struct, frozen=True):
    """A point of its own: where (0 to 1), the share, and what a pointer over it is told."""

    at: float
    share: float
    said: str
    css: str


class Band(msgspec.Struct, frozen=True):
    """Between what values lie, as an area behind the lines; None where there are no bounds."""

    css: str
    bounds: Sequence[tuple[float, float] | None]


class Moment(msgspec.Struct, frozen=True):
    """Something that happened at a position (0 to 1): a line from top to bottom, and its name."""

    at: float
    name: str
    said: str
    css: str


class Plot(msgspec.Struct, frozen=True):
    """What is drawn over an axis; the first line lies on top."""

    lines: Sequence[Line]
    marks: Sequence[Mark] = ()
    band: Band | None = None
    moments: Sequence[Moment] = ()


class Axis(msgspec.Struct, frozen=True):
    """Where the values of a chart lie from left to right, and what is written below.

    ``at`` holds a position (0 to 1) for each value and ``said`` what it is called; ``ticks`` are
    positions with a word below them.
    """

    at: Sequence[float]
    said: Sequence[str]
    ticks: Sequence[tuple[float, str]]


class Frame(msgspec.Struct, frozen=True):
    """Size of a chart and its margins, in its own units."""

    width: float
    height: float
    left: float = 44
    right: float = 16
    top: float = 12
    bottom: float = 30
    dots: bool = True
    rungs: Sequence[float] = (0.0, 0.25, 0.5, 0.75, 1.0)

    def point(self, at: float, share: float) -> Point:
        """Where a position and a share lie in the drawing."""
        x = self.left + at * (self.width - self.left - self.right)
        y = self.top + (1 - share) * (self.height - self.top - self.bottom)
        return round(x, 1), round(y, 1)


def chart(frame: Frame, axis: Axis, plot: Plot, said: str = "") -> str:
    """A chart of shares from 0 to 100% as an SVG element; ``said`` describes it in words."""
    drawn = [_grid(frame), _ticks(frame, axis)]
    drawn += [] if plot.band is None else [_band(frame, axis, plot.band)]
    drawn += [_moment(frame, moment) for moment in plot.moments]
    drawn += [_dot(frame.point(mark.at, mark.share), mark.said, mark.css) for mark in plot.marks]
    drawn += [_line(frame, axis, line) for line in reversed(plot.lines)]
    return (
        f'<svg viewBox="0 0 {frame.width:g} {frame.height:g}" role="img" '
        f'aria-label="{text(said)}">{"".join(drawn)}</svg>'
    )


def legend(lines: Sequence[Line]) -> str:
    """The names of lines beside their colours."""
    keys = "".join(
        element("span", f'<i class="{line.css}"></i>{text(line.name)}', "key") for line in lines
    )
    return element("div", keys, "legend")


def _grid(frame: Frame) -> str:
    drawn = []
    for rung in frame.rungs:
        (x, y), (end, _) = frame.point(0, rung), frame.point(1, rung)
        css = "floor" if rung == 0 else "rung"
        drawn.append(f'<line class="{css}" x1="{x}" y1="{y}" x2="{end}" y2="{y}"/>')
        drawn.append(f'<text class="scale" x="{x - 8}" y="{y + 4}">{rung:.0%}</text>')
    return "".join(drawn)


def _ticks(frame: Frame, axis: Axis) -> str:
    y = frame.height - frame.bottom + 18
    return "".join(
        f'<text class="tick" x="{frame.point(at, 0)[0]}" y="{y}">{text(word)}</text>'
        for at, word in axis.ticks
    )


def _band(frame: Frame, axis: Axis, band: Band) -> str:
    """The area between bounds, interrupted where there are none."""
    placed = list(zip(axis.at, band.bounds, strict=True))
    runs = [
        list(run) for missing, run in groupby(placed, lambda one: one[1] is None) if not missing
    ]
    drawn = ""
    for run in runs:
        known = [(at, bounds) for at, bounds in run if bounds]
        upper = [frame.point(at, most) for at, (_, most) in known]
        lower = [frame.point(at, least) for at, (least, _) in reversed(known)]
        path = " ".join(f"{x},{y}" for x, y in (*upper, *lower))
        drawn += f'<polygon class="{band.css}" points="{path}"/>'
    return drawn


def _moment(frame: Frame, moment: Moment) -> str:
    """A line, its name above; near the right edge the name stands to its left."""
    (x, bottom), (_, top) = frame.point(moment.at, 0), frame.point(moment.at, 1)
    anchor, beside = ("end", -6) if moment.at > _RIGHT else ("start", 6)
    line = f'<line x1="{x}" y1="{top}" x2="{x}" y2="{bottom}"/>'
    name = f'<text x="{x + beside}" y="{top - 7}" text-anchor="{anchor}">{text(moment.name)}</text>'
    return f'<g class="moment {moment.css}"><title>{text(moment.said)}</title>{line}{name}</g>'


def _line(frame: Frame, axis: Axis, line: Line) -> str:
    """The line, interrupted where there is no value."""
    placed = [
        (None if share is None else frame.point(at, share), said, share)
        for at, said, share in zip(axis.at, axis.said, line.values, strict=True)
    ]
    runs = [
        list(run) for missing, run in groupby(placed, lambda one: one[0] is None) if not missing
    ]
    drawn = ""
    for run in runs:
        path = " ".join(f"{point[0]},{point[1]}" for point, _, _ in run if point)
        drawn += f'<polyline class="{line.css}" points="{path}"/>'
        if frame.dots or len(run) == 1:
            drawn += "".join(
                _dot(point, f"{line.name}, {said}: {share:.1%}", line.css)
                for point, said, share in run
                if point
            )
    return drawn


def _dot(point: Point, said: str, css: str) -> str:
    x, y = point
    return f'<circle class="{css}" cx="{x}" cy="{y}" r="3.5"><title>{text(said)}</title></circle>'
