"""The hand-written world is well-formed, and teams that open and close change what is right."""

from collections import Counter

import pytest

from modelfleet.demo import Business, Team, load_world
from modelfleet.demo.world import changes

WORLD = load_world()


def test_twenty_tenants_of_twenty_trades() -> None:
    assert len({business.tenant for business in WORLD}) == 20
    assert len({business.trade for business in WORLD}) == 20


@pytest.mark.parametrize("business", WORLD, ids=lambda business: business.tenant)
class TestEachBusiness:
    def test_has_four_to_twelve_teams(self, business: Business) -> None:
        assert 4 <= len(business.teams) <= 12
        assert len({team.label for team in business.teams}) == len(business.teams)

    def test_has_250_requests_or_more_and_none_twice(self, business: Business) -> None:
        requests = Counter(text for team in business.teams for text in team.requests)
        assert len(requests) >= 250
        assert max(requests.values()) == 1

    def test_has_openers_closers_and_requests_every_day(self, business: Business) -> None:
        assert len(business.openers) >= 15
        assert len(business.closers) >= 15
        assert 4 <= business.requests_per_day <= 12

    def test_has_one_team_that_opens_and_at_most_one_that_closes(self, business: Business) -> None:
        opening = [team for team in business.teams if team.from_day is not None]
        closing = [team for team in business.teams if team.until_day is not None]
        assert len(opening) == 1
        assert len(closing) <= 1
        assert not set(opening) & set(closing)

    def test_hands_over_to_teams_that_are_always_there(self, business: Business) -> None:
        always = {t.label for t in business.teams if t.from_day is None and t.until_day is None}
        for team in business.teams:
            assert (team.before is None) == (team.from_day is None)
            assert (team.after is None) == (team.until_day is None)
            assert {team.before, team.after} - {None} <= always

    def test_every_request_has_an_open_team_every_day(self, business: Business) -> None:
        for day in range(1, 29):
            open_teams = {team.label for team in business.open_teams(day)}
            assert {business.truth(team.label, day) for team in business.teams} == open_teams


ALWAYS = Team("desk", "Desk", "", (), ("where are you",))
OPENS = Team("returns", "Returns", "", (), ("too small",), from_day=3, before="desk")
CLOSES = Team("repairs", "Repairs", "", (), ("broken",), until_day=5, after="desk")
SHOP = Business("shop", "Shop", "shop", 5, (), (), (ALWAYS, OPENS, CLOSES))


def test_a_teams_requests_are_anothers_until_it_opens() -> None:
    assert [SHOP.truth("returns", day) for day in (1, 2, 3, 9)] == [
        "desk",
        "desk",
        "returns",
        "returns",
    ]


def test_a_teams_requests_are_anothers_once_it_has_closed() -> None:
    assert [SHOP.truth("repairs", day) for day in (1, 4, 5, 9)] == [
        "repairs",
        "repairs",
        "desk",
        "desk",
    ]


def test_teams_open_and_close_on_their_day_only() -> None:
    def labels(day: int) -> tuple[list[str], list[str]]:
        change = changes(SHOP, day)
        return [t.label for t in change.opening], [t.label for t in change.closing]

    assert labels(1) == (["desk", "repairs"], [])
    assert labels(2) == ([], [])
    assert labels(3) == (["returns"], [])
    assert labels(5) == ([], ["repairs"])
    assert labels(6) == ([], [])
