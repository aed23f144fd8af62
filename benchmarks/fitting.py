"""What one model costs to train, with all that belongs to it, against scikit-learn's fit alone.

Ours encodes the texts, learns, cross-fits, calibrates, solves the operating point and evaluates on
the newest (`training.train`: everything but reading the log and writing the checkpoint).
scikit-learn's is TF-IDF (one and two words, three to five characters) and `LogisticRegression`
(lbfgs) of baselines.py: a fit, nothing held out and nothing calibrated. Both on one core, in CPU
seconds, ours as the median of a few; accuracy is that on the test part's texts of these labels.
"""

import os
import time
from collections.abc import Callable, Sequence
from statistics import median

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import msgspec
import numpy as np

import baselines
from datasets import Intents, Pair, intents, option
from machine import measured
from modelfleet.catalog import Label
from modelfleet.recipe import load_recipe
from modelfleet.text import default_encoder
from modelfleet.training import Example, TrainingSet
from modelfleet.training.train import Trained, train
from report import Figure, at_least, at_most, parser, show


class Size(msgspec.Struct, frozen=True):
    """A training set, and the seconds that it may take."""

    examples: int
    labels: int
    folder: str
    seconds: float
    repeated: int


_SIZES = (
    Size(200, 5, "clinc150", 0.020, 9),
    Size(2_000, 20, "clinc150", 0.300, 5),
    Size(10_000, 77, "banking77", 5.0, 3),
)


def drawn(known: Intents, size: Size) -> tuple[list[Pair], list[Pair]]:
    """Texts to learn and texts to ask, of randomly chosen labels; always the same."""
    generator = np.random.default_rng(size.examples)
    labels = set(generator.permutation(known.labels())[: size.labels].tolist())
    pairs = [pair for pair in known.pairs("train") + known.pairs("valid") if pair[1] in labels]
    order = generator.permutation(len(pairs))[: size.examples].tolist()
    return [pairs[at] for at in order], [p for p in known.pairs("test") if p[1] in labels]


def training_set(learned: Sequence[Pair]) -> TrainingSet:
    """What a log with these examples adds up to, one a second."""
    labels = sorted({label for _, label in learned})
    return TrainingSet(
        labels=tuple(Label(label, label.replace("_", " "), "", (), 0) for label in labels),
        examples=tuple(
            Example(f"{at}", at + 1, at * 1_000_000, text, {}, label)
            for at, (text, label) in enumerate(learned)
        ),
        pinned=(),
        watermark=len(learned),
        logged=0,
        evidence=len(learned),
    )


def ours(size: Size, learned: Sequence[Pair]) -> tuple[float, Trained]:
    """CPU seconds of a training, and what it made."""
    known, recipe, encoder = training_set(learned), load_recipe(), default_encoder()
    made = train(known, recipe, encoder)
    taken = [_seconds(lambda: train(known, recipe, encoder)) for _ in range(size.repeated)]
    return median(taken), made


def accuracy(made: Trained, asked: Sequence[Pair]) -> float:
    """The share of texts whose best label is the right one."""
    features = default_encoder().encode([text for text, _ in asked], [{}] * len(asked))
    best = [made.model.labels[column] for column in made.model.scores(features).argmax(axis=1)]
    return float(np.mean([one == label for one, (_, label) in zip(best, asked, strict=True)]))


def figures(size: Size, known: Intents) -> list[Figure]:
    """The rows of one size."""
    learned, asked = drawn(known, size)
    seconds, made = ours(size, learned)
    begun = time.process_time()
    ask = baselines.regression(learned)
    theirs = time.process_time() - begun
    answers = ask([text for text, _ in asked])
    right = np.mean([a.best[0] == label for a, (_, label) in zip(answers, asked, strict=True)])
    what, limit = f"{size.examples:,} examples, {size.labels} labels", at_most(1 / 3)
    milliseconds = at_most(1_000 * size.seconds, absolute=True)
    return [
        Figure(what, 1_000 * seconds, "ms", ("scikit-learn", 1_000 * theirs), milliseconds),
        Figure("  of scikit-learn's time", seconds / theirs, "x", None, limit),
        Figure("  accuracy", accuracy(made, asked), "%", None, at_least(float(right))),
        Figure("  scikit-learn's accuracy", float(right), "%"),
    ]


def _seconds(do: Callable[[], object]) -> float:
    begun = time.process_time()
    do()
    return time.process_time() - begun


def main() -> None:
    """Measure and print a table."""
    arguments = parser(__doc__)
    option(arguments)
    arguments.add_argument("--sizes", type=int, nargs="+", help="only those of so many examples")
    asked = arguments.parse_args()
    yardstick = measured(asked.folder, {"loop"}, quick=asked.quick, file=asked.markdown)
    sizes = [size for size in _SIZES if not asked.sizes or size.examples in asked.sizes]
    rows: list[Figure] = []
    for size in sizes:
        rows += figures(size, intents(asked.data, [size.folder])[0])
    show("One model's training, CPU time of one core", rows, yardstick.loops(), asked.markdown)


if __name__ == "__main__":
    main()
