"""Tenants and labels of real data may be any strings; the platform gets safe names for them."""

from hypothesis import given
from hypothesis import strategies as st

from modelfleet.events.validation import check_name
from modelfleet.replay.names import safe_name

ORIGINALS = st.one_of(
    st.text(min_size=1, max_size=300),
    st.text("aA@. _-/é", min_size=1, max_size=6),
)


@given(ORIGINALS)
def test_every_original_gets_a_name_that_the_platform_accepts(original: str) -> None:
    assert check_name(safe_name(original), "label")


@given(ORIGINALS, ORIGINALS)
def test_different_originals_never_share_a_name(one: str, other: str) -> None:
    assert (safe_name(one) == safe_name(other)) == (one == other)


def test_a_good_name_stays_and_a_made_one_can_be_read() -> None:
    assert safe_name("card_arrival") == "card_arrival"
    assert safe_name("Billing / Refunds & more").startswith("Billing-Refunds-more@")


@given(ORIGINALS)
def test_an_original_that_looks_like_a_made_name_does_not_collide(original: str) -> None:
    made = safe_name(original + "/")
    assert safe_name(made) != made
