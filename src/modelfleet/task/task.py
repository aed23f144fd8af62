"""The verbs of one task, for whoever uses the platform as a library."""

from collections.abc import Mapping, Sequence
from typing import Any

from modelfleet.catalog import Label, TaskState
from modelfleet.decisions import (
    Aim,
    Awaited,
    Decision,
    Example,
    Feedback,
    Forget,
    Forgotten,
    Lesson,
    Order,
    Preview,
    Reasons,
    Receipt,
    Record,
    Request,
    awaited,
    record,
)
from modelfleet.decisions.checks import texts_of
from modelfleet.events.given import check_all
from modelfleet.events.validation import metadata_of
from modelfleet.task.alerts import OfAlerts
from modelfleet.task.monitored import OfMonitoring
from modelfleet.task.versions import OfVersions
from modelfleet.training import Diagnosis, PinnedExample


class Task(OfVersions, OfAlerts, OfMonitoring):
    """One question asked for a tenant, with its own labels and its own model."""

    def define_label(
        self,
        label: str,
        *,
        name: str = "",
        description: str = "",
        keywords: Sequence[str] = (),
    ) -> Receipt:
        """Add a label, bring it back, or change its texts; it can be predicted from now on.

        All its texts are as given here: one that is left out is empty from now on.

        Raises:
            InvalidInput: the label or a text can't be accepted.
        """
        texts = texts_of(name, description, keywords)
        return self._rooms.desk.define_label(self.tenant, self.task, label, texts)

    def remove_label(self, label: str) -> Receipt:
        """Have a label never predicted again; its examples rest until it is defined again.

        Raises:
            NotFound: the task has no such label.
        """
        return self._rooms.desk.remove_label(self.tenant, self.task, label)

    def labels(self) -> list[Label]:
        """The labels that may be predicted now, by name."""
        return self._rooms.catalog.labels(self.tenant, self.task)

    def decide(
        self,
        text: str,
        *,
        metadata: Mapping[str, Any] | None = None,
        id: str | None = None,  # noqa: A002 - its name everywhere
        time: int | None = None,
    ) -> Decision:
        """Decide a request; back when the decision is durable in the log.

        Raises:
            InvalidInput: the text, metadata or time can't be accepted.
            Conflict: the id was used before for another request.
        """
        return self.decide_many([Request(text, metadata_of(metadata), id, time)])[0]

    def decide_many(self, requests: Sequence[Request]) -> list[Decision]:
        """Decide requests together, in the same order; all are logged or none.

        Raises:
            InvalidInput: one of them can't be accepted.
            Conflict: an id was used before for another request.
        """
        check_all(requests, Request, "requests")
        return self._rooms.decider.decide(self.tenant, self.task, requests).result()

    def decision(self, decision: str) -> Decision:
        """A decision that was made.

        Raises:
            NotFound: this task has made no such decision.
        """
        return self._rooms.decider.decision(self.tenant, self.task, decision)[1]

    def record(self, decision: str) -> Record:
        """A decision that was made, its request, and the last word about it.

        Raises:
            NotFound: this task has made no such decision.
        """
        event, _ = self._rooms.decider.decision(self.tenant, self.task, decision)
        return record(event, self._rooms.catalog.outcome(self.tenant, decision))

    def awaiting(self, limit: int = 100, *, audits: bool = False) -> list[Awaited]:
        """Decisions that nobody has said anything about: those drawn for a look, then the newest.

        With ``audits`` only those that were drawn.

        Raises:
            InvalidInput: the limit can't be accepted.
        """
        rooms = self._rooms
        found = rooms.awaiting.events(self.tenant, self.task, limit, audits=audits)
        return [awaited(event) for event in found]

    def feedback(self, decision: str, said: Feedback) -> Lesson:
        """Take down what somebody said about a decision; the next decision knows it.

        Raises:
            InvalidInput: an unknown label, or one where none belongs.
            NotFound: this task has made no such decision.
            Conflict: the id was used before for something else, or there is nothing to accept.
        """
        return self._rooms.desk.feedback(self.tenant, self.task, decision, said)

    def accept(self, decision: str, *, by: str | None = None, time: int | None = None) -> Lesson:
        """Somebody confirms a decision's label; see ``feedback``."""
        return self.feedback(decision, Feedback("accepted", by=by, time=time))

    def assign(
        self, decision: str, label: str, *, by: str | None = None, time: int | None = None
    ) -> Lesson:
        """Somebody gives a decided request its right label; see ``feedback``."""
        return self.feedback(decision, Feedback("reassigned", label, by, time=time))

    def no_label_fits(self, decision: str, *, by: str | None = None) -> Lesson:
        """Somebody says that none of the labels fits the request; see ``feedback``."""
        return self.feedback(decision, Feedback("no_label_fits", by=by))

    def irrelevant(self, decision: str, *, by: str | None = None) -> Lesson:
        """Somebody says that this was no request at all; see ``feedback``."""
        return self.feedback(decision, Feedback("irrelevant", by=by))

    def helpful(self, decision: str, helpful: bool = True, *, by: str | None = None) -> Lesson:  # noqa: FBT001, FBT002 - reads as a sentence
        """Somebody says whether the decision helped; see ``feedback``."""
        return self.feedback(decision, Feedback("helpful" if helpful else "unhelpful", by=by))

    def give_examples(self, examples: Sequence[Example]) -> list[Lesson]:
        """Take down requests with their labels, without decisions; all or none.

        Raises:
            InvalidInput: one of them can't be accepted.
            Conflict: an id was used before for something else.
        """
        check_all(examples, Example, "examples")
        given = self._rooms.desk.give_examples(self.tenant, self.task, examples).result()
        return self._rooms.desk.dated(self.tenant, self.task, given)

    def why(self, decision: str) -> Reasons:
        """Why a decision was made: its words with their weights, and the requests that taught it.

        Explained with the version that decided, and what people had corrected on top by then.

        Raises:
            NotFound: this task has made no such decision, or it was forgotten.
        """
        return self._rooms.explainer.why(self.tenant, self.task, decision)

    def explain(self, text: str, *, metadata: Mapping[str, Any] | None = None) -> Reasons:
        """Why a request would be decided as it would be now; nothing is logged.

        Raises:
            InvalidInput: the text or metadata can't be accepted.
        """
        return self._rooms.explainer.explain(self.tenant, self.task, text, metadata)

    def forget(
        self,
        example: str | None = None,
        *,
        person: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        by: str | None = None,
        why: str = "",
        id: str | None = None,  # noqa: A002 - its name everywhere
    ) -> list[Forgotten]:
        """Forget one request, a person's words, or all requests with some metadata; see `Forget`.

        Their texts, metadata and authors are emptied out of the log, nothing learns from them any
        more, and the model is trained again without them. Done again, it changes nothing; under
        the same ``id`` it answers the same, and covers what was there when it was first done.

        Raises:
            InvalidInput: not exactly one of the three is named, or it can't be accepted.
            NotFound: there is no such request.
        """
        what = Forget(example, person, metadata_of(metadata))
        return self._rooms.forgetting.forget(self.tenant, self.task, what, Order(by, why, id))

    def forgotten(self) -> list[Forgotten]:
        """What was forgotten, the newest first, and whether the live version is free of it."""
        return self._rooms.forgetting.forgotten(self.tenant, self.task)

    def set_target_precision(
        self, precision: float | None, *, label: str | None = None, by: str | None = None
    ) -> Receipt:
        """Have decisions be right that often: all, or those for one label.

        It holds from the next decision on and after every training; see ``targets`` for what it
        costs. None returns to the recipe's precision, or for a label to the task's.

        Raises:
            InvalidInput: the precision isn't between 0 and 1.
            NotFound: the task has no such label.
        """
        return self._rooms.aims.ask(self.tenant, self.task, precision, label, by=by)

    def targets(self) -> list[Aim]:
        """How often decisions must be right, from which probability on, and the coverage it costs.

        The task's own target comes first, then those of labels that have one.
        """
        return self._rooms.aims.aims(self.tenant, self.task)

    def preview_target(self, precision: float | None, label: str | None = None) -> Preview:
        """What another precision would have changed on the newest requests; nothing is changed.

        Raises:
            InvalidInput: the precision isn't between 0 and 1.
            NotFound: the task has no such label.
        """
        return self._rooms.aims.preview(self.tenant, self.task, precision, label)

    def pin_example(
        self,
        text: str,
        label: str,
        *,
        metadata: Mapping[str, Any] | None = None,
        key: str | None = None,
        by: str | None = None,
    ) -> Receipt:
        """Have requests with this text, and at least this metadata, decided as ``label``.

        It holds from the next decision on, is learned from, and no version that would decide it
        otherwise is published. It replaces what was pinned under its key (by default, its event's
        id) or for the same text and metadata; while the label is removed, it rests.

        Raises:
            InvalidInput: the text, metadata, label or key can't be accepted.
        """
        example = Example(text, label, metadata_of(metadata), key, by)
        return self._rooms.pins.pin(self.tenant, self.task, example)

    def unpin_example(self, key: str, *, by: str | None = None) -> Receipt:
        """Give the requests of a pinned example back to the model.

        Raises:
            NotFound: nothing is pinned under this key.
        """
        return self._rooms.pins.unpin(self.tenant, self.task, key, by=by)

    def pinned_examples(self) -> list[PinnedExample]:
        """The examples that are pinned, in the order in which they were; also those that rest."""
        return self._rooms.pins.pinned(self.tenant, self.task)

    def doctor(self) -> Diagnosis:
        """Which examples and labels hold the model back: see `Diagnosis`.

        It costs about as much time as a training.
        """
        return self._rooms.doctor.examine(self.tenant, self.task)

    def status(self) -> TaskState:
        """What is live, how far behind, the last error, and what became of decisions."""
        return self._rooms.catalog.task(self.tenant, self.task)
