"""The encoders of a process: opened by the names that recipes and versions give them."""

import threading
from pathlib import Path

from modelfleet.errors import EncoderUnusable
from modelfleet.text.embedding_cache import EmbeddingCache
from modelfleet.text.encoder import default_encoder
from modelfleet.text.hub import folder_of
from modelfleet.text.model_folder import open_folder
from modelfleet.text.protocol import Encoder
from modelfleet.text.sentences import SentenceEncoder, embedding_by

_SENTENCES = "sentence-transformers"
_VERSION_DIGITS = 12


class Encoders:
    """Opens each encoder once; threads share it.

    A name is ``static``, or ``sentence-transformers:`` and a model's folder or name; ``#`` and a
    version behind it (as versions of models have it) asks for that very one.
    """

    def __init__(self, embeddings: Path) -> None:
        self._cache = EmbeddingCache(embeddings)
        self._opened: dict[str, Encoder] = {}
        self._lock = threading.Lock()

    def named(self, name: str) -> Encoder:
        """The encoder of that name.

        Raises:
            EncoderUnusable: there is none, it can't be opened, or it has another version.
        """
        what, _, version = name.partition("#")
        with self._lock:
            if what not in self._opened:
                self._opened[what] = _open(what)
            encoder = self._opened[what]
        if version and encoder.name != name:
            raise EncoderUnusable(f"encoder '{name}' isn't here any more: it is {encoder.name} now")
        return encoder

    def remembering(self, name: str) -> Encoder:
        """The same encoder, for training: what is slow to make is kept and found again on disk.

        Raises:
            EncoderUnusable: there is none, it can't be opened, or it has another version.
        """
        encoder = self.named(name)
        if not isinstance(encoder, SentenceEncoder):
            return encoder
        embed = self._cache.remembering(encoder.name, encoder.dimension, encoder.embed)
        return encoder.with_embed(embed)


def _open(what: str) -> Encoder:
    kind, _, model = what.partition(":")
    if what == "static":
        return default_encoder()
    if kind != _SENTENCES or not model:
        raise EncoderUnusable(
            f"encoder '{what}' isn't known; known are static and {_SENTENCES}:<folder or name>"
        )
    opened = open_folder(folder_of(model))
    words = default_encoder()
    name = f"{what}#{opened.digest[:_VERSION_DIGITS]}-{words.name.partition('#')[2]}"
    return SentenceEncoder(name, opened.bert.dimension, words, embedding_by(opened))
