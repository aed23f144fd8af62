"""Token ids of texts: those of each word are found once, and remembered.

The tokenizer (Llama 2's) marks where a word begins, and none of its tokens goes from one word into
the next. So the tokens of a text are those of its words, one after the other, and most words have
been met before. Texts in which a word could be mistaken for one of the tokenizer's own marks are
handed to it whole.
"""

from collections.abc import Iterable, Sequence
from itertools import chain

import numpy as np
from tokenizers import Tokenizer

_MOST_REMEMBERED = 50_000
"""Words, some 10 MB of them; then it begins anew."""

_LONGEST_REMEMBERED = 32
_SPECIAL, _SPACE = "<", "\N{LOWER ONE EIGHTH BLOCK}"
"""What the names of special tokens begin with, and what stands for a space within the tokenizer."""


class Tokens:
    """Finds token ids, each two bytes long; threads share it."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._known: dict[str, bytes] = {"": b""}

    def of(self, texts: Sequence[str]) -> list[bytes]:
        """The ids of each text, uint16 in this machine's order; words have one space between."""
        known = self._known  # another thread may begin anew
        found: list[bytes] = []
        unknown: dict[int, list[str]] = {}
        for place, text in enumerate(texts):
            if _SPECIAL in text or _SPACE in text:
                found += self._asked([text])
                continue
            words = text.split(" ")
            try:
                found.append(b"".join(map(known.__getitem__, words)))
            except KeyError:
                unknown[place] = words
                found.append(b"")
        if unknown:
            ids = self._learned(known, chain.from_iterable(unknown.values()))
            for place, words in unknown.items():
                found[place] = b"".join(ids[word] for word in words)
        return found

    def _learned(self, known: dict[str, bytes], words: Iterable[str]) -> dict[str, bytes]:
        """The ids of words, of which some are new: these are asked for together."""
        ids = {word: known.get(word) for word in words}
        new = [word for word, of in ids.items() if of is None]
        learned = dict(zip(new, self._asked(new), strict=True))
        if len(known) > _MOST_REMEMBERED:
            self._known = {"": b""}
        known.update((word, of) for word, of in learned.items() if len(word) <= _LONGEST_REMEMBERED)
        return {word: learned[word] if of is None else of for word, of in ids.items()}

    def _asked(self, texts: Iterable[str]) -> list[bytes]:
        found = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [np.array(encoding.ids, np.uint16).tobytes() for encoding in found]
