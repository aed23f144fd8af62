"""The checkpoint file that a version is, and the store that holds the files.

In: a header and named arrays to write; a key and a fingerprint to open.
Out: a ``Checkpoint``: the header as it was written, the arrays as read-only views.
Keeps: nothing in memory; a store owns the folder or bucket it was given.
Ignores: what the arrays mean, which version is live, who may read it.
"""

from modelfleet.models.checkpoint import Checkpoint, Header, fingerprint, write
from modelfleet.models.nearby import NearbyStore, open_store_near
from modelfleet.models.store import LocalStore, ObjectStore, Store, key, open_store

__all__ = [
    "Checkpoint",
    "Header",
    "LocalStore",
    "NearbyStore",
    "ObjectStore",
    "Store",
    "fingerprint",
    "key",
    "open_store",
    "open_store_near",
    "write",
]
