"""The verbs of one task, for whoever uses the platform as a library."""

from collections.abc import Mapping, Sequence
from typing import Any

from modelfleet.catalog import Catalog, Label, TaskState, Version
from modelfleet.decisions import Decision, Desk, Example, Feedback, LabelTexts, Receipt, Request
from modelfleet.errors import Conflict, InvalidInput, NotFound
from modelfleet.events import kinds
from modelfleet.events.validation import check_name


class Task:
    """One question asked for a tenant, with its own labels and its own model."""

    def __init__(self, tenant: str, task: str, desk: Desk, catalog: Catalog) -> None:
        self.tenant = check_name(tenant, "tenant")
        self.task = check_name(task, "task")
        self._desk = desk
        self._catalog = catalog

    def define_label(
        self,
        label: str,
        *,
        name: str = "",
        description: str = "",
        keywords: Sequence[str] = (),
    ) -> Receipt:
        """Add a label, bring it back, or change its texts; it can be predicted from now on.

        Raises:
            InvalidInput: the label or a text can't be accepted.
        """
        if isinstance(keywords, str) or not isinstance(keywords, Sequence):
            raise InvalidInput.at("keywords", "must be a list of texts")
        texts = LabelTexts(name, description, tuple(keywords))
        return self._desk.define_label(self.tenant, self.task, label, texts)

    def remove_label(self, label: str) -> Receipt:
        """Have a label never predicted again; its examples rest until it is defined again.

        Raises:
            NotFound: the task has no such label.
        """
        return self._desk.remove_label(self.tenant, self.task, label)

    def labels(self) -> list[Label]:
        """The labels that may be predicted now, by name."""
        return self._catalog.labels(self.tenant, self.task)

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
        return self.decide_many([Request(text, dict(metadata or {}), id, time)])[0]

    def decide_many(self, requests: Sequence[Request]) -> list[Decision]:
        """Decide requests together, in the same order; all are logged or none.

        Raises:
            InvalidInput: one of them can't be accepted.
            Conflict: an id was used before for another request.
        """
        return self._desk.decide(self.tenant, self.task, requests).result()

    def decision(self, decision: str) -> Decision:
        """A decision that was made.

        Raises:
            NotFound: this task has made no such decision.
        """
        return self._desk.decision(self.tenant, self.task, decision)[1]

    def feedback(self, decision: str, said: Feedback) -> Receipt:
        """Take down what somebody said about a decision; the next decision knows it.

        Raises:
            InvalidInput: an unknown label, or one where none belongs.
            NotFound: this task has made no such decision.
            Conflict: the id was used before for something else, or there is nothing to accept.
        """
        return self._desk.feedback(self.tenant, self.task, decision, said)

    def accept(self, decision: str, *, by: str | None = None, time: int | None = None) -> Receipt:
        """Somebody confirms a decision's label; see ``feedback``."""
        return self.feedback(decision, Feedback("accepted", by=by, time=time))

    def assign(
        self, decision: str, label: str, *, by: str | None = None, time: int | None = None
    ) -> Receipt:
        """Somebody gives a decided request its right label; see ``feedback``."""
        return self.feedback(decision, Feedback("reassigned", label, by, time=time))

    def no_label_fits(self, decision: str, *, by: str | None = None) -> Receipt:
        """Somebody says that none of the labels fits the request; see ``feedback``."""
        return self.feedback(decision, Feedback("no_label_fits", by=by))

    def irrelevant(self, decision: str, *, by: str | None = None) -> Receipt:
        """Somebody says that this was no request at all; see ``feedback``."""
        return self.feedback(decision, Feedback("irrelevant", by=by))

    def helpful(self, decision: str, helpful: bool = True, *, by: str | None = None) -> Receipt:  # noqa: FBT001, FBT002 - reads as a sentence
        """Somebody says whether the decision helped; see ``feedback``."""
        return self.feedback(decision, Feedback("helpful" if helpful else "unhelpful", by=by))

    def give_examples(self, examples: Sequence[Example]) -> list[Receipt]:
        """Take down requests with their labels, without decisions; all or none.

        Raises:
            InvalidInput: one of them can't be accepted.
            Conflict: an id was used before for something else.
        """
        return self._desk.give_examples(self.tenant, self.task, examples).result()

    def status(self) -> TaskState:
        """What is live, how far behind, the last error, and what became of decisions."""
        return self._catalog.task(self.tenant, self.task)

    def versions(self) -> list[Version]:
        """The versions of this task, the newest first."""
        return self._catalog.versions(self.tenant, self.task)

    def promote(self, version: str, *, by: str | None = None) -> Receipt:
        """Make a version the live one; training goes on and may replace it.

        Raises:
            NotFound: the task has no such version.
        """
        return self._desk.tell(
            self.tenant, self.task, kinds.VersionPromoted(self._known(version), by)
        )

    def roll_back(self, *, by: str | None = None) -> Receipt:
        """Make the version before the live one live again.

        Raises:
            Conflict: there is none.
        """
        previous = self.status().previous
        if previous is None:
            raise Conflict(f"version: {self.tenant}/{self.task} has none before the live one")
        return self.promote(previous, by=by)

    def pin(self, version: str, *, by: str | None = None) -> Receipt:
        """Fix a version as the live one until ``unpin``; nothing is trained meanwhile.

        Raises:
            NotFound: the task has no such version.
        """
        return self._desk.tell(
            self.tenant, self.task, kinds.VersionPinned(self._known(version), by)
        )

    def unpin(self, *, by: str | None = None) -> Receipt:
        """Give the task back to automatic publication."""
        return self._desk.tell(self.tenant, self.task, kinds.VersionUnpinned(by))

    def retry_training(self, *, by: str | None = None) -> Receipt:
        """Have the task trained now, also if it was set aside after failures."""
        return self._desk.tell(self.tenant, self.task, kinds.TrainingRetried(by))

    def _known(self, version: str) -> str:
        check_name(version, "version")
        if self._catalog.version(self.tenant, self.task, version) is None:
            raise NotFound(f"version: {self.tenant}/{self.task} has no version '{version}'")
        return version
