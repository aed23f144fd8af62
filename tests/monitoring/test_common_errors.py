"""What most errors have in common since a change is said, and only if it is new."""

import msgspec
import pytest
from tests.monitoring.judged import judged

from modelfleet.monitoring.alarms.common_errors import common_errors
from modelfleet.monitoring.matured import Matured

RIGHT = judged(outcome="confirmed")


def decided(best: str, right: str) -> Matured:
    return msgspec.structs.replace(
        RIGHT,
        label=best,
        best=best,
        right=right,
        said="accepted" if best == right else "reassigned",
    )


BEFORE = [decided(label, label) for label in "abcdefgh" for _ in range(12)]
USUAL = [decided(label, label) for label in "defgh" for _ in range(8)]


@pytest.mark.parametrize(
    ("errors", "said"),
    [
        ([("a", "a2")] * 5, "requests of a are now assigned to a2: 5 of 5"),
        (
            [*[("a", "a2")] * 4, *[("b", "b2")] * 2, ("b", "b3"), ("d", "e")],
            "requests of a and b are now assigned to a2 and b2: 6 of 8",
        ),
        (
            [(label, f"{label}2") for label in "aaabbccdd"],
            "requests of a, b, c and others are now assigned to a2, b2, c2 and others: 9 of 9",
        ),
        ([("a", "b"), ("b", "a")] * 4, "a and b were mixed up: 8 of 8"),
        ([("a", "a2")] * 3, ""),
        ([("a", "a2")] * 4 + [("d", "e"), ("e", "f"), ("f", "g"), ("g", "h"), ("h", "d")], ""),
    ],
)
def test_labels_that_were_split_are_named_however_many(
    errors: list[tuple[str, str]], said: str
) -> None:
    since = [*USUAL, *(decided(*error) for error in errors)]
    assert common_errors(BEFORE, since).removesuffix(" errors") == said


def test_a_label_that_was_split_long_ago_is_no_news() -> None:
    errors = [decided("a", "a2")] * 6
    assert common_errors([*BEFORE, *errors], [*USUAL, *errors]) == ""
