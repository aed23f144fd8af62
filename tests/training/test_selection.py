"""Which examples a training learns from when there are more than it may learn from."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from modelfleet.training import Example
from modelfleet.training.selection import selected

SHORT, LONG = "where is it", "where is it? " * 40


def made(told: Sequence[tuple[str, str | None]]) -> list[Example]:
    return [Example(f"{at}", at + 1, at, text, {}, label) for at, (text, label) in enumerate(told)]


def seqs(examples: list[Example]) -> list[int]:
    return [one.seq for one in examples]


def test_the_newest_are_learned_from() -> None:
    examples = made([(SHORT, "parcel")] * 300)
    assert seqs(selected(examples, 200)) == list(range(101, 301))
    assert selected(examples, 300) == examples


def test_a_long_text_counts_as_several() -> None:
    short, long_ = (len(selected(made([(text, "parcel")] * 900), 700)) for text in (SHORT, LONG))
    assert short == 700
    assert long_ == 100


def test_what_a_rare_label_has_is_not_crowded_out_by_newer_examples_of_others() -> None:
    examples = made([(SHORT, "parcel")] * 150 + [(SHORT, "invoice")] * 500)
    kept = selected(examples, 400)
    assert seqs(kept)[:100] == list(range(51, 151))
    assert seqs(kept)[100:] == list(range(351, 651))


@given(
    st.lists(st.tuples(st.text(max_size=300), st.sampled_from(["a", "b", None])), max_size=40),
    st.integers(1, 60),
)
def test_they_keep_their_order_and_the_bound(told: list[tuple[str, str | None]], most: int) -> None:
    kept = selected(made(told), most)
    assert seqs(kept) == sorted(set(seqs(kept)))
    assert len(kept) <= most
