"""Which model, version and verb a path names; how TensorFlow Serving reads paths."""

import re
from typing import Literal
from urllib.parse import unquote

import msgspec

Verb = Literal["predict", "classify", "regress", "status", "metadata", "nothing"]

_MODEL = r"/v1/models/(?P<model>[^/:]+)"
_OF_VERSION = r"(?:/versions/(?P<number>\d+)|/labels/(?P<label>[^/:]+))?"
_POST = re.compile(rf"{_MODEL}{_OF_VERSION}:(?P<verb>classify|regress|predict)", re.IGNORECASE)
_GET = re.compile(rf"{_MODEL}{_OF_VERSION}(?P<metadata>/metadata)?", re.IGNORECASE)
_NAMELESS = re.compile(r"/v1/models(?:/metadata)?", re.IGNORECASE)


class Target(msgspec.Struct, frozen=True):
    """What a request is for; a model with neither number nor label is whatever is live.

    ``nothing`` is a path that lacks a model's name.
    """

    verb: Verb
    model: str = ""
    number: str | None = None
    label: str | None = None


def target_of(method: str, path: str) -> Target | None:
    """What a request is for; None if it is malformed. ``path`` is as it was sent."""
    if method == "GET" and _NAMELESS.fullmatch(path):
        return Target("nothing")
    found = {"GET": _GET, "POST": _POST}.get(method, _NOTHING).fullmatch(path)
    if found is None:
        return None
    parts = found.groupdict()
    shown: Verb = "metadata" if parts.get("metadata") else "status"
    label = parts["label"]
    return Target(
        verb=_VERBS.get((parts.get("verb") or "").lower(), shown),
        model=unquote(parts["model"]),
        number=parts["number"],
        label=None if label is None else unquote(label),
    )


_NOTHING = re.compile(r"(?!)")
_VERBS: dict[str, Verb] = {"predict": "predict", "classify": "classify", "regress": "regress"}
