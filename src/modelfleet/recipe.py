"""A recipe: how a model is made, gated and kept fresh; a named, versioned, plain file.

`recipes/default.toml` is the one that is used unless settings name another.
"""

from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Literal

import msgspec

from modelfleet.errors import InvalidInput


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a task has fallen behind far enough to be trained; times in seconds."""

    new_examples: int
    """Trained once this much new evidence is there …"""
    growth: float
    """… and it is this share of what the live version knew."""
    quiet: float
    """Wait until nothing new came for so long, …"""
    patience: float
    """… but no longer than this after the first."""
    relabelling: float
    """A changed set of labels is trained on after this time; until then its texts answer for it."""
    staleness: float
    """Any new evidence is trained on after this time, however little it is."""
    attempts: int
    """Failures in a row after which a task is set aside until something new comes."""
    backoff: float
    """Wait after the first failure; doubles with each."""


class Gate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a challenger must show before it replaces the live version."""

    significance: float
    """How often an equal challenger may be kept back, and one that is worse by the tolerance or
    more may pass."""
    tolerance: float
    """A challenger passes when it is shown to be less than this share of requests worse."""
    label_tolerance: float
    """It fails when it is shown to be worse for a label, by more than this share of requests."""
    maturity: float
    """Only requests whose last word is this old (seconds) are compared: it could be corrected."""
    unproven: Literal["refits", "anything", "nothing"]
    """What goes live, watched, when there isn't enough evidence: ``refits`` by the recipe that made
    the live version, but no changed recipe; ``anything``; or ``nothing``."""


class Learning(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How scores are learned; see `docs/architecture.md` for what each number does."""

    encoder: str
    """What makes features of texts: ``static``, or ``sentence-transformers:`` and the folder or
    name of a model; with ``#`` and a version it must be that very one."""
    learner: str
    """What makes models of features: ``logistic``; or ``cnn``, which adds a network to it where
    examples are many, and needs the extra ``modelfleet[cnn]`` where models are trained."""
    recency_half_life: float
    """Days after which an example counts half."""
    target_precision: float
    """The precision that decisions should have; below the threshold that gives it, abstain."""
    refusable: float
    """Share of requests that a label fits which may be refused because none seems to. More of it
    refuses more of those that none fits."""
    most_examples: int
    """The newest examples that are learned from; older ones are left out, but for the newest of
    each label. A text counts once for each 80 characters, so the time of a training is bounded."""


class Recipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that decides how a task's model is made."""

    name: str
    policy: Policy
    gate: Gate
    learning: Learning

    @property
    def digest(self) -> str:
        """A fingerprint of all that is in it, 16 hexadecimal digits."""
        return sha256(msgspec.json.encode(self, order="sorted")).hexdigest()[:16]


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
        return msgspec.toml.decode(source.read_bytes(), type=Recipe)
    except FileNotFoundError as error:
        raise InvalidInput.at("recipe", f"there is no recipe '{name_or_path}'") from error
    except msgspec.DecodeError as error:
        raise InvalidInput.at("recipe", f"{name_or_path}: {error}") from error
