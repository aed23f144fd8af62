"""Bias against a kind of request: found and named where it is, and nowhere else."""

import numpy as np
import pytest
from numpy.typing import NDArray

from modelfleet.monitoring.budget import most_likely_at_most
from modelfleet.monitoring.detectors import Elements, advance, silent
from modelfleet.monitoring.discovery import Found, Requests, Search, discover, within
from modelfleet.monitoring.odds import shifted
from modelfleet.monitoring.slices import slice_bets

VALUES = (20, 24, 5)


def week(
    seed: int, requests: int, odds: float, where: tuple[tuple[int, int], ...] = ((0, 3),)
) -> Requests:
    """Requests with a language, an hour and a channel; in one kind the odds of error differ."""
    rng = np.random.default_rng(seed)
    fields = np.stack([rng.integers(0, values, requests) for values in VALUES], axis=1)
    expected = rng.beta(1, 5, requests)
    chance = np.where(within(fields, where), shifted(expected, odds), expected)
    searched = rng.random(requests) < 0.5
    return Requests(fields, rng.random(requests) < chance, expected, searched)


def names(found: list[Found]) -> list[tuple[tuple[int, int], ...]]:
    return [one.where for one in found]


def test_a_bad_slice_is_found_named_and_confirmed() -> None:
    (found,) = discover(week(1, 300_000, 1.5), Search())
    assert found.where == ((0, 3),)
    assert found.odds == pytest.approx(1.5, abs=0.15)
    assert found.requests == pytest.approx(15_000, rel=0.05)


def test_a_bad_pair_is_named_as_a_pair() -> None:
    assert names(discover(week(2, 300_000, 3.0, ((0, 3), (2, 1))), Search())) == [((0, 3), (2, 1))]


def test_nothing_is_named_when_nothing_is_wrong() -> None:
    assert not any(discover(week(seed, 20_000, 1.0), Search()) for seed in range(40))


def test_a_model_that_is_worse_everywhere_has_no_slice_to_blame() -> None:
    rng = np.random.default_rng(4)
    fine = week(4, 100_000, 1.0)
    worse = rng.random(100_000) < shifted(fine.expected, 2.0)
    everywhere = Requests(fine.fields, worse, fine.expected, fine.searched)
    assert discover(everywhere, Search()) == []


def test_a_hard_slice_that_is_known_to_be_hard_is_no_bias() -> None:
    rng = np.random.default_rng(5)
    fine = week(5, 100_000, 1.0)
    hard = np.where(within(fine.fields, ((0, 3),)), 0.5, fine.expected)
    known = Requests(fine.fields, rng.random(100_000) < hard, hard, fine.searched)
    assert discover(known, Search()) == []


def test_a_week_without_requests_has_no_slices() -> None:
    assert discover(week(6, 0, 1.0), Search()) == []


def rung(requests: Requests, share: float) -> NDArray[np.intp]:
    """Languages whose streams rang, one for each alarm."""
    levels, spent = silent(VALUES[0])
    rows = requests.fields[:, 0].astype(np.intp)
    factors = slice_bets(requests.happened, requests.expected)
    elements = Elements(rows, factors, np.full(len(rows), share))
    return np.asarray(rows[advance(levels, spent, elements).places])


def test_streams_of_slices_ring_for_the_bad_one() -> None:
    assert set(rung(week(7, 200_000, 1.6), 1e-8).tolist()) == {3}


def test_streams_of_slices_keep_to_their_budget() -> None:
    requests = week(8, 100_000, 1.1)
    assert most_likely_at_most(len(rung(requests, 1e-3))) < 100_000 * 1e-3
