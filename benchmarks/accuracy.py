"""How often models are right, from no examples to all, beside what one would train by hand.

Each set's training part of a size (none, 5 or 10 texts per label, all) is given to a fleet with the
default recipe and to the peers of baselines.py, and all are asked about the test part. A label's
only text is its own name. The training parts come with the data, so nothing is drawn.
`lead` is that of the platform's static encoder over the best peer without a sentence encoder;
`--encoder` adds the recipe with another one, beside logistic regression over the same embeddings.

Then what comes with an answer: how far probabilities are from the truth; whether texts that no
label fits are told from others, by a cut-off from the validation part and by the platform's own, of
its training part alone; whether a promised precision is kept (promise.py).
"""

import argparse
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

import numpy as np

from baselines import PEERS, embedded, svm
from datasets import SETS, SIZES, Intents, intents, option
from measures import Answer, Peer, calibration_error, fits, ranking_quality, right
from promise import WANTED, promised
from report import Figure, at_least, at_most, parser, show, table
from taught import fleet, learner

_STATIC = "static"
_REFUSED = 0.1
_PARTS = ("accuracy", "outside", "promise")
_TARGETS = {
    ("BANKING77", True): (0.57, 0.76, 0.84, 0.925),
    ("CLINC150", True): (0.60, 0.81, 0.88, 0.95),
    ("BANKING77", False): (0.60, 0.82, 0.87, 0.935),
    ("CLINC150", False): (0.70, 0.91, 0.935, 0.965),
}
"""What is asked for at each of `SIZES`, by set and whether the encoder is the static one."""

Answered = Mapping[str, Sequence[Answer]]
"""What one learner answered to the test part, by the size of the training part."""


def answered(peer: Peer, known: Intents, sizes: Sequence[str]) -> dict[str, list[Answer]]:
    """What a learner answers to the test part after each training part."""
    texts = [text for text, _ in known.pairs("test")]
    return {size: peer(known.learned(size))(texts) for size in sizes}


def accuracy_rows(
    known: Intents, sizes: Sequence[str], by_learner: Mapping[str, Answered]
) -> list[list[str]]:
    """A row per learner, with what is asked for under the platform's own."""
    labels = [label for _, label in known.pairs("test")]
    shares = {
        name: {size: float(right(given[size], labels).mean()) for size in given}
        for name, given in by_learner.items()
    }
    rows: list[list[str]] = []
    for name, share in shares.items():
        rows.append([name, *(_percent(share.get(size)) for size in sizes)])
        if name.startswith("modelfleet"):
            wanted = _TARGETS[known.name, _STATIC in name]
            by_size = dict(zip(SIZES, wanted, strict=True))
            rows.append(["  target", *(_wanted(share[size], by_size[size]) for size in sizes)])
    rows.append(["lead", *(_lead(shares, size) for size in sizes)])
    return rows


def calibration_figures(known: Intents, own: Answered) -> list[Figure]:
    """How far the platform's probabilities are from the truth."""
    labels = [label for _, label in known.pairs("test")]
    return [
        Figure(
            f"{known.name}, {size} per label" if size.isdigit() else f"{known.name}, {size}",
            calibration_error(given, right(given, labels)),
            target=at_most(0.05) if size not in {"0", "5"} else None,
        )
        for size, given in own.items()
    ]


def outside(peer: Peer, known: Intents) -> tuple[float, float, float]:
    """How well texts that no label fits are told from others.

    Returns:
        AUROC on the test part, and the shares of texts inside and outside that are refused by the
        fit below which a tenth of the validation part's texts lie.
    """
    ask = peer(known.learned("full"))
    held_out, inside = (
        fits(ask([text for text, _ in known.pairs(part)])) for part in ("valid", "test")
    )
    strangers = fits(ask(known.outside("oos_test")))
    cut = float(np.quantile(held_out, _REFUSED))
    return (
        ranking_quality(inside, strangers),
        float((inside < cut).mean()),
        float((strangers < cut).mean()),
    )


def outside_figures(own: Peer, known: Intents) -> list[Figure]:
    """The same as figures, the platform's beside the SVM's."""
    ours, theirs = outside(own, known), outside(svm, known)
    name = "the SVM"
    return [
        Figure("AUROC", ours[0], "", (name, theirs[0]), at_least(0.96)),
        Figure("refused of those that a label fits", ours[1], "%", (name, theirs[1])),
        Figure("refused of those that none fits", ours[2], "%", (name, theirs[2]), at_least(0.9)),
        Figure("  by the SVM", theirs[2], "%"),
        Figure("  its AUROC", theirs[0]),
    ]


def own_cut_off(own: Peer, known: Intents, sizes: Sequence[str]) -> list[Figure]:
    """What the platform refuses by itself, where a tenth of what a label fits may be refused."""
    rows = []
    for size in sizes:
        ask = own(known.learned(size))
        what = f"{known.name}, {size}: refused of those that"
        inside = fits(ask([text for text, _ in known.pairs("test")]))
        rows.append(Figure(f"{what} a label fits", float((inside < 0).mean()), "%"))
        if known.has_outside:
            outside = fits(ask(known.outside("oos_test")))
            rows.append(Figure(f"{what} none fits", float((outside < 0).mean()), "%"))
    return rows


def show_outside(asked: argparse.Namespace, sets: Sequence[Intents]) -> None:
    """Print what is refused by a cut-off from the validation part, and by the platform's own."""
    for known in sets:
        if known.has_outside:
            with fleet(asked.folder, {}) as opened:
                own = learner(opened, "outside", known.labels())
                title = f"{known.name}, full: texts that no label fits"
                show(title, outside_figures(own, known), [], asked.markdown)
    rows: list[Figure] = []
    sizes = [size for size in asked.sizes if SIZES[size]]
    with fleet(asked.folder, {"refusable": _REFUSED}) as opened:
        for known in sets:
            own = learner(opened, f"refused-{known.folder.name}", known.labels())
            rows += own_cut_off(own, known, sizes)
    show(f"refused by the platform's own cut-off, set to {_REFUSED:.0%}", rows, [], asked.markdown)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _wanted(share: float, wanted: float) -> str:
    return f">= {wanted:.1%} {'yes' if share >= wanted else 'NO'}"


def _lead(shares: Mapping[str, Mapping[str, float]], size: str) -> str:
    """By how many points the platform leads the best of the peers of its class."""
    own = shares[f"modelfleet, {_STATIC}"][size]
    others = [shares[name][size] for name in PEERS if size in shares.get(name, {})]
    return f"{100 * (own - max(others)):+.1f}" if others else "-"


def _arguments() -> argparse.Namespace:
    made = parser(__doc__)
    option(made)
    made.add_argument("--parts", nargs="+", choices=_PARTS, default=_PARTS)
    made.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    made.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES))
    made.add_argument("--encoder", nargs="*", default=[], help="others, as a recipe names them")
    made.add_argument("--alone", action="store_true", help="leave the peers out")
    made.add_argument("--tenants", type=int, default=100, help="of a seed, for the promise")
    made.add_argument("--seeds", type=int, default=5)
    return made.parse_args()


def _with(encoder: str) -> dict[str, str]:
    """What the default recipe differs in."""
    return {} if encoder == _STATIC else {"encoder": encoder}


def show_accuracy(asked: argparse.Namespace, known: Intents) -> list[Figure]:
    """Print the accuracy of all on one set; the calibration of the platform's own."""
    by_learner: dict[str, Answered] = {}
    with ExitStack() as stack:
        for encoder in (_STATIC, *asked.encoder):
            opened = stack.enter_context(fleet(asked.folder, _with(encoder)))
            own = learner(opened, known.folder.name, known.labels())
            by_learner[f"modelfleet, {encoder}"] = answered(own, known, asked.sizes)
    sizes = [size for size in asked.sizes if SIZES[size]]
    peers = PEERS | {
        f"{name} + logistic regression": embedded(name, asked.folder) for name in asked.encoder
    }
    for name, peer in {} if asked.alone else peers.items():
        by_learner[name] = answered(peer, known, sizes)
    columns = ["learner", *(f"{s} per label" if s.isdigit() else s for s in asked.sizes)]
    rows = accuracy_rows(known, asked.sizes, by_learner)
    table(f"{known.name}: accuracy on the test part", columns, rows, asked.markdown)
    return calibration_figures(known, by_learner[f"modelfleet, {_STATIC}"])


def main() -> None:
    """Measure and print a table for each part."""
    asked = _arguments()
    sets = intents(asked.data, asked.sets)
    if "accuracy" in asked.parts:
        figures = [figure for known in sets for figure in show_accuracy(asked, known)]
        show("expected calibration error, 15 bins, test part", figures, [], asked.markdown)
    if "outside" in asked.parts:
        show_outside(asked, sets)
    if "promise" in asked.parts:
        figures = promised(asked.folder, sets, asked.tenants, asked.seeds)
        title = f"target_precision = {WANTED}: {asked.tenants} tenants, mean of {asked.seeds} seeds"
        show(title, figures, [], asked.markdown)


if __name__ == "__main__":
    main()
