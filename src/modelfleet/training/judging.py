"""A challenger and its rival on the same requests: matured, in time order, seen by neither."""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelfleet.clock import SECOND
from modelfleet.learners.model import Model
from modelfleet.recipe import Gate, Recipe
from modelfleet.text import Features
from modelfleet.training.evidence import Example
from modelfleet.training.gate import Compared
from modelfleet.training.train import Trained

_WITHOUT_BEARING = {"name", "policy", "gate"}
"""Parts of a recipe that say when a model is made and published, not how."""


class Rival(msgspec.Struct, frozen=True, eq=False):
    """What answers now: the live version, or label texts alone.

    Attributes:
        model: what scores.
        features: of each held-out request, as the model wants them.
        watermark: the last event that the model has seen.
        recipe: that made it, as plain values; None of label texts, which any recipe may replace.
    """

    model: Model
    features: Sequence[Features]
    watermark: int = 0
    recipe: dict[str, Any] | None = None

    @property
    def name(self) -> str:
        """What it is called in reasons."""
        return "label texts alone" if self.recipe is None else "the live version"

    def is_made_by(self, recipe: Recipe) -> bool:
        """Whether a model by this recipe is one like it, only with newer evidence."""
        return self.recipe is None or _bearing(self.recipe) == _bearing(msgspec.to_builtins(recipe))

    def right(self, examples: Sequence[Example], active: Sequence[str]) -> NDArray[np.bool_]:
        """Where its best label, of those that are still there, is the one that people gave."""
        is_gone = np.array([label not in active for label in self.model.labels], bool)
        if is_gone.all():
            return np.zeros(len(examples), bool)
        best = np.where(is_gone, -np.inf, self.model.scores(self.features)).argmax(axis=1)
        pairs = zip(best.tolist(), examples, strict=True)
        return np.array([self.model.labels[column] == one.label for column, one in pairs], bool)


def compare(trained: Trained, rival: Rival, now: int, gate: Gate) -> Compared:
    """How a challenger and its rival did.

    Requests that the rival has seen are left out, and those whose last word is, as of ``now``
    (microseconds), younger than the gate's maturity: it could still be corrected.
    """
    held_out = trained.held_out
    matured = now - round(gate.maturity * SECOND)
    rows = [
        row
        for row, example in enumerate(held_out.examples)
        if example.seq > rival.watermark and example.time <= matured
    ]
    return Compared(
        challenger=held_out.right[rows],
        champion=rival.right(held_out.examples, trained.model.labels)[rows],
        labels=[str(held_out.examples[row].label) for row in rows],
        rival=rival.name,
    )


def _bearing(recipe: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in recipe.items() if name not in _WITHOUT_BEARING}
