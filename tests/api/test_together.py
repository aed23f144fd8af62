"""Requests that come together are decided together, and each stands alone all the same."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelfleet.api.together import Together
from modelfleet.api.wakeups import Wakeups
from modelfleet.decisions import Decision, Prediction, Request, Scorer
from modelfleet.decisions.scoring import Question, score_together
from modelfleet.errors import CheckpointDamaged, LogUnavailable
from modelfleet.fleet import Fleet
from modelfleet.serving import ServedModel


def test_one_tenants_trouble_does_not_touch_those_who_asked_in_the_same_turn(
    small_fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    get = small_fleet.cache.get
    for tenant in ("acme", "globex", "initech"):
        small_fleet.task(tenant, "team").define_label("wifi")

    def broken(tenant: str, task: str) -> ServedModel:
        if tenant == "globex":
            raise CheckpointDamaged("globex/team")
        return get(tenant, task)

    monkeypatch.setattr(small_fleet.cache, "get", broken)

    async def ask() -> list[Decision | BaseException]:
        together = Together(small_fleet.decider.decide_together, Wakeups().tell)
        tenants = ("acme", "globex", "initech")
        asked = [small_fleet.decider.asked(one, "team", Request("no wifi")) for one in tenants]
        answers = (together.answer(one) for one in asked)
        return await asyncio.gather(*answers, return_exceptions=True)

    first, second, third = asyncio.run(ask())
    assert isinstance(second, CheckpointDamaged)
    assert isinstance(first, Decision)
    assert isinstance(third, Decision)
    assert first.candidates[0].label == third.candidates[0].label == "wifi"


def test_predictions_that_are_asked_for_together_are_those_that_each_gets_alone(
    small_fleet: Fleet,
) -> None:
    for tenant, labels in (("acme", ("wifi", "door", "lift")), ("globex", ("wifi", "tax"))):
        for label in labels:
            small_fleet.task(tenant, "team").define_label(label, keywords=[f"broken {label}"])
    scorer = Scorer(small_fleet.cache)
    asked = [
        (tenant, Request(text), most)
        for tenant, most in (("acme", 1), ("globex", 5), ("acme", 2))
        for text in ("no wifi", "the lift is broken", "a tax form", "no wifi")
    ]

    async def ask() -> list[Prediction]:
        together = Together(score_together)
        questions = [
            Question(scorer.model(tenant, "team"), request, most) for tenant, request, most in asked
        ]
        return await asyncio.gather(*map(together.answer, questions * 10))

    alone = [scorer.score(tenant, "team", [one], most=most)[0] for tenant, one, most in asked]
    assert asyncio.run(ask()) == alone * 10
    assert [len(one.candidates) for one in alone] == [1] * 4 + [2] * 4 + [2] * 4


class Rounds:
    """Answers at once, and notes how many were answered in each go."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.together: Together[str, str] = Together(self._answer_all)

    def _answer_all(self, asked: Sequence[tuple[str, Callable[[str | Exception], None]]]) -> None:
        self.sizes.append(len(asked))
        for one, tell in asked:
            tell(one.upper())

    async def ask(self, some: str) -> None:
        answers = await asyncio.gather(*map(self.together.answer, some))
        assert answers == list(some.upper())


def test_a_round_waits_for_as_many_as_the_last_had() -> None:
    rounds = Rounds()

    async def ask() -> None:
        await rounds.ask("abc")
        first = asyncio.ensure_future(rounds.ask("d"))
        await asyncio.sleep(0)
        await rounds.ask("ef")
        assert first.done()

    asyncio.run(ask())
    assert rounds.sizes == [3, 3]


def test_who_asks_alone_is_answered_soon_and_then_at_once() -> None:
    rounds = Rounds()

    async def ask() -> None:
        await rounds.ask("abc")
        await asyncio.wait_for(rounds.ask("d"), timeout=5)
        alone = asyncio.ensure_future(rounds.ask("e"))
        for _ in range(10):  # turns of the loop, in which no time passes
            await asyncio.sleep(0)
        assert alone.done()

    asyncio.run(ask())
    assert rounds.sizes == [3, 1, 1]


@given(st.lists(st.integers(1, 200), max_size=6))
def test_everybody_is_answered_however_many_ask(crowds: list[int]) -> None:
    rounds = Rounds()

    async def ask() -> None:
        for crowd in crowds:
            await asyncio.wait_for(rounds.ask("x" * crowd), timeout=5)

    asyncio.run(ask())
    assert sum(rounds.sizes) == sum(crowds)
    assert max(rounds.sizes, default=0) <= 64


def test_who_waits_while_the_fleet_is_closed_is_told_so() -> None:
    async def wait() -> None:
        never: Future[None] = Future()
        asked = asyncio.ensure_future(Wakeups().result(never))
        await asyncio.sleep(0)
        never.cancel()
        await asyncio.wait_for(asked, timeout=5)

    with pytest.raises(LogUnavailable, match="closed"):
        asyncio.run(wait())
