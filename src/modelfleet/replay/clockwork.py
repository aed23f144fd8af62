"""The clock of a replay: it stands still until it is moved, and never goes back."""


class SimulatedClock:
    """A clock for a `Fleet` that tells the time of the replay, in microseconds since 1970 UTC."""

    def __init__(self) -> None:
        self._now = 0

    def __call__(self) -> int:
        """The replay's time."""
        return self._now

    def move_to(self, time: int) -> None:
        """Let time pass; a time that is past already changes nothing."""
        self._now = max(self._now, time)
