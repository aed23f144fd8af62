"""The desk: what people say about requests and labels is taken down here."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TypeVar

import msgspec

from modelfleet.catalog import Catalog
from modelfleet.clock import Clock
from modelfleet.decisions.checks import (
    check_example,
    check_feedback,
    check_task,
    check_texts,
    check_verdict,
    known_label,
)
from modelfleet.decisions.deciding import Decider
from modelfleet.decisions.decision import Example, Feedback, LabelTexts, Lesson, Receipt
from modelfleet.decisions.lessons import lesson_of
from modelfleet.errors import InvalidInput, NotFound
from modelfleet.events import Appended, EventLog, body_of, kinds, make, new_id
from modelfleet.events.given import check_is
from modelfleet.events.validation import check_event, check_id, check_name, check_time

MOST_AT_ONCE = 1_000

T = TypeVar("T")
U = TypeVar("U")


class Desk:
    """Takes feedback, examples and labels, each through the log."""

    def __init__(self, log: EventLog, catalog: Catalog, decider: Decider, clock: Clock) -> None:
        self._log = log
        self._catalog = catalog
        self._decider = decider
        self._clock = clock

    def feedback(self, tenant: str, task: str, decision: str, said: Feedback) -> Lesson:
        """Take down what somebody said about a decision; the next decision knows it.

        Raises:
            InvalidInput: an unknown verdict or label, or a label where none belongs.
            NotFound: this task has made no such decision.
            Conflict: the id was used before for something else, or there is nothing to accept.
        """
        check_task(tenant, task)
        check_verdict(check_is(said, Feedback, "said").verdict)
        event, decided = self._decider.decision(tenant, task, decision)
        try:
            check_feedback(said, decided, self._catalog.labels(tenant, task))
        except InvalidInput:
            if not self.has(tenant, said.id):
                raise
        body = _feedback_body(decision, said)
        time = max(event.time, self._clock()) if said.time is None else said.time
        receipt = self.tell(tenant, task, body, said.id, time)
        return self.dated(tenant, task, [lesson_of(receipt, body, event)])[0]

    def give_examples(
        self, tenant: str, task: str, examples: Sequence[Example]
    ) -> "Future[list[Lesson]]":
        """Take down requests with their labels, all or none.

        Raises:
            InvalidInput: one can't be accepted; nothing is logged.
            Conflict: an id was used before for something else (from the future).
        """
        check_task(tenant, task)
        labels = self._catalog.labels(tenant, task)
        now = self._clock()
        events = []
        for example in examples:
            try:
                check_example(example, labels)
            except InvalidInput:
                if not self.has(tenant, example.id):
                    raise
            body = kinds.ExampleGiven(
                example.text, example.label, example.metadata, example.key, example.by
            )
            time = now if example.time is None else check_time(example.time, now)
            event_id = new_id() if example.id is None else check_id(example.id)
            events.append(make(body, tenant=tenant, task=task, time=time, id=event_id))
        return _then(self._log.submit(events), _lessons)

    def has(self, tenant: str, id: str | None) -> bool:  # noqa: A002 - its name everywhere
        """Whether something was logged under a client's id; then saying it again is harmless."""
        return id is not None and self._log.get(tenant, id) is not None

    def dated(self, tenant: str, task: str, lessons: Sequence[Lesson]) -> list[Lesson]:
        """Lessons that are in the log, with when the training is due that will contain them."""
        if not any(lesson.known for lesson in lessons):
            return list(lessons)
        due = self._catalog.task(tenant, task).due
        return [msgspec.structs.replace(one, due=due) if one.known else one for one in lessons]

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
        check_task(tenant, task)
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
        check_task(tenant, task)
        if not known_label(label, self._catalog.labels(tenant, task)):
            before = self._log.get(tenant, id) if id else None
            if before is None or before.kind != kinds.LabelRemoved.kind:
                raise NotFound.at("label", f"{tenant}/{task} has no label '{label}'")
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


def _lessons(appended: list[Appended]) -> list[Lesson]:
    receipts = zip(_receipts(appended), appended, strict=True)
    return [lesson_of(receipt, body_of(one.event), one.event) for receipt, one in receipts]


def _receipts(appended: list[Appended]) -> list[Receipt]:
    return [Receipt(one.event.id, one.event.seq, one.duplicate) for one in appended]


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
