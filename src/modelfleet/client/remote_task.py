"""The verbs of one task, spoken to a server."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from modelfleet.catalog import Label, TaskState, Version
from modelfleet.client.server import Server
from modelfleet.client.translation import Json, part, read, sayable, tenant_path, with_id
from modelfleet.decisions import Decision, Example, Feedback, Receipt, Request
from modelfleet.errors import ModelfleetError
from modelfleet.events import new_id
from modelfleet.events.validation import check_id, check_name


class RemoteTask:
    """The verbs of one task behind a server; see `Task` for what each does and raises."""

    def __init__(self, server: "Server", tenant: str, task: str) -> None:
        self.tenant = check_name(tenant, "tenant")
        self.task = check_name(task, "task")
        self._server = server
        self._path = f"{tenant_path(tenant)}/tasks/{part(task)}"

    def define_label(
        self,
        label: str,
        *,
        name: str = "",
        description: str = "",
        keywords: Sequence[str] = (),
    ) -> Receipt:
        """Add a label, bring it back, or change its texts."""
        texts = {"name": name, "description": description, "keywords": list(keywords)}
        path = f"/labels/{part(check_name(label, 'label'))}"
        return self._told("PUT", path, {**texts, "id": new_id()})

    def remove_label(self, label: str) -> Receipt:
        """Have a label never predicted again."""
        path = f"{self._path}/labels/{part(check_name(label, 'label'))}"
        return read(Receipt, self._server.ask("DELETE", path, query={"id": new_id()}))

    def labels(self) -> list[Label]:
        """The labels that may be predicted now, by name."""
        return [read(Label, one) for one in self._asked("/labels")["labels"]]

    def decide(
        self,
        text: str,
        *,
        metadata: Mapping[str, Any] | None = None,
        id: str | None = None,  # noqa: A002 - its name everywhere
        time: int | None = None,
    ) -> Decision:
        """Decide a request; back when the decision is durable in the log."""
        body = sayable(Request(text, dict(metadata or {}), id, time))
        return read(Decision, self._server.ask("POST", f"{self._path}/decisions", body))

    def decide_many(self, requests: Sequence[Request]) -> list[Decision]:
        """Decide up to 1,000 requests together, in the same order; all are logged or none."""
        if not requests:
            return []
        body = {"requests": [sayable(request) for request in requests]}
        answer = self._server.ask("POST", f"{self._path}/decisions/batch", body)
        return [read(Decision, one) for one in answer["decisions"]]

    def decision(self, decision: str) -> Decision:
        """A decision that was made."""
        return read(Decision, self._asked(f"/decisions/{part(check_id(decision, 'decision'))}"))

    def feedback(self, decision: str, said: Feedback) -> Receipt:
        """Take down what somebody said about a decision; the next decision knows it."""
        path = f"/decisions/{part(check_id(decision, 'decision'))}/feedback"
        return self._told("POST", path, with_id(said))

    def accept(self, decision: str, *, by: str | None = None, time: int | None = None) -> Receipt:
        """Somebody confirms a decision's label."""
        return self.feedback(decision, Feedback("accepted", by=by, time=time))

    def assign(
        self, decision: str, label: str, *, by: str | None = None, time: int | None = None
    ) -> Receipt:
        """Somebody gives a decided request its right label."""
        return self.feedback(decision, Feedback("reassigned", label, by, time=time))

    def no_label_fits(self, decision: str, *, by: str | None = None) -> Receipt:
        """Somebody says that none of the labels fits the request."""
        return self.feedback(decision, Feedback("no_label_fits", by=by))

    def irrelevant(self, decision: str, *, by: str | None = None) -> Receipt:
        """Somebody says that this was no request at all."""
        return self.feedback(decision, Feedback("irrelevant", by=by))

    def helpful(self, decision: str, helpful: bool = True, *, by: str | None = None) -> Receipt:  # noqa: FBT001, FBT002 - reads as a sentence
        """Somebody says whether the decision helped."""
        return self.feedback(decision, Feedback("helpful" if helpful else "unhelpful", by=by))

    def give_examples(self, examples: Sequence[Example]) -> list[Receipt]:
        """Take down up to 1,000 requests with their labels, without decisions; all or none."""
        if not examples:
            return []
        bodies = [sayable(example) for example in examples]
        answer = self._server.ask("POST", f"{self._path}/examples", bodies)
        return [read(Receipt, one) for one in answer]

    def give_examples_in_bulk(self, examples: Iterable[Example]) -> list[Receipt | ModelfleetError]:
        """Take down any number of examples, streamed; what became of each, in their order."""
        bodies = (sayable(example) for example in examples)
        return self._server.send_lines(f"{self._path}/examples/bulk", bodies)

    def status(self) -> TaskState:
        """What is live, how far behind, the last error, and what became of decisions."""
        return read(TaskState, self._asked("/status"))

    def versions(self) -> list[Version]:
        """The versions of this task, the newest first."""
        return [read(Version, one) for one in self._asked("/versions")["versions"]]

    def promote(self, version: str, *, by: str | None = None) -> Receipt:
        """Make a version the live one; training goes on and may replace it."""
        return self._ordered(f"/versions/{part(check_name(version, 'version'))}/promote", by)

    def roll_back(self, *, by: str | None = None) -> Receipt:
        """Make the version before the live one live again."""
        return self._ordered("/versions/roll-back", by)

    def pin(self, version: str, *, by: str | None = None) -> Receipt:
        """Fix a version as the live one until ``unpin``; nothing is trained meanwhile."""
        return self._ordered(f"/versions/{part(check_name(version, 'version'))}/pin", by)

    def unpin(self, *, by: str | None = None) -> Receipt:
        """Give the task back to automatic publication."""
        return self._ordered("/versions/unpin", by)

    def retry_training(self, *, by: str | None = None) -> Receipt:
        """Have the task trained now, also if it was set aside after failures."""
        return self._ordered("/training/retry", by)

    def _asked(self, path: str) -> Json:
        answer: Json = self._server.ask("GET", self._path + path)
        return answer

    def _told(self, method: str, path: str, body: Json) -> Receipt:
        return read(Receipt, self._server.ask(method, self._path + path, body))

    def _ordered(self, path: str, by: str | None) -> Receipt:
        return self._told("POST", path, {"by": by, "id": new_id()})
