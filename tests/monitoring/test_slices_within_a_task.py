"""Kinds of requests within one task, more of them than there is room for."""

from tests.monitoring.judged import judged

from modelfleet.monitoring.alarms.memory import MOST_SLICES, TaskMemory
from modelfleet.monitoring.alarms.within import advance_within


def test_a_kind_that_stands_out_is_named_among_more_than_there_is_room_for() -> None:
    memory = TaskMemory(b"")
    for number in range(3 * MOST_SLICES):
        many = [("office", f"{number}-{place}") for place in range(5)]
        right = judged(*many)
        advance_within(memory, right, happened=False, expected=0.1, share=1e-6)
        assert len(memory.slices) <= MOST_SLICES
    for number in range(200):
        some = [("office", f"{number}-{place}") for place in range(4)]
        wrong = judged(*some, ("language", "cs"))
        found = advance_within(memory, wrong, happened=True, expected=0.1, share=1e-6)
        if found is not None:
            break
    assert found is not None
    assert found[0] == ("language", "cs")
