"""The verbs of one task, spoken to a server."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from modelfleet.catalog import Alert, Label, Outcome, TaskState, Version
from modelfleet.client.remote_monitoring import RemoteMonitoring
from modelfleet.client.server import Server
from modelfleet.client.translation import (
    Json,
    example_body,
    part,
    read,
    read_alert,
    read_reasons,
    request_body,
    tenant_path,
    with_id,
)
from modelfleet.decisions import (
    Aim,
    Awaited,
    Decision,
    Example,
    Feedback,
    Forgotten,
    Lesson,
    Preview,
    Reasons,
    Receipt,
    Record,
    Request,
    Swapped,
)
from modelfleet.decisions.checks import texts_of
from modelfleet.errors import ModelfleetError
from modelfleet.events import new_id
from modelfleet.events.given import check_all, check_is
from modelfleet.events.validation import (
    check_fields,
    check_id,
    check_name,
    check_request,
    metadata_of,
)
from modelfleet.serving import Serving
from modelfleet.training import Diagnosis, PinnedExample
from modelfleet.training.diagnosis import Scarce


class RemoteTask(RemoteMonitoring):
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
        """Add a label, bring it back, or change its texts: one that is left out is empty then."""
        texts = msgspec.structs.asdict(texts_of(name, description, keywords))
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
        body = request_body(Request(text, metadata_of(metadata), id, time))
        return read(Decision, self._server.ask("POST", f"{self._path}/decisions", body))

    def decide_many(self, requests: Sequence[Request]) -> list[Decision]:
        """Decide up to 1,000 requests together, in the same order; all are logged or none."""
        if not check_all(requests, Request, "requests"):
            return []
        body = {"requests": [request_body(request) for request in requests]}
        answer = self._server.ask("POST", f"{self._path}/decisions/batch", body)
        return [read(Decision, one) for one in answer["decisions"]]

    def decision(self, decision: str) -> Decision:
        """A decision that was made."""
        return self.record(decision).decision

    def record(self, decision: str) -> Record:
        """A decision that was made, its request, and the last word about it."""
        found = self._asked(f"/decisions/{part(check_id(decision, 'decision'))}")
        said = found["outcome"] and read(Outcome, found["outcome"])
        return Record(*_shown(found), said)

    def awaiting(self, limit: int = 100, *, audits: bool = False) -> list[Awaited]:
        """Decisions that nobody has spoken of: those drawn for a look, then the newest."""
        query = {"limit": str(limit), "audits": str(audits).lower()}
        found: Json = self._server.ask("GET", f"{self._path}/decisions/awaiting", query=query)
        return [Awaited(*_shown(one)) for one in found["decisions"]]

    def feedback(self, decision: str, said: Feedback) -> Lesson:
        """Take down what somebody said about a decision; the next decision knows it."""
        path = f"/decisions/{part(check_id(decision, 'decision'))}/feedback"
        body = with_id(check_is(said, Feedback, "said"))
        return read(Lesson, self._server.ask("POST", self._path + path, body))

    def accept(self, decision: str, *, by: str | None = None, time: int | None = None) -> Lesson:
        """Somebody confirms a decision's label."""
        return self.feedback(decision, Feedback("accepted", by=by, time=time))

    def assign(
        self, decision: str, label: str, *, by: str | None = None, time: int | None = None
    ) -> Lesson:
        """Somebody gives a decided request its right label."""
        return self.feedback(decision, Feedback("reassigned", label, by, time=time))

    def no_label_fits(self, decision: str, *, by: str | None = None) -> Lesson:
        """Somebody says that none of the labels fits the request."""
        return self.feedback(decision, Feedback("no_label_fits", by=by))

    def irrelevant(self, decision: str, *, by: str | None = None) -> Lesson:
        """Somebody says that this was no request at all."""
        return self.feedback(decision, Feedback("irrelevant", by=by))

    def helpful(self, decision: str, helpful: bool = True, *, by: str | None = None) -> Lesson:  # noqa: FBT001, FBT002 - reads as a sentence
        """Somebody says whether the decision helped."""
        return self.feedback(decision, Feedback("helpful" if helpful else "unhelpful", by=by))

    def give_examples(self, examples: Sequence[Example]) -> list[Lesson]:
        """Take down up to 1,000 requests with their labels, without decisions; all or none."""
        if not check_all(examples, Example, "examples"):
            return []
        bodies = [example_body(example) for example in examples]
        answer = self._server.ask("POST", f"{self._path}/examples", bodies)
        return [read(Lesson, one) for one in answer]

    def why(self, decision: str) -> Reasons:
        """Why a decision was made: its words with their weights, and what taught it."""
        return read_reasons(self._asked(f"/decisions/{part(check_id(decision, 'decision'))}/why"))

    def explain(self, text: str, *, metadata: Mapping[str, Any] | None = None) -> Reasons:
        """Why a request would be decided as it would be now; nothing is logged."""
        check_request(text, metadata or {})
        body = {"text": text, "metadata": metadata_of(metadata)}
        return read_reasons(self._server.ask("POST", f"{self._path}/explanations", body))

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
        """Forget one request, a person's words, or all requests with some metadata."""
        check_fields(metadata or {}, "metadata")
        what = {"example": example, "person": person, "metadata": metadata_of(metadata)}
        order = {"by": by, "why": why, "id": new_id() if id is None else id}
        answer = self._server.ask("POST", f"{self._path}/forget", {**what, **order})
        return [read(Forgotten, one) for one in answer["forgotten"]]

    def forgotten(self) -> list[Forgotten]:
        """What was forgotten, the newest first, and whether the live version is free of it."""
        return [read(Forgotten, one) for one in self._asked("/forgotten")["forgotten"]]

    def give_examples_in_bulk(self, examples: Iterable[Example]) -> list[Receipt | ModelfleetError]:
        """Take down any number of examples, streamed; what became of each, in their order.

        One that can't be accepted stops no other. Isn't sent again when the connection is lost:
        those with an ``id`` of yours may be given again, and are taken down once.
        """
        return self._server.send_lines(f"{self._path}/examples/bulk", examples, example_body)

    def set_target_precision(
        self, precision: float | None, *, label: str | None = None, by: str | None = None
    ) -> Receipt:
        """Have decisions be right that often: all, or those for one label."""
        body = {"precision": precision, "label": label, "by": by, "id": new_id()}
        return self._told("PUT", "/targets", body)

    def targets(self) -> list[Aim]:
        """How often decisions must be right, from which probability on, and what it costs."""
        return [read(Aim, one) for one in self._asked("/targets")["targets"]]

    def preview_target(self, precision: float | None, label: str | None = None) -> Preview:
        """What another precision would have changed on the newest requests; nothing is changed."""
        given = {"precision": precision, "label": label}
        query = {name: str(value) for name, value in given.items() if value is not None}
        return read(Preview, self._server.ask("GET", f"{self._path}/targets/preview", query=query))

    def pin_example(
        self,
        text: str,
        label: str,
        *,
        metadata: Mapping[str, Any] | None = None,
        key: str | None = None,
        by: str | None = None,
    ) -> Receipt:
        """Have requests with this text, and at least this metadata, decided as ``label``."""
        body = example_body(Example(text, label, metadata_of(metadata), key, by))
        return self._told("POST", "/pinned-examples", body)

    def unpin_example(self, key: str, *, by: str | None = None) -> Receipt:
        """Give the requests of a pinned example back to the model."""
        path = f"{self._path}/pinned-examples/{part(check_id(key, 'key'))}"
        query = {"id": new_id()} if by is None else {"id": new_id(), "by": by}
        return read(Receipt, self._server.ask("DELETE", path, query=query))

    def pinned_examples(self) -> list[PinnedExample]:
        """The examples that are pinned, in the order in which they were; also those that rest."""
        return [read(PinnedExample, one) for one in self._asked("/pinned-examples")["pinned"]]

    def doctor(self) -> Diagnosis:
        """Which examples and labels hold the model back."""
        found = self._asked("/doctor")
        scarce = [msgspec.structs.asdict(read(Scarce, one)) for one in found["scarce"]]
        return read(Diagnosis, {**found, "scarce": scarce})

    def status(self) -> TaskState:
        """What is live, how far behind, the last error, and what became of decisions."""
        return read(TaskState, self._asked("/status"))

    def versions(self) -> list[Version]:
        """The versions of this task, the newest first."""
        return [read(Version, one) for one in self._asked("/versions")["versions"]]

    def promote(self, version: str, *, by: str | None = None) -> Swapped:
        """Make a version the live one; training goes on and may replace it."""
        return self._swapped(f"/versions/{part(check_name(version, 'version'))}/promote", by)

    def roll_back(self, *, by: str | None = None) -> Swapped:
        """Make the version before the live one live again; never one that was made after it."""
        return self._swapped("/versions/roll-back", by)

    def pin(self, version: str, *, by: str | None = None) -> Swapped:
        """Fix a version as the live one until ``unpin``; nothing is trained meanwhile."""
        return self._swapped(f"/versions/{part(check_name(version, 'version'))}/pin", by)

    def serving(self) -> Serving:
        """Which version answers on the server, and what is wrong with the live one if another."""
        return read(Serving, self._asked("/serving"))

    def set_canary(
        self, version: str | None, share: float = 0.1, *, by: str | None = None
    ) -> Receipt:
        """Have a version answer a share of the requests; None ends it."""
        if version is None:
            return self._ordered("/versions/end-canary", by)
        body = {"share": share, "by": by, "id": new_id()}
        path = f"/versions/{part(check_name(version, 'version'))}/canary"
        return self._told("POST", path, body)

    def set_shadow(self, version: str | None, *, by: str | None = None) -> Receipt:
        """Have a version score all requests without answering; None ends it."""
        if version is None:
            return self._ordered("/versions/end-shadow", by)
        return self._ordered(f"/versions/{part(check_name(version, 'version'))}/shadow", by)

    def unpin(self, *, by: str | None = None) -> Receipt:
        """Give the task back to automatic publication."""
        return self._ordered("/versions/unpin", by)

    def retry_training(self, *, by: str | None = None) -> Receipt:
        """Have the task trained now, also if it was set aside after failures."""
        return self._ordered("/training/retry", by)

    def alerts(self, *, ended: bool = False) -> list[Alert]:
        """The open alerts of this task, the newest first; with ``ended`` those before as well."""
        answer = self._asked(f"/alerts?ended={str(ended).lower()}")
        return [read_alert(one) for one in answer["alerts"]]

    def end_alert(self, alert: str, *, why: str = "", by: str | None = None) -> Receipt:
        """Say that an alert of this task is over."""
        path = f"/alerts/{part(check_id(alert, 'alert'))}/end"
        return self._told("POST", path, {"why": why, "by": by, "id": new_id()})

    def _asked(self, path: str) -> Json:
        answer: Json = self._server.ask("GET", self._path + path)
        return answer

    def _told(self, method: str, path: str, body: Json) -> Receipt:
        return read(Receipt, self._server.ask(method, self._path + path, body))

    def _swapped(self, path: str, by: str | None) -> Swapped:
        body = {"by": by, "id": new_id()}
        return read(Swapped, self._server.ask("POST", self._path + path, body))

    def _ordered(self, path: str, by: str | None) -> Receipt:
        return self._told("POST", path, {"by": by, "id": new_id()})


def _shown(plain: Json) -> tuple[Decision, str, dict[str, Any], float | None]:
    return read(Decision, plain), plain["text"], plain["metadata"], plain["audit"]
