"""What monitoring keeps of a task between outcomes, and its bytes."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.monitoring.streams import ALTERNATIVES, STREAMS

VERSION = 1

_LAYOUT = np.dtype(
    [
        ("version", "<u2"),
        ("levels", "<f4", (STREAMS, ALTERNATIVES)),
        ("spent", "<f8", (STREAMS,)),
        ("sums", "<f8", (STREAMS, 2)),
    ]
)

SIZE = _LAYOUT.itemsize
"""Bytes of a task's state."""


class State(msgspec.Struct, frozen=True, eq=False):
    """Of k tasks; row ``8 * task + stream`` is a task's stream. The arrays are changed in place.

    Attributes:
        levels: float32 ``(8k, 5)``, of the detectors.
        spent: float64 ``(8k,)``, the budget that they were given.
        sums: float64 ``(8k, 2)``, of what is usual (see `calibrating`).
    """

    levels: NDArray[np.float32]
    spent: NDArray[np.float64]
    sums: NDArray[np.float64]

    @classmethod
    def new(cls, tasks: int) -> "State":
        """Of tasks without any outcome."""
        rows = tasks * STREAMS
        return cls(np.zeros((rows, ALTERNATIVES), np.float32), np.zeros(rows), np.zeros((rows, 2)))

    @classmethod
    def from_bytes(cls, stored: Sequence[bytes]) -> "State":
        """Of one task for each that `to_bytes` gave.

        Raises:
            ValueError: one isn't of this version; it has to be made again from the log.
        """
        for place, one in enumerate(stored):
            if len(one) != SIZE or int.from_bytes(one[:2], "little") != VERSION:
                raise ValueError(f"state {place} isn't one of version {VERSION}")
        records = np.frombuffer(b"".join(stored), _LAYOUT)
        return cls(
            records["levels"].reshape(-1, ALTERNATIVES).copy(),
            records["spent"].reshape(-1).copy(),
            records["sums"].reshape(-1, 2).copy(),
        )

    def to_bytes(self) -> list[bytes]:
        """What to store of each task, `SIZE` bytes each."""
        records = np.zeros(len(self.spent) // STREAMS, _LAYOUT)
        records["version"] = VERSION
        records["levels"] = self.levels.reshape(-1, STREAMS, ALTERNATIVES)
        records["spent"] = self.spent.reshape(-1, STREAMS)
        records["sums"] = self.sums.reshape(-1, STREAMS, 2)
        return [record.tobytes() for record in records]
