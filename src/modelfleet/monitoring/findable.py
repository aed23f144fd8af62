"""All that alerts can be about, so that each can be counted before there is one."""

from collections.abc import Mapping

from modelfleet.monitoring.streams import OVER_MANY, Stream

SLICE = "slice"
"""What the weekly search finds."""
WEEKLY_RULE = "weekly_rule"
"""That the usual rule rings, where it is asked for."""


def _named(stream: Stream) -> str:
    return stream.name.lower()


_OVER_MANY = (*map(_named, OVER_MANY), "bias")

FINDINGS: Mapping[str, tuple[str, ...]] = {
    "task": (*map(_named, Stream), "skew", "bias", WEEKLY_RULE),
    "recipe": _OVER_MANY,
    "fleet": (*_OVER_MANY, SLICE),
}
"""The names of findings of a task, of a recipe, and of the whole fleet."""
