"""A published version, opened with its model and the encoder that it was made with."""

import msgspec

from modelfleet.catalog import Version
from modelfleet.errors import CheckpointUnusable, EncoderUnusable
from modelfleet.learners import Model, opened
from modelfleet.learners.lately import Lately
from modelfleet.learners.novelty import Novelty
from modelfleet.learners.operating import Curve
from modelfleet.models import Header, Store, key
from modelfleet.text import Encoder, Encoders


class OpenVersion(msgspec.Struct, frozen=True, eq=False):
    """A version that can answer: features that ``encoder`` makes are what ``model`` scores.

    ``watermark`` is how much of this log it knows: its file may come from a log with other numbers.
    ``novelty``, ``curve`` and ``lately`` are what comes with the model; an old version has no
    novelty, and an empty curve. All arrays together have ``nbytes``.
    """

    header: Header
    watermark: int
    model: Model
    encoder: Encoder
    novelty: Novelty | None
    curve: Curve
    lately: Lately
    nbytes: int


def open_version(
    store: Store, encoders: Encoders, tenant: str, task: str, version: Version
) -> OpenVersion:
    """A version of a task, with its own encoder, whichever the recipe names by now.

    Raises:
        CheckpointUnusable: its file is missing or damaged, or its learner or encoder isn't here.
        StoreUnavailable: the store can't be reached.
    """
    place = key(tenant, task, version.version)
    checkpoint = store.open(place, version.fingerprint)
    header = checkpoint.header
    try:
        model = opened(header.learner, header.labels, checkpoint.arrays)
        return OpenVersion(
            header,
            version.watermark,
            model,
            encoders.named(header.encoder),
            Novelty.from_arrays(checkpoint.arrays),
            Curve.from_arrays(checkpoint.arrays),
            Lately.from_arrays(checkpoint.arrays, len(header.labels)),
            sum(array.nbytes for array in checkpoint.arrays.values()),
        )
    except (ValueError, EncoderUnusable) as error:
        raise CheckpointUnusable(f"{place} can't be used: {error}") from error
