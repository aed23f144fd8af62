"""What is kept of a task is small, and survives as bytes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.monitoring.worlds import outcomes

from modelfleet.monitoring.state import SIZE, State
from modelfleet.monitoring.streams import STREAMS, Tolerance
from modelfleet.monitoring.watching import observe


def test_a_task_costs_less_than_five_hundred_bytes() -> None:
    assert SIZE < 500
    assert [len(one) for one in State.new(2).to_bytes()] == [SIZE, SIZE]


@given(seed=st.integers(0, 2**32 - 1), tasks=st.integers(0, 4))
def test_states_come_back_from_their_bytes(seed: int, tasks: int) -> None:
    rng = np.random.default_rng(seed)
    state = State.new(tasks)
    count = 30 * min(tasks, 1)
    whole = outcomes(
        rng.integers(0, max(tasks, 1), count),
        rng.random(count) < 0.3,
        rng.random(count),
        stream=rng.integers(0, STREAMS, count),
    )
    observe(state, whole, Tolerance())
    stored = state.to_bytes()
    back = State.from_bytes(stored)
    for name in State.__struct_fields__:
        assert np.array_equal(getattr(back, name), getattr(state, name))
    assert back.to_bytes() == stored


def test_tasks_can_be_stored_apart_and_read_together() -> None:
    state = State.new(3)
    state.sums[:] = np.arange(3 * STREAMS * 2).reshape(-1, 2)
    stored = state.to_bytes()
    assert State.from_bytes([stored[2]]).sums.tolist() == state.sums[2 * STREAMS :].tolist()


@pytest.mark.parametrize(
    "stored", [b"", b"\x02" + bytes(SIZE - 1), bytes(SIZE), b"\x01" + bytes(3)]
)
def test_bytes_of_another_version_are_refused(stored: bytes) -> None:
    good = State.new(1).to_bytes()
    with pytest.raises(ValueError, match="state 1 isn't one of version 1"):
        State.from_bytes([*good, stored])
