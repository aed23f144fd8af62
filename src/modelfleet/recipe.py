"""A recipe: how a model is made, gated and kept fresh; a named, versioned, plain file.

`recipes/default.toml` is the one that is used unless settings name another.
"""

import math
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

from modelfleet.errors import InvalidInput

Seconds = Annotated[float, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, le=1)]
Inner = Annotated[float, Meta(gt=0, lt=1)]
"""A share that is neither none nor all."""
Count = Annotated[int, Meta(ge=1)]
Unproven = Literal["refits", "anything", "nothing"]
Name = Annotated[str, Meta(pattern=r"^[\w.-]{1,100}$")]


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a task has fallen behind far enough to be trained; times in seconds."""

    new_examples: Count
    """Trained once this much new evidence is there …"""
    growth: Annotated[float, Meta(ge=0)]
    """… and it is this share of what the live version knew."""
    quiet: Seconds
    """Wait until nothing new came for so long, …"""
    patience: Seconds
    """… but no longer than this after the first."""
    relabelling: Seconds
    """A changed set of labels is trained on after this time; until then its texts answer for it."""
    staleness: Seconds
    """Any new evidence is trained on after this time, however little it is."""
    attempts: Count
    """Failures in a row after which a task is set aside until something new comes."""
    backoff: Seconds
    """Wait after the first failure; doubles with each."""


class Gate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a challenger must show before it replaces the live version."""

    significance: Inner
    """How often an equal challenger may be kept back, and one that is worse by the tolerance or
    more may pass."""
    tolerance: Inner
    """A challenger passes when it is shown to be less than this share of requests worse."""
    label_tolerance: Share
    """It fails when it is shown to be worse for a label, by more than this share of requests."""
    maturity: Seconds
    """Only requests whose last word is this old (seconds) are compared: it could be corrected."""
    unproven: Unproven
    """What goes live, watched, when there isn't enough evidence: ``refits`` by the recipe that made
    the live version, but no changed recipe; ``anything``; or ``nothing``."""


class Learning(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How scores are learned; see `docs/architecture.md` for what each number does."""

    encoder: str
    """What makes features of texts: ``static``, or ``sentence-transformers:`` and the folder or
    name of a model; with ``#`` and a version it must be that very one."""
    learner: str
    """What makes models of features: ``logistic``; ``mira``, what corrections are learned
    with, in batches; or ``cnn``, which adds a network where examples are many, and needs the extra
    ``modelfleet[cnn]`` where models are trained."""
    recency_half_life: Annotated[float, Meta(gt=0)]
    """Days after which an example counts half."""
    target_precision: Inner
    """The precision that decisions should have; below the threshold that gives it, abstain."""
    refusable: Share
    """Share of requests that a label fits which may be refused because none seems to. More of it
    refuses more of those that none fits."""
    most_examples: Count
    """The newest examples that are learned from; older ones are left out, but for the newest of
    each label. A text counts once for each 80 characters, so the time of a training is bounded."""


class Recipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that decides how a task's model is made."""

    name: Name
    policy: Policy
    gate: Gate
    learning: Learning

    @property
    def digest(self) -> str:
        """A fingerprint of all that is in it, 16 hexadecimal digits."""
        return sha256(msgspec.json.encode(self, order="sorted")).hexdigest()[:16]


_RIGHT = {
    "name": "must be 1 to 100 letters, digits, dots, hyphens and underscores",
    "gate.unproven": f"must be one of {', '.join(get_args(Unproven))}",
}


def load_recipe(name_or_path: str = "default") -> Recipe:
    """A recipe by name, or from a TOML file.

    Raises:
        InvalidInput: there is no such recipe, or a value in it is wrong.
    """
    source = (
        Path(name_or_path)
        if name_or_path.endswith(".toml")
        else files("modelfleet") / "recipes" / f"{name_or_path}.toml"
    )
    try:
        recipe = msgspec.toml.decode(source.read_bytes(), type=Recipe)
    except FileNotFoundError as error:
        raise InvalidInput.at("recipe", f"there is no recipe '{name_or_path}'") from error
    except msgspec.ValidationError as error:
        raise _wrong(name_or_path, str(error)) from error
    except (msgspec.DecodeError, OSError) as error:
        raise InvalidInput.at("recipe", f"{name_or_path}: {error}") from error
    _check_finite(name_or_path, recipe)
    return recipe


def _wrong(recipe: str, said: str) -> InvalidInput:
    """The error that names the value: msgspec's words end in where it stands."""
    message, _, path = said.partition(" - at `$.")
    field = path.rstrip("`") or "recipe"
    return InvalidInput.at(field, f"{_RIGHT.get(field, message)}; it is in recipe {recipe}")


def _check_finite(recipe: str, value: msgspec.Struct) -> None:
    """NaN passes any comparison, and TOML has it and infinity."""
    for part in ("policy", "gate", "learning"):
        for name, number in msgspec.structs.asdict(getattr(value, part)).items():
            if isinstance(number, float) and not math.isfinite(number):
                message = f"must be a finite number; it is in recipe {recipe}"
                raise InvalidInput.at(f"{part}.{name}", message)
