"""Which words carried a score: a difference of two labels' scores, shared out exactly.

Scores are sums over features, so the lead of one label over another is a sum too. Each hashed
feature belongs to the words that have it: one word alone has its token, its character n-grams and
the edges of the text; two neighbours together have their bigram. Which is which is found by
encoding each word, and each two neighbours, by themselves. The embedding of the text is written as
a sum of its words' own embeddings by non-negative least squares (Lawson & Hanson 1974): exact for
an encoder that averages tokens (up to the one length that all are divided by), a projection for
others. What no word has, such as the part of a network that reads words in order, is the rest.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.text import Encoder, Features
from modelfleet.text.features import KIND_MASK, METADATA

Lead = Callable[[Features], float]
"""By how much one label's score leads another's."""

Keys = NDArray[np.uint32]

_WITHOUT_SPACES = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # kana, Chinese characters
_WORD = re.compile(f"[{_WITHOUT_SPACES}]|[^\\s{_WITHOUT_SPACES}]+")
_MOST_WORDS = 120
_MOST_PAIRS = 240
_EDGES = ".,;:!?\"'()[]{}\u00a1\u00bf\u2026\u3001\u3002\uff01\uff0c\uff1f"


class Share(msgspec.Struct, frozen=True):
    """A word, two neighbouring words, or a metadata field, and what it adds to the lead."""

    what: str
    weight: float


class Shares(msgspec.Struct, frozen=True):
    """A lead, shared out; what is largest, for or against, comes first.

    ``start`` is the lead before anything was read. ``start``, ``rest`` and all weights add up to
    ``lead``.
    """

    lead: float
    start: float
    words: tuple[Share, ...]
    fields: tuple[Share, ...]
    rest: float

    def covered(self, shown: Iterable[Share]) -> float:
        """The part of all that was shared out, for or against, which some shares stand for."""
        whole = sum(abs(one.weight) for one in (*self.words, *self.fields)) + abs(self.rest)
        return sum(abs(one.weight) for one in shown) / whole if whole else 1.0


def shared_out(text: str, metadata: Mapping[str, object], encoder: Encoder, lead: Lead) -> Shares:
    """What each word and field of a request adds to a lead.

    Args:
        text: of the request; of a long one the first 120 different words are told apart.
        metadata: of the request.
        encoder: makes features of it.
        lead: of one label's score over another's, for any features.
    """
    (whole,) = encoder.encode([text], [metadata])
    nothing = _part(whole, np.zeros_like(whole.dense), whole.keys[:0])
    start = lead(nothing)
    shares = _Sharing(whole, nothing, lambda part: lead(part) - start)
    words = _words(text)
    alone = encoder.encode(words, [{}] * len(words))
    shares.add_keys([(word, one.keys) for word, one in zip(words, alone, strict=True)])
    shares.add_keys(_neighbours(text, words, encoder))
    shares.add_dense(words, alone)
    fields = _Sharing(whole, nothing, shares.lead)
    named = [f"{name} = {value}" for name, value in metadata.items()]
    encoded = encoder.encode([""] * len(named), [{name: metadata[name]} for name in metadata])
    fields.add_keys(
        [(name, _of_metadata(one.keys)) for name, one in zip(named, encoded, strict=True)]
    )
    total = lead(whole)
    rest = total - start - sum(shares.weights.values()) - sum(fields.weights.values())
    return Shares(total, start, _sorted(shares.weights), _sorted(fields.weights), rest)


class _Sharing:
    """Weights by what they belong to: grows as parts of the features are found to be somebody's."""

    def __init__(self, whole: Features, nothing: Features, lead: Lead) -> None:
        self.lead = lead
        self.weights: dict[str, float] = {}
        self._whole = whole
        self._nothing = nothing
        self._taken = np.zeros(whole.keys.size, bool)

    def add_keys(self, owners: Sequence[tuple[str, Keys]]) -> None:
        """Share out hashed features that nobody has yet: equally among those that have them."""
        have = np.array([np.isin(self._whole.keys, keys) for _, keys in owners], bool)
        have = have.reshape(len(owners), self._whole.keys.size) & ~self._taken
        columns = np.flatnonzero(have.any(axis=0))
        groups: dict[bytes, list[int]] = {}
        for column in columns.tolist():
            groups.setdefault(have[:, column].tobytes(), []).append(column)
        for places in groups.values():
            weight = self.lead(_part(self._whole, self._nothing.dense, self._whole.keys[places]))
            sharing = np.flatnonzero(have[:, places[0]])
            for row in sharing.tolist():
                self._add(owners[row][0], weight / sharing.size)
        self._taken[columns] = True

    def add_dense(self, words: Sequence[str], alone: Sequence[Features]) -> None:
        """Share out the embedding."""
        if not words or not self._whole.dense.any():
            return
        from scipy.optimize import nnls  # noqa: PLC0415 - slow to import, and few requests need it

        columns = np.stack([one.dense for one in alone], axis=1).astype(np.float64)
        shares, _ = nnls(columns, self._whole.dense.astype(np.float64), maxiter=50 * len(words))
        for word, share, column in zip(words, shares.tolist(), columns.T, strict=True):
            if share:
                dense = (share * column).astype(np.float32)
                self._add(word, self.lead(_part(self._whole, dense, self._whole.keys[:0])))

    def _add(self, what: str, weight: float) -> None:
        self.weights[what] = self.weights.get(what, 0.0) + weight


def _part(whole: Features, dense: NDArray[np.float32], keys: Keys) -> Features:
    """Features that have an embedding and some of the hashed ones only."""
    places = np.searchsorted(whole.keys, keys)
    return Features(dense, keys, whole.values[places], whole.tokens[:0])


def _words(text: str) -> list[str]:
    """The different words of a text, in its order; case makes no difference."""
    first: dict[str, str] = {}
    for word in _WORD.findall(text):
        first.setdefault(word.lower(), word)
    return list(first.values())[:_MOST_WORDS]


def _neighbours(text: str, words: Sequence[str], encoder: Encoder) -> list[tuple[str, Keys]]:
    """What any two neighbours have together."""
    known = {word.lower() for word in words}
    pairs: dict[str, str] = {}
    for one, other in pairwise(_WORD.finditer(text)):
        if one[0].lower() in known and other[0].lower() in known and len(pairs) < _MOST_PAIRS:
            pair = text[one.start() : other.end()]
            pairs.setdefault(pair.lower(), pair)
    together = encoder.encode(list(pairs.values()), [{}] * len(pairs))
    return [(pair, one.keys) for pair, one in zip(pairs.values(), together, strict=True)]


def _of_metadata(keys: Keys) -> Keys:
    found: Keys = keys[keys & np.uint32(KIND_MASK) == METADATA]
    return found


def _sorted(weights: Mapping[str, float]) -> tuple[Share, ...]:
    """The largest first; each as it is read, without the signs around it."""
    read: dict[str, float] = {}
    for what, weight in weights.items():
        shown = " ".join(what.split()).strip(_EDGES) or what
        read[shown] = read.get(shown, 0.0) + weight
    ordered = sorted(read.items(), key=lambda item: (-abs(item[1]), item[0]))
    return tuple(Share(what, weight) for what, weight in ordered)
