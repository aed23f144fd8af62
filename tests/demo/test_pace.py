"""The demo takes the minutes it was given, and no longer than it must on a slow machine."""

from modelfleet.demo.pace import Pace


class Hours:
    """A clock that moves when somebody waits or works."""

    def __init__(self) -> None:
        self.time = 100.0

    def now(self) -> float:
        return self.time

    def pass_(self, seconds: float) -> None:
        self.time += seconds


def paced(hours: Hours, looks: list[float]) -> Pace:
    return Pace(10, 60, lambda: looks.append(hours.time), clock=hours.now, pause=hours.pass_)


def test_days_are_spread_over_the_time() -> None:
    hours, looks = Hours(), list[float]()
    pace = paced(hours, looks)
    pace.until(5)
    assert abs(pace.elapsed - 30) < 0.01
    assert len(looks) > 100  # the screen lives while it waits


def test_lost_time_is_made_up_for() -> None:
    hours = Hours()
    pace = paced(hours, [])
    hours.pass_(45)  # a slow machine
    pace.until(5)
    assert pace.elapsed == 45
    pace.until(10)
    assert abs(pace.elapsed - 60) < 0.01


def test_it_waits_for_training_but_not_forever() -> None:
    hours = Hours()
    pace = paced(hours, [])
    assert pace.settle(lambda: hours.time > 103, longest=20)
    assert 3 < pace.elapsed < 3.2
    assert not pace.settle(lambda: False, longest=20)
    assert pace.elapsed < 23.3
