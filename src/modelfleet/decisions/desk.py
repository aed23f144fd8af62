"""The desk: requests are decided here, and what people say about them is taken down."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import TypeVar

from modelfleet.catalog import Catalog
from modelfleet.clock import Clock
from modelfleet.decisions.checks import check_example, check_feedback, check_texts, known_label
from modelfleet.decisions.decision import (
    Decision,
    Example,
    Feedback,
    LabelTexts,
    Receipt,
    Request,
    decision_of,
)
from modelfleet.errors import Conflict, InvalidInput, NotFound
from modelfleet.events import Appended, Event, EventLog, Logged, kinds, make, new_id
from modelfleet.events.event import same_content
from modelfleet.events.kinds import Candidate
from modelfleet.events.validation import (
    check_event,
    check_id,
    check_name,
    check_request,
    check_time,
)
from modelfleet.serving import ModelCache, ServedModel
from modelfleet.text import Features, StaticEncoder

MOST_CANDIDATES = 5
MOST_AT_ONCE = 1_000

T = TypeVar("T")
U = TypeVar("U")


class Desk:
    """Decides requests and takes feedback, examples and labels, each through the log."""

    def __init__(
        self,
        log: EventLog,
        catalog: Catalog,
        cache: ModelCache,
        encoder: StaticEncoder,
        clock: Clock,
    ) -> None:
        self._log = log
        self._catalog = catalog
        self._cache = cache
        self._encoder = encoder
        self._clock = clock

    def is_warm(self, tenant: str, task: str) -> bool:
        """Whether a decision needs nothing but memory and the log's next commit."""
        return self._cache.fresh(tenant, task) is not None

    def decide(
        self, tenant: str, task: str, requests: Sequence[Request]
    ) -> "Future[list[Decision]]":
        """Decide requests; the answers come when they are durable in the log, in the same order.

        A request whose id was decided before gets the answer that it got then.

        Raises:
            InvalidInput: a name, text, metadata or time can't be accepted; nothing is logged.
            Conflict: an id was used before for another request (or from the future).
            LogUnavailable: the database can't be reached (or from the future).
        """
        _check_task(tenant, task)
        now = self._clock()
        for request in requests:
            _check_request(request, now)
        repeated = self._decided_before(tenant, task, requests)
        new = [request for request in requests if request.id not in repeated]
        model = self._cache.get(tenant, task)
        features = self._encoder.encode([r.text for r in new], [r.metadata for r in new])
        events = [
            _decided(request, model, encoded, tenant, task, now)
            for request, encoded in zip(new, features, strict=True)
        ]
        if not events:
            return _done([repeated[str(request.id)] for request in requests])

        def answers(appended: list[Appended]) -> list[Decision]:
            fresh = iter([decision_of(one.event) for one in appended])
            return [
                repeated[request.id] if request.id in repeated else next(fresh)
                for request in requests
            ]

        return _then(self._log.submit(events), answers)

    def decision(self, tenant: str, task: str, decision: str) -> tuple[Logged, Decision]:
        """A decision that was made, with the event that records it.

        Raises:
            NotFound: this task has made no such decision.
        """
        check_id(decision, "decision")
        event = self._log.get(tenant, decision)
        if event is None or event.task != task or event.kind != kinds.RequestDecided.kind:
            raise NotFound(f"decision: {tenant}/{task} has made none with the id '{decision}'")
        return event, decision_of(event)

    def feedback(self, tenant: str, task: str, decision: str, said: Feedback) -> Receipt:
        """Take down what somebody said about a decision; the next decision knows it.

        Raises:
            InvalidInput: an unknown label, or one where none belongs.
            NotFound: this task has made no such decision.
            Conflict: the id was used before for something else, or there is nothing to accept.
        """
        _check_task(tenant, task)
        event, decided = self.decision(tenant, task, decision)
        check_feedback(said, decided, self._catalog.labels(tenant, task))
        body = _feedback_body(decision, said)
        time = max(event.time, self._clock()) if said.time is None else said.time
        return self.tell(tenant, task, body, said.id, time)

    def give_examples(
        self, tenant: str, task: str, examples: Sequence[Example]
    ) -> "Future[list[Receipt]]":
        """Take down requests with their labels, all or none.

        Raises:
            InvalidInput: one can't be accepted; nothing is logged.
            Conflict: an id was used before for something else (from the future).
        """
        _check_task(tenant, task)
        labels = self._catalog.labels(tenant, task)
        now = self._clock()
        events = []
        for example in examples:
            check_example(example, labels)
            body = kinds.ExampleGiven(
                example.text, example.label, example.metadata, example.key, example.by
            )
            time = now if example.time is None else check_time(example.time, now)
            event_id = new_id() if example.id is None else check_id(example.id)
            events.append(make(body, tenant=tenant, task=task, time=time, id=event_id))
        return _then(self._log.submit(events), _receipts)

    def define_label(
        self,
        tenant: str,
        task: str,
        label: str,
        texts: LabelTexts,
        *,
        id: str | None = None,  # noqa: A002 - its name everywhere
    ) -> Receipt:
        """Add a label, bring it back, or change its texts; it can be predicted from now on.

        Raises:
            InvalidInput: the label's name or a text can't be accepted.
        """
        _check_task(tenant, task)
        check_name(label, "label")
        check_texts(texts)
        body = kinds.LabelDefined(label, texts.name, texts.description, texts.keywords)
        return self.tell(tenant, task, body, id)

    def remove_label(
        self,
        tenant: str,
        task: str,
        label: str,
        *,
        id: str | None = None,  # noqa: A002 - its name everywhere
    ) -> Receipt:
        """Have a label never predicted again; its examples rest until it is defined again.

        Raises:
            NotFound: the task has no such label.
        """
        _check_task(tenant, task)
        if not known_label(label, self._catalog.labels(tenant, task)):
            before = self._log.get(tenant, id) if id else None
            if before is None or before.kind != kinds.LabelRemoved.kind:
                raise NotFound(f"label: {tenant}/{task} has no label '{label}'")
        return self.tell(tenant, task, kinds.LabelRemoved(label), id)

    def tell(
        self,
        tenant: str,
        task: str,
        body: kinds.Body,
        id: str | None = None,  # noqa: A002 - its name everywhere
        time: int | None = None,
    ) -> Receipt:
        """Log one event of a task; back when it is durable.

        Raises:
            InvalidInput: the event can't be accepted.
            Conflict: the id was used before for something else.
        """
        now = self._clock()
        event = make(body, tenant=tenant, task=task, time=now if time is None else time, id=id)
        return _receipts(self._log.append([check_event(event, now)]))[0]

    def _decided_before(
        self, tenant: str, task: str, requests: Sequence[Request]
    ) -> Mapping[str | None, Decision]:
        """The decisions that were already made under the requests' own ids."""
        named = {request.id: request for request in requests if request.id is not None}
        if not named:
            return {}
        found = self._log.get_many(tenant, sorted(named))
        for id_, event in found.items():
            asked = kinds.RequestDecided(named[id_].text, named[id_].metadata)
            if not same_content(event, make(asked, tenant=tenant, task=task, time=0, id=id_)):
                raise Conflict(f"id: '{id_}' was used before for something else")
        return {id_: decision_of(event) for id_, event in found.items()}


def _check_task(tenant: str, task: str) -> None:
    check_name(tenant, "tenant")
    check_name(task, "task")


def _check_request(request: Request, now: int) -> None:
    check_request(request.text, request.metadata)
    if request.id is not None:
        check_id(request.id)
    if request.time is not None:
        check_time(request.time, now)


def _decided(
    request: Request, model: ServedModel, features: Features, tenant: str, task: str, now: int
) -> Event:
    scored = model.scored(features, MOST_CANDIDATES)
    sure = bool(scored) and scored[0].probability >= model.threshold and not model.refuses(features)
    body = kinds.RequestDecided(
        text=request.text,
        metadata=request.metadata,
        label=scored[0].label if sure else None,
        confidence=round(scored[0].probability, 6) if scored else 0.0,
        candidates=tuple(Candidate(one.label, round(one.probability, 6)) for one in scored),
        threshold=model.threshold,
        version=model.version,
    )
    time = now if request.time is None else request.time
    return make(body, tenant=tenant, task=task, time=time, id=request.id)


def _feedback_body(decision: str, said: Feedback) -> kinds.Body:
    match said.verdict:
        case "accepted":
            return kinds.DecisionAccepted(decision, said.by)
        case "reassigned":
            return kinds.DecisionReassigned(decision, str(said.label), said.by)
        case "no_label_fits":
            return kinds.DecisionRefused(decision, said.by)
        case "irrelevant":
            return kinds.DecisionIrrelevant(decision, said.by)
        case "helpful" | "unhelpful":
            return kinds.DecisionRated(decision, said.verdict == "helpful", said.by)
    raise InvalidInput.at("verdict", f"isn't known: {said.verdict!r}")


def _receipts(appended: list[Appended]) -> list[Receipt]:
    return [Receipt(one.event.id, one.event.seq, one.duplicate) for one in appended]


def _done(value: T) -> "Future[T]":
    future: Future[T] = Future()
    future.set_result(value)
    return future


def _then(future: "Future[T]", change: Callable[[T], U]) -> "Future[U]":
    """A future of what ``change`` makes of another's result; it raises what the other raises."""
    changed: Future[U] = Future()

    def pass_on(done: "Future[T]") -> None:
        try:
            changed.set_result(change(done.result()))
        except Exception as error:  # noqa: BLE001 - handed to whoever waits
            changed.set_exception(error)

    future.add_done_callback(pass_on)
    return changed
