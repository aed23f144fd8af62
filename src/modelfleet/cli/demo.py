"""`modelfleet demo`: four weeks of a small world on embedded storage, in a few minutes."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from modelfleet.cli.logging import configure_logging
from modelfleet.cli.processes import Processes, train_until_told
from modelfleet.demo import Plan, console_for, load_world, show
from modelfleet.settings import Settings

_SHOWN = "error"
"""Lesser messages would be written over the table; a failed training has a line on it instead."""


def demo(
    data: Annotated[
        Path | None, typer.Option(help="A new folder for the data; temporary if left out.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=365, help="Simulated days.")] = 28,
    minutes: Annotated[float, typer.Option(min=0, help="Real minutes to spread them over.")] = 3.0,
    seed: Annotated[int, typer.Option(min=0, help="Chooses who writes what, and when.")] = 1,
    record: Annotated[
        Path | None, typer.Option(help="Write the final screen to this file, as SVG.")
    ] = None,
) -> None:
    """Watch twenty customers of different trades live through four weeks in three minutes."""
    configure_logging(_SHOWN)
    place = data or Path(tempfile.mkdtemp(prefix="modelfleet-demo-"))
    show(Plan(place, days, minutes, seed, record), load_world(), console_for(sys.stdout), _worker)


@contextmanager
def _worker(settings: Settings) -> Iterator[None]:
    """A training process beside this one."""
    workers = Processes(msgspec.structs.replace(settings, log_level=_SHOWN), [train_until_told])
    try:
        yield
    finally:
        workers.stop()
