"""What the fold learns of a task on its way: how long words take, slices, and versions' recipes."""

from collections.abc import Iterable

import msgspec

from modelfleet.monitoring.delays import Histogram, no_delays
from modelfleet.monitoring.slicing import Fields

MOST_VERSIONS = 8
"""Versions of which the recipe is known, the newest; older ones hardly decide any more."""


class Learned(msgspec.Struct, array_like=True, gc=False):
    """Of one task, or of the fleet; ``forgotten`` is where in the log something last was."""

    delays: Histogram = msgspec.field(default_factory=no_delays)
    fields: Fields = {}
    forgotten: int = 0
    recipes: dict[str, str] = {}


def publish(recipes: dict[str, str], version: str, recipe: str) -> None:
    """Take in that a version was published."""
    recipes.pop(version, None)
    recipes[version] = recipe
    if len(recipes) > MOST_VERSIONS:
        del recipes[next(iter(recipes))]


def recipes_after(published: Iterable[tuple[str, str]]) -> dict[str, str]:
    """What is known of recipes after versions were published, in order."""
    recipes: dict[str, str] = {}
    for version, recipe in published:
        publish(recipes, version, recipe)
    return recipes


def forget(learned: Learned, seq: int) -> None:
    """Something of the task was forgotten: what is known of the metadata begins anew."""
    learned.fields = {}
    learned.forgotten = seq
