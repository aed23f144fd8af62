"""What is held stays within the budget, whatever is asked for, and the books are right."""

import gc

from hypothesis import given
from hypothesis import strategies as st

from modelfleet.serving.eviction import Evictor, Held

STEPS = st.lists(
    st.tuples(st.sampled_from(["ask", "ask", "ask", "grow", "remove"]), st.integers(0, 15)),
    max_size=150,
)


@given(steps=STEPS, budget=st.integers(10, 400))
def test_what_is_held_stays_within_the_budget(steps: list[tuple[str, int]], budget: int) -> None:
    evictor: Evictor[int] = Evictor(budget)
    held: dict[int, Held[int]] = {}
    for verb, key in steps:
        if verb == "ask" and key in held:
            held[key].hit()
        elif verb == "ask":
            held[key] = Held(key)
            evictor.add(held[key], 10 + key)
        elif verb == "grow" and key in held:
            evictor.resize(held[key], held[key].size + 7)
        elif verb == "remove" and key in held:
            evictor.remove(held.pop(key))
        for dropped in evictor.over_budget():
            assert held.pop(dropped.key) is dropped
        assert evictor.nbytes == sum(one.size for one in held.values())
        assert evictor.nbytes <= budget or len(held) == 1


def test_nothing_is_left_of_what_is_held_no_more() -> None:
    evictor: Evictor[str] = Evictor(10_000)
    for number in range(100):
        one = Held(f"gone-{number}")
        evictor.add(one, 10)
        evictor.remove(one)
    del one
    left = [held for held in gc.get_objects() if isinstance(held, Held)]
    assert not [held for held in left if str(held.key).startswith("gone-")]


def test_what_is_asked_for_once_is_dropped_before_what_is_asked_for_often() -> None:
    evictor: Evictor[int] = Evictor(100)
    held = {key: Held(key) for key in range(1_000)}
    for key in range(10):
        evictor.add(held[key], 10)
        held[key].hit()
        held[key].hit()
    dropped: list[int] = []
    for key in range(10, 1_000):
        evictor.add(held[key], 10)
        dropped += [one.key for one in evictor.over_budget()]
    assert len(set(dropped) & set(range(10))) <= 1


def test_what_was_dropped_and_is_asked_for_again_isn_t_on_trial_any_more() -> None:
    evictor: Evictor[str] = Evictor(100)
    for key in "abcdefghij":
        one = Held(key)
        evictor.add(one, 10)
        one.hit()
        one.hit()
    list(evictor.over_budget())
    for key in ("x", "y"):  # each waits its time and goes
        evictor.add(Held(key), 10)
    gone = {one.key for one in evictor.over_budget()}
    assert "x" in gone
    evictor.add(Held("x"), 10)
    again = {one.key for one in evictor.over_budget()}
    evictor.add(Held("z"), 10)
    assert "x" not in again | {one.key for one in evictor.over_budget()}
