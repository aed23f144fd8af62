"""What people write is the same for the same seed, and never a request twice before its time."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from modelfleet.clock import DAY, HOUR
from modelfleet.demo import load_world
from modelfleet.demo.calendar import Calendar
from modelfleet.demo.mistyping import mistyped
from modelfleet.demo.people import visits

BUSINESS = load_world()[0]
END = 1_790_000_000_000_000


def test_a_seed_gives_the_same_stream_every_time_and_another_seed_another() -> None:
    assert visits(BUSINESS, 28, seed=1) == visits(BUSINESS, 28, seed=1)
    assert visits(BUSINESS, 28, seed=1) != visits(BUSINESS, 28, seed=2)


def test_a_longer_stay_begins_like_a_shorter_one() -> None:
    short = visits(BUSINESS, 5, seed=1)
    assert visits(BUSINESS, 9, seed=1)[: len(short)] == short


def test_half_of_the_requests_are_about_something_that_came_before() -> None:
    stream = visits(BUSINESS, 20, seed=1)
    assert not stream[0].again
    new = [visit for visit in stream if not visit.again]
    assert 0.35 < len(new) / len(stream) < 0.65
    written = {team.label: len(team.requests) for team in BUSINESS.teams}
    for team, count in written.items():
        assert sum(visit.team == team for visit in new) <= count


def test_about_as_many_requests_come_as_the_business_gets() -> None:
    per_day = len(visits(BUSINESS, 100, seed=3)) / 100
    assert abs(per_day - BUSINESS.requests_per_day) < 1.5


@given(st.text(), st.integers(0, 5), st.integers(0, 2**32))
def test_typing_errors_touch_letters_only(text: str, errors: int, seed: int) -> None:
    wrong = mistyped(text, errors, np.random.default_rng(seed))
    others = [letter for letter in text if not letter.isalpha()]
    assert [letter for letter in wrong if not letter.isalpha()] == others
    assert abs(len(wrong) - len(text)) <= errors


def test_the_days_follow_each_other_and_end_with_the_last() -> None:
    calendar = Calendar(28, END)
    begins = [calendar.begins(day) for day in range(1, 30)]
    assert all(later - earlier == DAY for earlier, later in pairwise(begins))
    assert begins[-1] == END


@given(st.integers(1, 28), st.integers(0, DAY - 1), st.integers(0, 30 * HOUR))
def test_nothing_happens_outside_its_day(day: int, daytime: int, delay: int) -> None:
    calendar = Calendar(28, END)
    moment = calendar.moment(day, daytime)
    later = calendar.later(day, moment, delay)
    assert calendar.begins(day) <= moment <= later < calendar.begins(day + 1) <= END
    assert moment % DAY == daytime
