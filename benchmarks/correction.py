"""What one correction does: to its own text, to other labels, and how long it takes.

A model of ten examples per label (the default recipe) is asked about training texts that it never
saw; a person gives those that it gets wrong their own label. Each such correction is made alone,
over the same model, as serving makes it between two trainings. Then it is asked about the same text
again, and about held-out texts of all labels but the corrected one. Fifty corrections of one label
in a row are made the same way; and all of them, one after the other.

Times are CPU time of this thread: a prediction encodes a text and scores it, corrections included;
a correction gets the scores that were shown to the person, so it doesn't encode or score anew.
"""

import os
import time
from collections.abc import Callable, Sequence
from statistics import median

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

import msgspec
import numpy as np
from numpy.typing import NDArray

from datasets import SETS, Intents, Pair, intents, option
from fitting import training_set
from modelfleet.learners import Model, Overlay
from modelfleet.recipe import load_recipe
from modelfleet.text import Features, default_encoder
from modelfleet.training.train import train
from report import Figure, at_least, at_most, parser, show

_HELD_OUT = 500
_LABELS = 10
"""Labels that are corrected fifty times."""


class Asked(msgspec.Struct, frozen=True, eq=False):
    """Texts as a model sees them: features, its scores of them, and the right columns."""

    features: Sequence[Features]
    scores: NDArray[np.float32]
    targets: NDArray[np.intp]

    @classmethod
    def of(cls, model: Model, pairs: Sequence[Pair]) -> "Asked":
        """Ask a model about texts."""
        features = default_encoder().encode([text for text, _ in pairs], [{}] * len(pairs))
        targets = np.array([model.labels.index(label) for _, label in pairs])
        return cls(features, model.scores(features), targets)

    def right(self, overlay: Overlay) -> NDArray[np.bool_]:
        """Which are decided right with some corrections."""
        best = overlay.total(self.features, self.scores).argmax(axis=1)
        return np.asarray(np.array(best) == self.targets)


def corrected(model: Model, asked: Asked, rows: Sequence[int], overlay: Overlay) -> Overlay:
    """What a model knows after people gave some texts their labels, one after the other."""
    for row in rows:
        label = model.labels[asked.targets[row]]
        overlay = overlay.corrected(asked.features[row], label, asked.scores[row])
    return overlay


def one_by_one(model: Model, asked: Asked, rows: Sequence[int], held: Asked) -> tuple[float, float]:
    """Share of corrected texts decided as corrected; mean change on the other labels."""
    nothing = Overlay.over(model.labels)
    before = held.right(nothing)
    kept, changes = [], []
    for row in rows:
        overlay = corrected(model, asked, [row], nothing)
        total = overlay.total(asked.features[row : row + 1], asked.scores[row : row + 1])
        kept.append(total.argmax() == asked.targets[row])
        others = held.targets != asked.targets[row]
        changes.append(held.right(overlay)[others].mean() - before[others].mean())
    return float(np.mean(kept)), float(np.mean(changes))


def fifty(model: Model, asked: Asked, held: Asked) -> float:
    """Mean change on other labels after fifty corrections to one label, of ten labels."""
    nothing = Overlay.over(model.labels)
    before, changes = held.right(nothing), []
    for column in np.unique(asked.targets)[:_LABELS].tolist():
        rows = np.flatnonzero(asked.targets == column)[:50].tolist()
        others = held.targets != column
        after = held.right(corrected(model, asked, rows, nothing))
        changes.append(after[others].mean() - before[others].mean())
    return float(np.mean(changes))


def predictions_per_correction(model: Model, pairs: Sequence[Pair], overlay: Overlay) -> float:
    """CPU time of a correction, as a multiple of a prediction's."""
    encoder = default_encoder()

    def predicted(text: str) -> tuple[Features, NDArray[np.float32]]:
        features = encoder.encode([text], [{}])[0]
        scores = model.scores([features])
        overlay.total([features], scores)
        return features, scores[0]

    predicting, correcting = [], []
    for text, label in pairs:
        begun = time.thread_time_ns()
        features, scores = predicted(text)
        predicting.append(time.thread_time_ns() - begun)
        correcting.append(_nanoseconds(lambda: overlay.corrected(features, label, scores)))  # noqa: B023 - called at once
    return median(correcting) / median(predicting)


def _nanoseconds(do: Callable[[], object]) -> int:
    begun = time.thread_time_ns()
    do()
    return time.thread_time_ns() - begun


def figures(known: Intents, count: int) -> list[Figure]:
    """The rows of one set."""
    model = train(training_set(known.learned("10")), load_recipe(), default_encoder()).model
    generator = np.random.default_rng(1)
    pairs, test = known.learned("full"), known.pairs("test")
    held = Asked.of(model, [test[at] for at in generator.permutation(len(test))[:_HELD_OUT]])
    asked = Asked.of(model, pairs)
    nothing = Overlay.over(model.labels)
    wrong = np.flatnonzero(~asked.right(nothing))[:count].tolist()
    kept, change = one_by_one(model, asked, wrong, held)
    overlay = corrected(model, asked, wrong, nothing)
    after, before = held.right(overlay).mean(), held.right(nothing).mean()
    some = [pairs[row] for row in wrong[:300]]
    ratio, few = (predictions_per_correction(model, some, o) for o in (overlay, nothing))
    name, percent = known.name, 100.0
    return [
        Figure(f"{name}: decided as corrected", kept, "%", None, at_least(0.99)),
        Figure("  other labels, mean change by one", percent * change, "points", None, at_least(0)),
        Figure(
            "  other labels, after 50 of one label", percent * fifty(model, asked, held), "points"
        ),
        Figure(f"  all labels, after all {len(wrong)}", percent * (after - before), "points"),
        Figure("  the first correction's time", few, "predictions", None, at_most(2)),
        Figure("  that of one more after all those", ratio, "predictions", None, at_most(2)),
    ]


def main() -> None:
    """Measure and print a table."""
    arguments = parser(__doc__)
    option(arguments)
    arguments.add_argument("--corrections", type=int, default=1_000)
    asked = arguments.parse_args()
    sets = intents(asked.data, list(SETS))
    rows = [row for known in sets for row in figures(known, asked.corrections)]
    show("Corrections, made one at a time", rows, [], asked.markdown)


if __name__ == "__main__":
    main()
