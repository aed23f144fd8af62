"""Text and metadata to features.

*In*: the text and the flat metadata of requests, of any language and length.
*Out*: `Features`, one per request: a dense sentence embedding and sparse hashed n-grams, made by
the `Encoder` that a recipe or a version names.
*Keeps*: the weights and tokenizers of encoders, once per process, read-only; and on disk the
embeddings that were slow to make, by content.
*Ignores*: tenants, tasks, labels, and where a text comes from or goes.
"""

from modelfleet.text.encoder import LONGEST_TEXT, StaticEncoder, default_encoder
from modelfleet.text.encoders import Encoders
from modelfleet.text.features import DIMENSION, Features
from modelfleet.text.protocol import Encoder

__all__ = [
    "DIMENSION",
    "LONGEST_TEXT",
    "Encoder",
    "Encoders",
    "Features",
    "StaticEncoder",
    "default_encoder",
]
