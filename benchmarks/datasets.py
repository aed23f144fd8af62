"""Labelled texts of public data: two sets of intents, and a support site's questions.

BANKING77 and CLINC150 lie in folders of `{train_5,train_10,train,valid,test}.jsonl`, one line per
text with its `label` (null: it belongs to none); the questions in one file of JSON lines.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

Pair = tuple[str, str]
"""A text and its label."""

SETS = {"banking77": "BANKING77", "clinc150": "CLINC150"}
"""The folder of each set, and what it is called."""

SIZES = {"0": "", "5": "train_5", "10": "train_10", "full": "train"}
"""The file that a training set of each size lies in; none without examples."""


class Missing(SystemExit):
    """A file isn't there; says which, and how to say where it is."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} isn't there; name its folder with --data (it isn't part of this)")


class Intents(msgspec.Struct, frozen=True):
    """A set of intents; ``folder`` holds its files."""

    name: str
    folder: Path

    def learned(self, size: str) -> list[Pair]:
        """The training texts of a size, in a random order that is always the same."""
        if not SIZES[size]:
            return []
        found = self.pairs(SIZES[size])
        order = np.random.default_rng(1).permutation(len(found)).tolist()
        return [found[place] for place in order]

    def pairs(self, part: str) -> list[Pair]:
        """The labelled texts of a part."""
        return [(line["text"], line["label"]) for line in self._lines(part)]

    def outside(self, part: str) -> list[str]:
        """The texts of a part whose texts belong to no label."""
        return [line["text"] for line in self._lines(part)]

    @property
    def has_outside(self) -> bool:
        """Whether there are texts that belong to no label."""
        return (self.folder / "oos_test.jsonl").exists()

    def labels(self) -> list[str]:
        """All labels, in order."""
        return sorted({label for _, label in self.pairs("train_5")})

    def _lines(self, part: str) -> list[dict[str, str]]:
        return [json.loads(line) for line in _read(self.folder / f"{part}.jsonl").splitlines()]


def option(made: argparse.ArgumentParser) -> None:
    """Let the caller say where the data lie."""
    made.add_argument(
        "--data",
        type=Path,
        default=Path(__file__).parent.parent.parent / "shared" / "data",
        help="the folder of the public data (default: %(default)s)",
    )


def intents(data: Path, names: Sequence[str]) -> list[Intents]:
    """The sets of these names.

    Raises:
        Missing: there is no such set.
    """
    found = [Intents(SETS[name], data / name) for name in names]
    for one in found:
        if not one.folder.is_dir():
            raise Missing(one.folder)
    return found


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise Missing(path) from error
