"""Whether a promised precision is kept, on random small tenants drawn from public sets.

Each tenant has 4 to 12 labels of one set and 50 to 500 examples, drawn from its training part, and
is asked all of the test part's texts of those labels. What it decides should be right as often as
its target says; a tenant that decides nothing keeps the promise, and is counted beside. Coverage
stands beside that of the best threshold, which can be known only afterwards.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean

import msgspec
import numpy as np

from datasets import Intents, Pair
from measures import Answer, best_coverage, right
from report import Figure, at_least
from taught import fleet, learner

WANTED = 0.95
_LABELS = (4, 12)
_EXAMPLES = (50, 500)


class Drawn(msgspec.Struct, frozen=True):
    """A tenant: its labels, what it learns from, and what it is asked."""

    labels: tuple[str, ...]
    learned: tuple[Pair, ...]
    asked: tuple[Pair, ...]


class Kept(msgspec.Struct, frozen=True):
    """How a tenant did: precision of what it decided (1 if nothing), and shares of requests."""

    precision: float
    coverage: float
    best_coverage: float
    accuracy: float


def drawn(sets: Sequence[Intents], count: int, seed: int) -> Iterator[Drawn]:
    """Random tenants, of each set in turn."""
    parts = [(one.labels(), one.pairs("train"), one.pairs("test")) for one in sets]
    generator = np.random.default_rng(seed)
    for number in range(count):
        labels, train, test = parts[number % len(parts)]
        size = int(generator.integers(_LABELS[0], _LABELS[1] + 1))
        chosen = {labels[place] for place in generator.permutation(len(labels))[:size].tolist()}
        pool = [pair for pair in train if pair[1] in chosen]
        most = int(generator.integers(_EXAMPLES[0], _EXAMPLES[1] + 1))
        order = generator.permutation(len(pool))[:most].tolist()
        yield Drawn(
            tuple(sorted(chosen)),
            tuple(pool[place] for place in order),
            tuple(pair for pair in test if pair[1] in chosen),
        )


def promised(folder: Path, sets: Sequence[Intents], count: int, seeds: int) -> list[Figure]:
    """The figures of so many tenants, mean of some seeds; each seed's tenants share a fleet."""
    kept = []
    for seed in range(1, seeds + 1):
        with fleet(folder, {"target_precision": WANTED}) as opened:
            for number, one in enumerate(drawn(sets, count, seed)):
                ask = learner(opened, f"tenant-{number}", one.labels)(one.learned)
                kept.append(_kept(ask([text for text, _ in one.asked]), one))
    return _figures(kept)


def _kept(answers: Sequence[Answer], one: Drawn) -> Kept:
    correct = right(answers, [label for _, label in one.asked])
    decided = np.array([answer.decided is not None for answer in answers])
    return Kept(
        precision=float(correct[decided].mean()) if decided.any() else 1.0,
        coverage=float(decided.mean()),
        best_coverage=best_coverage(answers, correct, WANTED),
        accuracy=float(correct.mean()),
    )


def _figures(kept: Sequence[Kept]) -> list[Figure]:
    best = ("the best", fmean(one.best_coverage for one in kept))
    silent = fmean(one.coverage == 0 for one in kept)
    return [
        Figure(
            f"tenants with a precision of {WANTED:.0%}",
            fmean(one.precision >= WANTED for one in kept),
            "%",
            target=at_least(0.95),
        ),
        Figure("  of them without a decision", silent, "%"),
        Figure("precision, mean", fmean(one.precision for one in kept), "%"),
        Figure("  the lowest", min(one.precision for one in kept), "%"),
        Figure("coverage, mean", fmean(one.coverage for one in kept), "%", best),
        Figure("  of the best threshold", best[1], "%"),
        Figure("accuracy if all were decided, mean", fmean(one.accuracy for one in kept), "%"),
    ]
