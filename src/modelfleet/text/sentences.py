"""Features with the dense block of a sentence-transformers model; all else as by default."""

from collections.abc import Callable, Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.text.encoder import LONGEST_TEXT, StaticEncoder
from modelfleet.text.features import Features
from modelfleet.text.model_folder import Opened

Embed = Callable[[Sequence[str]], NDArray[np.float32]]
"""The unit vectors ``(n, D)`` of n texts."""


WORDS = np.float32(0.5)
"""Norm of the sparse block. Next to a sentence's meaning, words say less than next to a mean of
token vectors: all of it loses 1 to 6 points with 0 to 10 examples per label; see
`docs/learning.md`."""


class SentenceEncoder:
    """Encodes requests: meaning by ``embed``, words and metadata as the static encoder does."""

    quick = False

    def __init__(self, name: str, dimension: int, words: StaticEncoder, embed: Embed) -> None:
        self.name = name
        self.dimension = dimension
        self.embed = embed
        self._words = words

    def encode(
        self, texts: Sequence[str], metadata: Sequence[Mapping[str, object]]
    ) -> list[Features]:
        """The features of each text with its metadata; the same alone as in any batch.

        Raises:
            ValueError: if there are not as many metadata as texts.
        """
        words = self._words.encode(texts, metadata)
        dense = self.embed(texts)
        return [
            msgspec.structs.replace(features, dense=row, values=features.values * WORDS)
            for features, row in zip(words, dense, strict=True)
        ]

    def with_embed(self, embed: Embed) -> "SentenceEncoder":
        """The same encoder, which gets its vectors in another way."""
        return SentenceEncoder(self.name, self.dimension, self._words, embed)


def embedding_by(model: Opened) -> Embed:
    """The vectors that a model makes; each text alone, since batches would gain nothing."""

    def embed(texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = np.zeros((len(texts), model.bert.dimension), np.float32)
        for row, text in enumerate(texts):
            # A lone surrogate is no character; it can't be encoded and becomes a question mark.
            plain = text[:LONGEST_TEXT].encode("utf-8", "replace").decode("utf-8")
            tokens = model.tokenizer.encode(plain).ids
            if tokens:  # some tokenizers give an empty text none
                vectors[row] = model.bert.embedding(tokens)
        return vectors

    return embed
