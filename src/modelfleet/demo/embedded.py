"""The platform that the demo runs on: embedded storage, and training beside it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from modelfleet.clock import MINUTE
from modelfleet.errors import InvalidInput
from modelfleet.fleet import Fleet
from modelfleet.settings import Settings

Training = Callable[[Settings], AbstractContextManager[object]]
"""Runs what trains a fleet for as long as the context lasts, such as a process of its own."""


@contextmanager
def opened(data: Path, training: Training | None = None) -> Iterator[Fleet]:
    """A fleet in a new folder, with what trains it; both end with the context.

    This is the one place that decides where training runs: as ``training`` says, or in a thread.

    Raises:
        InvalidInput: the folder holds something already, which the world would be mixed up with.
    """
    if data.exists() and (not data.is_dir() or any(data.iterdir())):
        raise InvalidInput.at("data", f"must be a new or an empty folder; got {data}")
    with Fleet(data, train=training is None) as fleet:
        if training is None:
            yield fleet
            return
        with training(fleet.settings):
            yield fleet


def trained_up(fleet: Fleet) -> bool:
    """Whether no task waits for its training or is being trained.

    A task with a little new evidence may wait for more; that isn't waiting for training.
    """
    next_time = fleet.queue.next_time()
    return next_time is None or next_time > fleet.clock() + MINUTE
