"""What one would write by hand for each model: a text and its labels to the best label.

A peer learns from labelled texts and gives each label a score. Its settings were chosen once on
the validation parts of both sets; all of them are stated here.

- TF-IDF of one and two words and of three to five characters, with scikit-learn's logistic
  regression (lbfgs) or its linear SVM (liblinear).
- fastText (Joulin et al. 2016), in floret's build, which has wheels for current Pythons.
- Vowpal Wabbit: one logistic learner against all others for each label, over the same n-grams.
- all-MiniLM-L6-v2 with logistic regression: what SetFit (Tunstall et al. 2022) adds its
  fine-tuning to.
"""

import re
import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union
from sklearn.svm import LinearSVC

from datasets import Pair
from measures import Answer, Ask, Numbers, Peer, ranked
from modelfleet.text import Encoders

_WORD = re.compile(r"\w+")
_FASTTEXT = {"lr": 1.0, "dim": 50, "wordNgrams": 2, "minn": 3, "maxn": 5}
_FASTTEXT_PASSES = (200, 300_000)
"""So often over the training texts, but no more than so many texts in all."""
_WABBIT = "--loss_function logistic --probabilities -b 22 --random_seed 1 --quiet"
_WABBIT_PASSES = 10


def tfidf() -> Any:  # noqa: ANN401 - scikit-learn has no types
    """TF-IDF of one and two words, and of three to five characters."""
    return make_union(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, dtype=np.float32),
        TfidfVectorizer(
            analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, dtype=np.float32
        ),
    )


def svm(learned: Sequence[Pair]) -> Ask:
    """TF-IDF and a linear SVM."""
    return _scikit(make_pipeline(tfidf(), LinearSVC()), learned)


def regression(learned: Sequence[Pair]) -> Ask:
    """TF-IDF and logistic regression."""
    return _scikit(make_pipeline(tfidf(), LogisticRegression(C=30.0, max_iter=200)), learned)


def fasttext(learned: Sequence[Pair]) -> Ask:
    """fastText, with words, pairs of words and characters."""
    import floret  # noqa: PLC0415 - only where it is measured

    labels = sorted({label for _, label in learned})
    column = {f"__label__{number}": number for number in range(len(labels))}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "learned.txt")
        lines = [f"__label__{labels.index(label)} {_words(text)}" for text, label in learned]
        file.write_text("\n".join(lines), encoding="utf-8")
        most, texts = _FASTTEXT_PASSES
        options = _FASTTEXT | {
            "epoch": min(most, texts // len(learned)),
            "bucket": 200_000,
            "thread": 1,
            "seed": 1,
            "verbose": 0,
        }
        model = floret.train_supervised(str(file), **options)

    def ask(texts: Sequence[str]) -> list[Answer]:
        scores = np.zeros((len(texts), len(labels)))
        for row, text in enumerate(texts):
            for probability, name in model.f.predict(_words(text), len(labels), 0.0, "strict"):
                scores[row, column[name]] = probability
        return ranked(scores, labels)

    return ask


def wabbit(learned: Sequence[Pair]) -> Ask:
    """Vowpal Wabbit over words, pairs of words and characters."""
    from vowpalwabbit import Workspace  # noqa: PLC0415 - only where it is measured

    labels = sorted({label for _, label in learned})
    model = Workspace(f"--oaa {len(labels)} {_WABBIT}")
    examples = [model.parse(f"{labels.index(label) + 1} {_grams(text)}") for text, label in learned]
    generator = np.random.default_rng(1)
    for _ in range(_WABBIT_PASSES):
        for place in generator.permutation(len(examples)).tolist():
            model.learn(examples[place])

    def ask(texts: Sequence[str]) -> list[Answer]:
        scores = [model.predict(_grams(text)) for text in texts]
        return ranked(np.array(scores), labels)

    return ask


def embedded(encoder: str, folder: Path) -> Peer:
    """Logistic regression over a sentence encoder's embeddings.

    Args:
        encoder: as a recipe names it.
        folder: where embeddings are kept, so that a text is embedded once.
    """
    encode = Encoders(folder / "mf-bench-embeddings.db").remembering(encoder).encode

    def dense(texts: Sequence[str]) -> Numbers:
        return np.array([one.dense for one in encode(texts, [{}] * len(texts))], np.float64)

    def peer(learned: Sequence[Pair]) -> Ask:
        model = LogisticRegression(C=30.0, max_iter=500)
        model.fit(dense([text for text, _ in learned]), [label for _, label in learned])
        return lambda texts: ranked(model.predict_proba(dense(texts)), model.classes_.tolist())

    return peer


def _scikit(model: Any, learned: Sequence[Pair]) -> Ask:  # noqa: ANN401 - it has no types
    texts, labels = zip(*learned, strict=True)
    model.fit(texts, labels)

    def ask(asked: Sequence[str]) -> list[Answer]:
        scores: Numbers = model.decision_function(asked)
        if scores.ndim == 1:  # two labels: one score, of the second
            scores = np.stack([-scores, scores], axis=1)
        return ranked(scores, model.classes_.tolist())

    return ask


def _words(text: str) -> str:
    return " ".join(_WORD.findall(text.lower()))


def _grams(text: str) -> str:
    """The features of a text in Vowpal Wabbit's notation, each namespace of length one."""
    words = _WORD.findall(text.lower())
    pairs = [f"{one}_{other}" for one, other in pairwise(words)]
    parts = [f" {word} ".replace(" ", "_") for word in words]
    characters = [
        part[start : start + size]
        for part in parts
        for size in (3, 4, 5)
        for start in range(len(part) - size + 1)
    ]
    return f"|w:{_scale(words + pairs)} {' '.join(words + pairs)} |c:{_scale(characters)} " + (
        " ".join(characters)
    )


def _scale(features: Sequence[str]) -> float:
    return round(len(features) ** -0.5, 4) if features else 1.0


PEERS: dict[str, Peer] = {
    "TF-IDF + logistic regression": regression,
    "TF-IDF + linear SVM": svm,
    "fastText": fasttext,
    "Vowpal Wabbit": wabbit,
}
