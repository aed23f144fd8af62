"""TF-IDF and a linear SVM on a stream: fitted anew each month, or to one stretch of it.

N-grams are counted once for a language; each fit weighs and keeps only those that its own questions
have, so it is the same as a fit from the texts. Settings are those of baselines.py.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.svm import LinearSVC

from measures import Answer, ranked
from modelfleet.clock import to_datetime
from modelfleet.replay.ticket import Ticket

_PARTS = 10
_FEWEST = 10
"""Questions that a fit needs."""


def monthly(tickets: Sequence[Ticket]) -> dict[int, Answer]:
    """What models answer that were each fitted to all before a month, by the question's line.

    Args:
        tickets: of one language, in time order.
    """
    stretch = _Stretch(tickets)
    found: dict[int, Answer] = {}
    start = 0
    for _, group in groupby(tickets, lambda one: f"{to_datetime(one.time):%Y-%m}"):
        end = start + len(list(group))
        if start >= _FEWEST:
            found |= stretch.answers(np.arange(start), np.arange(start, end))
        start = end
    return found


def cross_fitted(tickets: Sequence[Ticket]) -> dict[int, Answer]:
    """What models answer that were each fitted to nine tenths of some questions."""
    stretch = _Stretch(tickets)
    places = np.arange(len(tickets))
    found: dict[int, Answer] = {}
    for part in range(_PARTS):
        asked = places % _PARTS == part
        found |= stretch.answers(places[~asked], places[asked])
    return found


class _Stretch:
    """Some questions with their counts of n-grams."""

    def __init__(self, tickets: Sequence[Ticket]) -> None:
        texts = [ticket.text for ticket in tickets]
        self._lines = [ticket.line for ticket in tickets]
        self._labels = np.array([ticket.label for ticket in tickets], object)
        self._counts = [
            _counted(texts, ngram_range=(1, 2)),
            _counted(texts, analyzer="char_wb", ngram_range=(3, 5)),
        ]

    def answers(self, learned: NDArray[np.intp], asked: NDArray[np.intp]) -> dict[int, Answer]:
        """What a model of some questions answers to others."""
        labels = self._labels[learned]
        lines = [self._lines[place] for place in asked]
        if len(set(labels)) == 1:
            return dict.fromkeys(lines, Answer((labels[0],), 1.0, 1.0))
        weighed = [_weighed(counts, learned, asked) for counts in self._counts]
        known, unknown = (sparse.hstack(blocks, "csr") for blocks in zip(*weighed, strict=True))
        model = LinearSVC().fit(known, labels.astype(str))
        scores = model.decision_function(unknown)
        if scores.ndim == 1:
            scores = np.stack([-scores, scores], axis=1)
        return dict(zip(lines, ranked(scores, model.classes_.tolist()), strict=True))


def _counted(texts: Sequence[str], **options: Any) -> Any:  # noqa: ANN401 - it has no types
    return CountVectorizer(dtype=np.float32, **options).fit_transform(texts).tocsr()


def _weighed(counts: Any, learned: NDArray[np.intp], asked: NDArray[np.intp]) -> tuple[Any, Any]:  # noqa: ANN401 - the same
    """TF-IDF of both, over the n-grams that the learned ones have."""
    known = counts[learned]
    seen = np.flatnonzero(known.getnnz(axis=0))
    weigh = TfidfTransformer(sublinear_tf=True).fit(known[:, seen])
    return weigh.transform(known[:, seen]), weigh.transform(counts[asked][:, seen])
