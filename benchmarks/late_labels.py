"""A label that comes after the training: what its first corrections teach, and cost the others.

A model is trained without a tenth of the labels (the default recipe, ten examples for each of the
others). Then each of these comes alone: people give its training texts to it, one after the other,
as serving makes corrections between two trainings. After 1, 2, 5 and 10 of them the model is asked
about the label's test texts, of which it has seen none, and about a thousand of other labels.
"""

import os

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from datasets import SETS, Intents, Pair, intents, option
from fitting import training_set
from modelfleet.learners import Model, Overlay
from modelfleet.learners.late import LateLabels
from modelfleet.recipe import load_recipe
from modelfleet.text import Features, default_encoder
from modelfleet.training.train import train
from report import Figure, at_least, parser, show

_OTHERS = 1_000
_EACH = 10
"""One label in so many comes late."""
_COUNTS = (0, 1, 2, 5, 10)


class Asked:
    """Texts with their labels, and what a model says of them."""

    def __init__(self, model: Model, pairs: Sequence[Pair]) -> None:
        self.features: Sequence[Features] = default_encoder().encode(
            [text for text, _ in pairs], [{}] * len(pairs)
        )
        self._labels = [label for _, label in pairs]
        self.scores = model.scores(self.features)

    def right(self, overlay: Overlay) -> NDArray[np.bool_]:
        """Which are decided right with some corrections."""
        best = overlay.total(self.features, self.scores).argmax(axis=1).tolist()
        pairs = zip(best, self._labels, strict=True)
        return np.array([overlay.labels[column] == label for column, label in pairs])


def taught(
    model: Model, start: Overlay, label: str, texts: Sequence[str], held: Asked, others: Asked
) -> list[tuple[float, float]]:
    """Share of a label's texts decided right, and that of others', after each number of texts."""
    overlay, found = start.with_label(label), []
    features = default_encoder().encode(texts, [{}] * len(texts))
    for given in range(len(texts) + 1):
        if given:
            one = features[given - 1]
            overlay = overlay.corrected(one, label, model.scores([one])[0])
        if given in _COUNTS:
            found.append((held.right(overlay).mean(), others.right(overlay).mean()))
    return found


def figures(known: Intents, size: str) -> list[Figure]:
    """The rows of one set."""
    order = np.random.default_rng(1).permutation(known.labels()).tolist()
    late = sorted(order[: len(order) // _EACH])
    full, test = known.learned("full"), known.pairs("test")
    given = [pair for pair in known.learned(size) if pair[1] not in late]
    trained = train(training_set(given), load_recipe(), default_encoder())
    model, novelty = trained.model, trained.evaluated.novelty
    means = novelty.centres[: novelty.labels]
    start = Overlay.over(model.labels, LateLabels.beside(means, novelty.scale.energy_mean))
    rest = [pair for pair in test if pair[1] not in late]
    chosen = np.random.default_rng(1).permutation(len(rest))[:_OTHERS].tolist()
    others = Asked(model, [rest[place] for place in chosen])
    found = []
    for label in late:
        texts = [text for text, own in full if own == label][: _COUNTS[-1]]
        held = Asked(model, [pair for pair in test if pair[1] == label])
        found.append(taught(model, start, label, texts, held, others))
    own, rest_right = np.array(found).mean(axis=0).T
    rows: list[Figure] = []
    for place, count in enumerate(_COUNTS[1:], 1):
        name = f"{known.name}, {size}: after {count}"
        lost = 100 * (rest_right[place] - rest_right[0])
        rows += [
            Figure(f"{name}, its other texts decided right", own[place], "%"),
            Figure("  the other labels' accuracy", lost, "points", None, at_least(0)),
        ]
    return rows


def main() -> None:
    """Measure and print a table."""
    made = parser(__doc__)
    option(made)
    made.add_argument("--sizes", nargs="*", default=["10", "full"])
    asked = made.parse_args()
    sets = intents(asked.data, list(SETS))
    rows = [row for known in sets for size in asked.sizes for row in figures(known, size)]
    show("A label that came after the training", rows, [], asked.markdown)


if __name__ == "__main__":
    main()
