"""Pacing: simulated days spread over real minutes, no faster than training can follow."""

from collections.abc import Callable
from time import monotonic, sleep

_LOOK_EVERY = 0.05
"""Seconds between two looks at the screen while waiting."""


class Pace:
    """Spreads a stretch of the world over real seconds.

    It waits until a moment, never for a length of time: what took longer than planned is made up
    for by waiting less later, so a slow machine spends no second on waiting.
    """

    def __init__(
        self,
        days: int,
        seconds: float,
        meanwhile: Callable[[], object],
        *,
        clock: Callable[[], float] = monotonic,
        pause: Callable[[float], object] = sleep,
    ) -> None:
        self._day_seconds = seconds / days
        self._meanwhile = meanwhile
        self._clock = clock
        self._pause = pause
        self._start = clock()

    def until(self, days: float) -> None:
        """Wait until so many days may have passed; not at all if it is later already."""
        moment = self._start + days * self._day_seconds
        self._meanwhile()
        while (left := moment - self._clock()) > 0:
            self._pause(min(left, _LOOK_EVERY))
            self._meanwhile()

    def settle(self, settled: Callable[[], bool], longest: float) -> bool:
        """Wait until something holds, ``longest`` seconds at most; whether it does."""
        give_up = self._clock() + longest
        while not (holds := settled()) and self._clock() < give_up:
            self._pause(_LOOK_EVERY)
            self._meanwhile()
        return holds

    @property
    def elapsed(self) -> float:
        """Real seconds since the beginning."""
        return self._clock() - self._start
