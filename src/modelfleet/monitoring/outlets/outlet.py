"""What an outlet is: somewhere to tell people of alerts, and what it says to that."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from modelfleet.monitoring.outlets.notice import Notice


class Taken(msgspec.Struct, frozen=True):
    """It was told."""


class Refused(msgspec.Struct, frozen=True):
    """It answered, and doesn't want it: a wrong address, a wrong password, a fault in the body."""

    why: str


class Unreachable(msgspec.Struct, frozen=True):
    """It didn't answer, or can't take anything now."""

    why: str


Answer = Taken | Refused | Unreachable


class Outlet(Protocol):
    """Somewhere to tell people of alerts.

    ``kind`` is one word for what it is, ``name`` what its position is kept under, the same after
    every restart; ``shown`` is how people are told of it, in the program's own log too. One that
    forgets is told of open alerts again every ``repeat`` seconds.
    """

    kind: str
    name: str
    shown: str
    repeat: float | None

    def tell(self, notices: Sequence[Notice]) -> Answer:
        """Tell notices of one group, of different alerts, in their order; all or none."""

    def close(self) -> None:
        """Give back connections."""
