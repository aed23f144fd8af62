"""Text and metadata to features.

*In*: the text and the flat metadata of requests, of any language and length.
*Out*: `Features`, one per request: a dense sentence embedding and sparse hashed n-grams.
*Keeps*: the token embeddings and the tokenizer, once per process, read-only.
*Ignores*: tenants, tasks, labels, and where a text comes from or goes.
"""

from modelfleet.text.encoder import StaticEncoder, default_encoder
from modelfleet.text.features import DIMENSION, Features

__all__ = ["DIMENSION", "Features", "StaticEncoder", "default_encoder"]
