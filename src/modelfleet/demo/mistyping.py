"""Typing errors: letters swapped, dropped and doubled."""

import numpy as np


def mistyped(text: str, errors: int, random: np.random.Generator) -> str:
    """The text with this many typing errors, fewer if it has too few letters.

    An error falls on a letter that another letter follows; so numbers and first words stay what
    they are more often than not, as when people type.
    """
    for _ in range(errors):
        places = [
            place
            for place in range(len(text) - 1)
            if text[place].isalpha() and text[place + 1].isalpha()
        ]
        if not places:
            return text
        place = places[int(random.integers(len(places)))]
        text = _one_error(text, place, int(random.integers(3)))
    return text


def _one_error(text: str, place: int, way: int) -> str:
    before, letter, following, rest = (
        text[:place],
        text[place],
        text[place + 1],
        text[place + 2 :],
    )
    wrong = (following + letter, following, letter + letter + following)[way]
    return before + wrong + rest
