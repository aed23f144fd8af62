"""The shares that the demo shows are what their names say."""

import msgspec

from modelfleet.decisions import Decision
from modelfleet.demo import load_world
from modelfleet.demo.people import visits
from modelfleet.demo.tally import Counts, Tally, percentile
from modelfleet.events.kinds import Candidate

VISIT = visits(load_world()[0], 1, seed=1)[0]


def decision(best: str, *, sure: bool) -> Decision:
    return Decision(
        id="d",
        label=best if sure else None,
        candidates=(Candidate(best, 0.9),),
        threshold=0.5,
        version=None,
        time=0,
    )


def test_coverage_counts_answers_and_precision_the_right_ones_among_them() -> None:
    counts = Counts()
    counts.took(VISIT, decision("it", sure=True), "it")
    counts.took(VISIT, decision("hr", sure=True), "it")
    counts.took(VISIT, decision("it", sure=False), "it")
    counts.took(VISIT, decision("hr", sure=False), "it")
    assert counts.coverage == 0.5
    assert counts.precision == 0.5
    assert counts.best_guess == 0.5


def test_repeated_requests_can_be_left_out() -> None:
    counts = Counts()
    counts.took(VISIT, decision("hr", sure=True), "it")
    again = msgspec.structs.replace(VISIT, again=True)
    counts.took(again, decision("it", sure=True), "it")
    assert (counts.precision, counts.new_precision) == (0.5, 0.0)
    assert (counts.repeated, counts.new_coverage) == (1, 1.0)


def test_nothing_has_no_share() -> None:
    assert Counts().coverage is None
    assert Counts().precision is None
    assert percentile([], 50) is None


def test_sums_run_from_a_day_to_a_day() -> None:
    tally = Tally(["a", "b"], 3)
    for day in (1, 2, 3):
        tally.day("a", day).requests = day
        tally.day("b", day).requests = 10 * day
    assert tally.of(["a"]).requests == 6
    assert tally.of(["a", "b"], 2, 3).requests == 55
