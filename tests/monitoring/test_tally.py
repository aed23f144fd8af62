"""Of few kinds of decisions or many, counts add up, and pages leave no trace in their bytes."""

from collections.abc import Sequence

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from modelfleet.monitoring.counts import Counts, add
from modelfleet.monitoring.decided import Slices
from modelfleet.monitoring.tally import MOST_ALIKE, Table, Tally

Counted = Sequence[tuple[Slices, Counts]]

_kinds: st.SearchStrategy[Slices] = st.tuples(
    st.tuples(st.just("label"), st.sampled_from("abcdef")),
    st.tuples(st.just("hour"), st.sampled_from("123456")),
)
_decided = st.tuples(_kinds, st.dictionaries(st.integers(1, 5), st.integers(1, 3), min_size=1))
_pair: Slices = (("confusion", "a b"),)
_said: st.SearchStrategy[tuple[Slices, Counts]] = st.sampled_from(
    [(_pair, {8: 1}), (_pair, {8: -1})]
)
_counted: st.SearchStrategy[Counted] = st.lists(_decided | _said, max_size=4 * MOST_ALIKE)


def _stored(counted: Counted, ends: set[int]) -> bytes:
    """The bytes of a tally that was stored and read again at some places on the way."""
    tally = Tally()
    for place, (kind, counts) in enumerate(counted):
        tally.count(kind, counts)
        if place in ends:
            tally = msgspec.msgpack.decode(msgspec.msgpack.encode(tally.settled()), type=Tally)
    return msgspec.msgpack.encode(tally.settled())


@given(counted=_counted, ends=st.sets(st.integers(0, 4 * MOST_ALIKE)))
def test_pages_leave_no_trace(counted: Counted, ends: set[int]) -> None:
    assert _stored(counted, ends) == _stored(counted, set())


@given(counted=_counted)
def test_each_field_has_what_was_counted(counted: Counted) -> None:
    expected: Table = {}
    tally = Tally()
    for kind, counts in counted:
        tally.count(kind, counts)
        for field, value in kind:
            add(expected.setdefault(field, {}).setdefault(value, {}), counts)
    tally.spread()
    assert tally.table == _without_nothing(expected)


def _without_nothing(table: Table) -> Table:
    kept = {
        field: {value: of for value, of in values.items() if of} for field, values in table.items()
    }
    return {field: values for field, values in kept.items() if values}
