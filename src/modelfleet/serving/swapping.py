"""Swapping what other processes made live before anybody asks for it."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import structlog

from modelfleet.errors import LogUnavailable
from modelfleet.serving.loading import SWAPS, Loader, State
from modelfleet.serving.served import ServedModel

Change = tuple[int, str, str, str]
"""An event: its place in the log, whose it is, of which task, and its kind."""

Turns = Callable[[Iterator[object]], None]
"""Goes through work step by step, in the thread that answers requests or in another, to its end."""

_MOST = 1_000
"""Swaps that wait at most: a second's work."""
_TOGETHER = 100
_SMALL = 1_000_000
"""Bytes of a model that is swapped within some tenths of a millisecond."""

_logger = structlog.get_logger()


class Swaps:
    """Swaps models in the background, each of which answers as before until that is done.

    ``fresh`` tells a task's model if it is in memory and up to date, ``replace`` puts another in
    its place, and ``notice`` is told of events of which a model is behind. ``turns`` says when a
    small model may be swapped; a large one is in a thread.
    """

    def __init__(
        self,
        loader: Loader,
        threads: int,
        fresh: Callable[[str, str], ServedModel | None],
        replace: Callable[[str, str, ServedModel, ServedModel], None],
        notice: Callable[[Iterable[Change]], None],
    ) -> None:
        self.turns: Turns = _half_of_the_time
        self._loader = loader
        self._fresh = fresh
        self._replace = replace
        self._notice = notice
        self._lock = Lock()
        self._waiting = 0
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="swaps")

    def begin(self, changes: Sequence[Change]) -> list[Change]:
        """Begin to swap models of which nothing changed but the version that is live.

        Returns:
            The changes of all others; all changes, if too many swaps wait.
        """
        swapping = self._swapping(changes)
        if not swapping or self._waiting + len(swapping) > _MOST:
            return list(changes)
        swaps = [change for change in changes if change[1:3] in swapping]
        with self._lock:
            self._waiting += len(swaps)
        self._pool.submit(self._swap, swaps)
        return [change for change in changes if change[1:3] not in swapping]

    def close(self) -> None:
        """Let swaps end that have begun, and begin none."""
        self._pool.shutdown(cancel_futures=True)

    def _swapping(self, changes: Sequence[Change]) -> dict[tuple[str, str], ServedModel]:
        """The models in memory that lack nothing but which version is live."""
        others = {(tenant, task) for _, tenant, task, kind in changes if kind not in SWAPS}
        found = {}
        for seq, tenant, task, _ in changes:
            model = self._fresh(tenant, task)
            if model is not None and model.applied < seq and (tenant, task) not in others:
                found[tenant, task] = model
        return found

    def _swap(self, swaps: list[Change]) -> None:
        """Swap models, one after another, between requests."""
        try:
            for start in range(0, len(swaps), _TOGETHER):
                models = self._swapping(swaps[start : start + _TOGETHER])
                states = self._loader.states(list(models))
                small = all(model.nbytes <= _SMALL for model in models.values())
                turns = self.turns if small else _half_of_the_time
                turns(self._swap_each(models, states, swaps[-1][0]))
        except LogUnavailable as error:
            _logger.warning("the log can't be read; swapping when asked", error=str(error))
        finally:  # those that were left out are behind; whoever asks for one hears what is wrong
            self._notice(swaps)
            with self._lock:
                self._waiting -= len(swaps)

    def _swap_each(
        self, models: Mapping[tuple[str, str], ServedModel], states: Sequence[State], head: int
    ) -> Iterator[None]:
        """Swap one model at each step."""
        for state, live in states:
            before = models[state.tenant, state.task]
            after = self._loader.swapped(before, state, live, head)
            if after is not None:
                self._replace(state.tenant, state.task, before, after)
            yield


def _half_of_the_time(steps: Iterator[object]) -> None:
    """Go through work in this thread, resting as long as each step took: requests come first."""
    begun = time.monotonic()
    for _ in steps:
        time.sleep(time.monotonic() - begun)
        begun = time.monotonic()
