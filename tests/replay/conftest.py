"""What the tests of replays share."""

from collections.abc import Callable
from pathlib import Path

import pytest

from modelfleet.events import Logged, Query
from modelfleet.fleet import Fleet
from modelfleet.replay import Asked, Course, History, Options, Order, read_history, run

WORDS = {
    "refund": "money back refund invoice charged twice credit",
    "delivery": "parcel courier late tracking delivery address",
    "login": "password account locked login reset code",
}
MakeHistory = Callable[[str], History]


def lines(count: int) -> str:
    """A file of a small shop: three labels told apart by their words, two tenants."""
    rows = ["text,label,tenant,time"]
    for number in range(count):
        label = list(WORDS)[number * 7 % 3]
        words = WORDS[label].split()
        said = f"{words[number % 6]} {words[(number + 2) % 6]} order {number}"
        day, hour = divmod(number, 24)
        tenant = "north" if number % 3 else "south & east"
        rows.append(f"{said},{label},{tenant},2024-01-{day + 1:02} {hour:02}:00")
    return "\n".join(rows) + "\n"


@pytest.fixture
def make_history(tmp_path: Path) -> MakeHistory:
    def make(content: str) -> History:
        path = tmp_path / "tickets.csv"
        path.write_text(content, encoding="utf-8")
        return read_history(path, Asked(), Order())

    return make


class Replayed:
    """A replay and the log of the fleet that it filled."""

    def __init__(self, course: Course, log: list[Logged]) -> None:
        self.course = course
        self.log = log


@pytest.fixture
def replay(make_history: MakeHistory, tmp_path: Path) -> Callable[[str, Options], Replayed]:
    def live_through(content: str, options: Options) -> Replayed:
        place = tmp_path / "fleet"
        course = run(make_history(content), options, lambda _: None, place)
        with Fleet(place, durable=False, train=False) as fleet:
            return Replayed(course, list(fleet.events(Query())))

    return live_through
