"""What a served model starts from: a version, or what the labels are called."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec
import numpy as np

from modelfleet.learners import Overlay, prototypes
from modelfleet.learners.late import LateLabels
from modelfleet.learners.novelty import Novelty
from modelfleet.learners.operating import WHOLE_TASK, Prior
from modelfleet.learners.recommended import PROTOTYPE_TEMPERATURE
from modelfleet.recipe import Recipe
from modelfleet.serving.aiming import Aiming
from modelfleet.serving.served import ServedModel
from modelfleet.text import Encoder
from modelfleet.training import OpenVersion


def of_version(opened: OpenVersion) -> ServedModel:
    """What a version answers, as of its watermark."""
    header = opened.header
    return ServedModel(
        version=header.version,
        wanted=header.version,
        encoder=opened.encoder,
        base=opened.model,
        overlay=Overlay.over(header.labels, _late(opened.novelty), opened.lately),
        active=header.labels,
        columns=np.arange(len(header.labels)),
        temperature=header.temperature,
        novelty=opened.novelty,
        aiming=_aiming(opened),
        applied=opened.watermark,
        learned=opened.watermark,
        stored_bytes=opened.nbytes,
    )


def of_texts(texts: Mapping[str, Sequence[str]], encoder: Encoder, recipe: Recipe) -> ServedModel:
    """What labels' own texts answer, before anything else that the log holds."""
    base, novelty = prototypes.with_novelty(texts, encoder)
    return ServedModel(
        version=None,
        wanted=None,
        encoder=encoder,
        base=base,
        overlay=Overlay.over(base.labels, _late(novelty)),
        active=base.labels,
        columns=np.arange(len(base.labels)),
        temperature=PROTOTYPE_TEMPERATURE,
        novelty=novelty,
        aiming=Aiming.solved(recipe.learning.target_precision, {}),
        applied=0,
    )


def _late(novelty: Novelty | None) -> LateLabels:
    """What labels that come later are known by, next to those whose means these are."""
    if novelty is None:
        return LateLabels.none()
    return LateLabels.beside(novelty.centres[: novelty.labels], novelty.scale.energy_mean)


@lru_cache(maxsize=256)
def _prior(stored: bytes) -> Prior:
    """What a header has of other tasks; many versions have the same, and share it."""
    return msgspec.json.decode(stored, type=Prior)


def _aiming(opened: OpenVersion) -> Aiming:
    """Where a version decides: as it was published, until another target is asked for."""
    header = opened.header
    learning: dict[str, Any] = header.recipe.get("learning", {})
    usual = learning.get("target_precision", header.threshold)
    prior = _prior(msgspec.json.encode(header.prior))
    if header.targets.keys() <= {WHOLE_TASK}:
        thresholds = {WHOLE_TASK: header.threshold}
        return Aiming(header.labels, opened.curve, prior, usual, header.targets, thresholds)
    return Aiming.solved(
        usual, header.targets, labels=header.labels, curve=opened.curve, prior=prior
    )
