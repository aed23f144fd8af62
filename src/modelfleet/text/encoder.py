"""Text and metadata to features: a static sentence embedding and hashed n-grams, in one pass.

The token embeddings and their tokenizer are the files that the `wordllama` wheel carries
(256 dimensions, Llama 2's 32,000 tokens; MIT licence). The package itself isn't imported.
"""

import importlib.util
import math
import os
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import accumulate
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file
from scipy.sparse import csr_array
from tokenizers import Tokenizer

from modelfleet.text.features import (
    BIGRAM,
    CHARACTERS,
    DIMENSION,
    KIND_MASK,
    METADATA,
    MOST_TOKENS,
    TOKEN,
    Features,
)
from modelfleet.text.hashing import Hashes, bigrams, character_ngrams, metadata_keys, mixed
from modelfleet.text.tokens import Tokens

LONGEST_TEXT = 10_000
"""Characters of a text that are read; what follows is ignored, so that time is bounded."""

KIND_WEIGHTS = (1.0, 1.0, 0.5)
"""Value of one token, bigram and n-gram before normalising; metadata are weighed on their own."""

METADATA_SHARE = 0.2
"""Share of a request's squared sparse norm that its metadata have, if there are any."""

_SAID = (1 + np.log(np.maximum(1, np.arange(256)))).astype(np.float32)
"""Weight of what a text says so many times: what is repeated is more likely its topic."""

_CHUNK = 64
_EDGE = 1  # the tokenizer's <s>: stands before the first token and after the last
_EDGE_BYTES = np.uint16(_EDGE).tobytes()
_HASH_MASK = np.uint32(0xFFFFFFFF ^ KIND_MASK)
_OWNER_SHIFT = np.uint64(32)

Owners = NDArray[np.uint64] | None
"""The number of the text that each key belongs to; None if there is only one text."""

OwnedKeys = NDArray[np.unsignedinteger]
"""Keys of all texts: the owner in the upper 32 bits; of only one text: the plain keys."""


class StaticEncoder:
    """Encodes requests; holds the token embeddings (32 MB), shared by all threads.

    It gives the same features whatever was asked before, so one encoder serves any number of
    threads.
    """

    name = "static#2"
    dimension = DIMENSION
    quick = True

    def __init__(self, tokenizer: Tokenizer, embeddings: NDArray[np.float32]) -> None:
        self._tokens = Tokens(tokenizer)
        self._embeddings = embeddings
        self._token_hashes = mixed(np.arange(1, len(embeddings) + 1, dtype=np.uint32))

    @classmethod
    def installed(cls) -> "StaticEncoder":
        """The encoder from the files of the installed `wordllama` wheel."""
        # Its own threads would only wait for the interpreter's, and take turns with them.
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        folder = _folder_of("wordllama")
        tokenizer = Tokenizer.from_file(
            str(folder / "tokenizers" / "l2_supercat_tokenizer_config.json")
        )
        weights = load_file(folder / "weights" / "l2_supercat_256.safetensors")
        # float32 costs 16 MB more than float16, and a lookup a fifth of the time.
        return cls(tokenizer, weights["embedding.weight"].astype(np.float32))

    def encode(
        self, texts: Sequence[str], metadata: Sequence[Mapping[str, object]]
    ) -> list[Features]:
        """The features of each text with its metadata; the same alone as in any batch.

        Raises:
            ValueError: if there are not as many metadata as texts.
        """
        if len(texts) != len(metadata):
            raise ValueError(f"{len(texts)} texts, but {len(metadata)} metadata")
        found: list[Features] = []
        for start in range(0, len(texts), _CHUNK):
            stop = start + _CHUNK
            found += self._encode_chunk(texts[start:stop], metadata[start:stop])
        return found

    def vectors(self, tokens: NDArray[np.uint16]) -> NDArray[np.float32]:
        """The embedding of each token: ``(n, 256)``."""
        return self._embeddings[tokens]

    def weights(self, words: Sequence[str]) -> NDArray[np.float32]:
        """How much each word says by itself, ``(n,)``: the length of its embedding.

        The embeddings were trained so that the mean of a text's tells it from others. So what is in
        all texts became short: in English "the" has 1.6, "parking" 18.8.
        """
        found = self.encode(words, [{}] * len(words))
        return np.array([np.linalg.norm(self.vectors(one.tokens).sum(axis=0)) for one in found])

    def _encode_chunk(
        self, texts: Sequence[str], metadata: Sequence[Mapping[str, object]]
    ) -> list[Features]:
        words = [_normalised(text) for text in texts]
        tokens, lengths = self._tokenised(words)
        dense = self._embedded(tokens, lengths)
        owned = [*self._token_keys(tokens, lengths), _character_keys(words)]
        if any(metadata):
            owned.append(_metadata_keys(metadata))
        return _assembled(dense, _in_order(tokens, lengths), np.concatenate(owned))

    def _tokenised(self, words: list[str]) -> tuple[NDArray[np.intp], list[int]]:
        """All token ids, with an edge before each text and after the last; tokens per text."""
        found = self._tokens.of(words)
        flat = np.frombuffer(_EDGE_BYTES.join([b"", *found, b""]), np.uint16)
        return flat.astype(np.intp), [len(ids) // flat.itemsize for ids in found]

    def _embedded(self, tokens: NDArray[np.intp], lengths: list[int]) -> NDArray[np.float32]:
        """Normalised mean of the tokens' embeddings, ``(texts, 256)``."""
        sums = self._sums(tokens, lengths)
        norms = [math.sqrt(total.dot(total)) or 1.0 for total in sums]
        sums /= np.array(norms, np.float32)[:, None]
        return sums

    def _sums(self, tokens: NDArray[np.intp], lengths: list[int]) -> NDArray[np.float32]:
        """The sum of each text's embeddings, token by token, so one text and many are the same."""
        if len(lengths) == 1:
            found = self._embeddings[tokens[1:-1]]
            return np.add.reduce(found, axis=0, dtype=np.float32, keepdims=True)
        bounds = np.cumsum([0, *lengths])
        inside = np.delete(tokens, bounds + np.arange(bounds.size))
        ones = np.ones(inside.size, np.float32)
        counts = csr_array((ones, inside, bounds), (len(lengths), len(self._embeddings)))
        sums: NDArray[np.float32] = counts @ self._embeddings
        return sums

    def _token_keys(
        self, tokens: NDArray[np.intp], lengths: list[int]
    ) -> tuple[OwnedKeys, OwnedKeys]:
        """Keys of single tokens, and of neighbours; an edge has a part in the latter only.

        So even an empty text has one feature, the two edges next to each other.
        """
        hashes = self._token_hashes[tokens]
        owners = _owners([length + 1 for length in lengths])
        inside = np.flatnonzero(tokens[:-1] != _EDGE)
        singles = _owned(_at(owners, inside), hashes[inside], TOKEN)
        return singles, _owned(owners, mixed(bigrams(hashes)), BIGRAM)


def _folder_of(package: str) -> Path:
    """The folder of an installed package, which is not imported."""
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError(f"the package {package} is not installed", name=package)
    return Path(found.submodule_search_locations[0])


def _normalised(text: str) -> str:
    """One form for what reads the same: compatibility characters, case and white space."""
    text = text[:LONGEST_TEXT]
    if not text.isascii():
        # A lone surrogate is no character; it can't be encoded and becomes a question mark.
        text = unicodedata.normalize("NFKC", text).encode("utf-8", "replace").decode("utf-8")
    return " ".join(text.lower().split())[:LONGEST_TEXT]


def _owners(lengths: list[int]) -> Owners:
    """The owner of each place, where text i has ``lengths[i]`` places."""
    if len(lengths) == 1:
        return None
    return np.repeat(np.arange(len(lengths), dtype=np.uint64), lengths)


def _at(owners: Owners, places: NDArray[np.intp]) -> Owners:
    return None if owners is None else owners[places]


def _owned(owners: Owners, hashes: Hashes, kind: int) -> OwnedKeys:
    """Keys of one kind; changes ``hashes``."""
    hashes &= _HASH_MASK
    hashes |= np.uint32(kind)
    return hashes if owners is None else owners << _OWNER_SHIFT | hashes


def _character_keys(words: list[str]) -> OwnedKeys:
    """Keys of all n-grams of characters, found in one pass over all texts."""
    joined = f" {' '.join(words)} "
    points = np.frombuffer(joined.encode("utf-32-le"), np.uint32)
    owners = _owners([len(text) + 1 for text in words])
    hashes, starts = character_ngrams(points)
    return _owned(_at(owners, starts), mixed(hashes), CHARACTERS)


def _metadata_keys(metadata: Sequence[Mapping[str, object]]) -> OwnedKeys:
    """Keys of all metadata of all requests."""
    return np.array(
        [
            owner << 32 | key
            for owner, fields in enumerate(metadata)
            for key in metadata_keys(fields)
        ],
        np.uint64 if len(metadata) > 1 else np.uint32,
    )


def _in_order(tokens: NDArray[np.intp], lengths: list[int]) -> list[NDArray[np.uint16]]:
    """The first tokens of each text, as views of one array."""
    small = tokens.astype(np.uint16)
    if len(lengths) == 1:
        return [small[1 : 1 + min(lengths[0], MOST_TOKENS)]]
    starts = accumulate((length + 1 for length in lengths), initial=1)
    return [
        small[start : start + min(length, MOST_TOKENS)]
        for start, length in zip(starts, lengths, strict=False)
    ]


def _assembled(
    dense: NDArray[np.float32], tokens: list[NDArray[np.uint16]], owned: OwnedKeys
) -> list[Features]:
    """The features of each text, from its row of ``dense``, its tokens and its keys, unsorted."""
    owned.sort()
    first = np.empty(owned.size + 1, np.bool_)
    first[0] = first[-1] = True
    np.not_equal(owned[1:], owned[:-1], out=first[1:-1])
    starts = np.flatnonzero(first)
    owned = owned[starts[:-1]]
    said = _SAID.take(np.diff(starts), mode="clip")
    keys = owned.astype(np.uint32, copy=False)
    kinds = keys & np.uint32(KIND_MASK)
    if len(dense) == 1:
        return [Features(dense[0], keys, _values(kinds, said), tokens[0])]
    values = _values_of_all(kinds, said, owned >> _OWNER_SHIFT, len(dense))
    firsts = np.arange(1, len(dense), dtype=np.uint64) << _OWNER_SHIFT
    bounds = [0, *owned.searchsorted(firsts).tolist(), keys.size]
    return [
        Features(row, keys[start:stop], values[start:stop], ordered)
        for row, ordered, start, stop in zip(dense, tokens, bounds[:-1], bounds[1:], strict=True)
    ]


def _values(kinds: Hashes, said: NDArray[np.float32]) -> NDArray[np.float32]:
    """The value of each feature, so that the squares of all add up to one.

    Args:
        kinds: of each feature; a kind weighs more than another.
        said: the weight that each one's count gives it.
    """
    squares = np.bincount(kinds, said * said, KIND_MASK + 1).tolist()
    total = sum(square * weight**2 for square, weight in zip(squares, KIND_WEIGHTS, strict=False))
    text, metadata = 1.0, 0.0
    if squares[METADATA]:
        text -= METADATA_SHARE
        metadata = math.sqrt(METADATA_SHARE / squares[METADATA])
    scale = math.sqrt(text / total)
    weights = np.array([*(weight * scale for weight in KIND_WEIGHTS), metadata], np.float32)
    return weights[kinds] * said


def _values_of_all(
    kinds: Hashes, said: NDArray[np.float32], owners: NDArray[np.uint64], count: int
) -> NDArray[np.float32]:
    """What `_values` gives for the features of each text, of all texts at once."""
    places = owners.astype(np.intp) * (KIND_MASK + 1) + kinds
    shape = (count, KIND_MASK + 1)
    squares = np.bincount(places, said * said, count * (KIND_MASK + 1)).reshape(shape)
    total = sum(squares[:, kind] * weight**2 for kind, weight in enumerate(KIND_WEIGHTS))
    described = squares[:, METADATA] > 0
    scale = np.sqrt((1.0 - METADATA_SHARE * described) / total)
    metadata = np.sqrt(METADATA_SHARE / np.maximum(1, squares[:, METADATA]))
    weights = np.column_stack([*(weight * scale for weight in KIND_WEIGHTS), metadata])
    values: NDArray[np.float32] = weights.astype(np.float32).ravel()[places] * said
    return values


@cache
def default_encoder() -> StaticEncoder:
    """The one encoder of this process, built at the first call."""
    return StaticEncoder.installed()
