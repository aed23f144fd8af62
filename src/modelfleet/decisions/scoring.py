"""Requests are scored here, for decisions and for predictions alike."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future

import msgspec

from modelfleet.decisions.checks import check_task
from modelfleet.decisions.decision import Prediction, Request
from modelfleet.errors import NotFound
from modelfleet.events.kinds import Candidate
from modelfleet.events.validation import check_name, check_request
from modelfleet.serving import (
    Judged,
    ModelCache,
    ServedModel,
    for_each_kind,
    is_trying,
    judge,
    route,
)
from modelfleet.text import Encoder, Features

MOST_CANDIDATES = 5


class Question(msgspec.Struct, frozen=True):
    """A request that was checked, the model that is to answer, and how many candidates it gives."""

    model: ServedModel
    request: Request
    most: int = MOST_CANDIDATES


class Scorer:
    """Scores requests with the numbers that a decision would have, and logs nothing."""

    def __init__(self, cache: ModelCache) -> None:
        self._cache = cache

    def is_warm(self, tenant: str, task: str, version: str | None = None) -> bool:
        """Whether scoring needs nothing but memory and microseconds."""
        model = self._cache.fresh(tenant, task, version)
        if model is None or not model.encoder.quick:
            return False
        return version is not None or not is_trying(model)

    def prepared(self, tenant: str, task: str, version: str | None = None) -> "Future[ServedModel]":
        """Once a model is in memory; whoever waits for that needs no thread. See `model`."""
        _check(tenant, task, version)
        return self._cache.soon(tenant, task, version)

    def model(self, tenant: str, task: str, version: str | None = None) -> ServedModel:
        """The model of a task, loaded if need be: what is live, or a version by name or alias.

        Raises:
            InvalidInput: a name can't be accepted.
            NotFound: there is no such version, or nothing from which the task could answer.
            CheckpointUnusable: the version that was named can't be served.
            StoreUnavailable: the store of the version that was named can't be reached.
        """
        _check(tenant, task, version)
        model = self._cache.get(tenant, task, version)
        if not model.applied:
            raise NotFound.at("task", f"nothing is known of {tenant}/{task}")
        return model

    def score(
        self,
        tenant: str,
        task: str,
        requests: Sequence[Request],
        *,
        most: int = MOST_CANDIDATES,
        version: str | None = None,
    ) -> list[Prediction]:
        """What would be decided of requests, with their ``most`` best candidates.

        Args:
            tenant: whose.
            task: of which task.
            requests: texts with their metadata.
            most: candidates of each.
            version: by name or alias; without it a canary answers its share of them.

        Raises:
            InvalidInput: a name, text or metadata can't be accepted.
            NotFound: there is no such version, or nothing from which the task could answer.
            CheckpointUnusable: the version that was named can't be served.
            StoreUnavailable: the store of the version that was named can't be reached.
        """
        for request in requests:
            check_request(request.text, request.metadata)
        model = self.model(tenant, task, version)
        models = [model] * len(requests)
        if version is None and is_trying(model):
            models = [route(self._cache, tenant, task, one.text).answers for one in requests]
        return predictions(models, requests, most)


def _check(tenant: str, task: str, version: str | None) -> None:
    check_task(tenant, task)
    if version is not None:
        check_name(version, "version")


def score_together(
    asked: Sequence[tuple[Question, Callable[[Prediction | Exception], None]]],
) -> None:
    """Score requests of any models in one go; each of those who asked is told at once."""
    models = [one.model for one, _ in asked]
    most = max(one.most for one, _ in asked)
    predicted = predictions(models, [one.request for one, _ in asked], most)
    for (question, tell), prediction in zip(asked, predicted, strict=True):
        tell(prediction.cut(question.most))


def predictions(
    models: Sequence[ServedModel], requests: Sequence[Request], most: int = MOST_CANDIDATES
) -> list[Prediction]:
    """What each model says of its request; a request gets the same numbers alone as in any batch.

    Encoded in one pass for each encoder, and judged in one for all.
    """
    texts, metadata = [one.text for one in requests], [one.metadata for one in requests]

    def encoded(encoder: Encoder, places: Sequence[int]) -> Sequence[Features]:
        return encoder.encode([texts[i] for i in places], [metadata[i] for i in places])

    features = for_each_kind([model.encoder for model in models], encoded)
    judged = judge(models, texts, metadata, features, most)
    return [_prediction(one, model.version) for one, model in zip(judged, models, strict=True)]


def _prediction(judged: Judged, version: str | None) -> Prediction:
    return Prediction(
        label=judged.label,
        candidates=tuple(Candidate(c.label, round(c.probability, 6)) for c in judged.candidates),
        threshold=judged.threshold,
        version=version,
        reason=judged.reason,
        fit=None if judged.fit is None else round(judged.fit, 3),
    )
