"""Which words tell one group of texts from another."""

import math
from collections import Counter
from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.events.terms import words

_LEAST_SIGNIFICANT = 1.96
_LEAST_OF_A_NAME = 1.0
_TIMES_IN_A_NAME = 2.0
_LEAST_BESIDE_THE_BEST = 0.1
_FEWEST_TEXTS = 2


class Telling(msgspec.Struct, frozen=True):
    """A word that one group has more often than another.

    Attributes:
        word: in lower case.
        share: of the group's texts that have it.
        share_elsewhere: of the other texts that have it.
        z: how sure the difference is, in standard errors.
    """

    word: str
    share: float
    share_elsewhere: float
    z: float


def telling_words(texts: Sequence[str], others: Sequence[str], most: int = 5) -> list[Telling]:
    """The words that tell some texts from others, the most telling first.

    A word counts once per text. Its log odds in both groups are compared, with all texts together
    as the prior, so that words that are merely rare don't lead (Monroe, Colaresi & Quinn 2008,
    "Fightin' Words").

    Args:
        texts: that are to be told apart.
        others: that they are told apart from.
        most: words that are wanted.
    """
    found = _told(texts, others, _LEAST_SIGNIFICANT)
    return sorted(found, key=lambda one: (-one.z, one.word))[:most]


def naming_words(
    texts: Sequence[str],
    others: Sequence[str],
    weights: Callable[[Sequence[str]], NDArray[np.floating]],
    most: int = 5,
) -> list[str]:
    """Words that name what some texts are about, the best first: said far more than elsewhere.

    How sure that is counts times the square of how much a word says by itself (``weights``). Few
    texts differ in words like "the" by chance as much as in what they are about, and where there
    are few others to compare with, that can't be seen in counts.
    """
    found = [
        one
        for one in _told(texts, others, _LEAST_OF_A_NAME)
        if one.share >= _TIMES_IN_A_NAME * one.share_elsewhere
    ]
    said = weights([one.word for one in found]).tolist()
    worth = {one.word: one.z * much**2 for one, much in zip(found, said, strict=True)}
    least = _LEAST_BESIDE_THE_BEST * max(worth.values(), default=0.0)
    ranked = sorted(worth, key=lambda word: (-worth[word], word))
    return [word for word in ranked[:most] if worth[word] >= least]


def _told(texts: Sequence[str], others: Sequence[str], least: float) -> list[Telling]:
    """The words that several of some texts have, and have more often than others."""
    here, there = _texts_with(texts), _texts_with(others)
    return [
        Telling(word, count / len(texts), there[word] / max(1, len(others)), z)
        for word, count in here.items()
        if count >= _FEWEST_TEXTS and not word.isdigit()
        if (z := _z(count, len(texts), there[word], len(others))) > least
    ]


def _texts_with(texts: Sequence[str]) -> Counter[str]:
    return Counter(word for text in texts for word in set(words(text)))


def _z(count: int, texts: int, elsewhere: int, others: int) -> float:
    """The difference of log odds over its standard error."""
    prior = (count + elsewhere + 0.5) / (texts + others + 1)
    with_word, without = count + prior, texts - count + 1 - prior
    with_there, without_there = elsewhere + prior, others - elsewhere + 1 - prior
    difference = math.log(with_word / without) - math.log(with_there / without_there)
    return difference / math.sqrt(1 / with_word + 1 / with_there)
