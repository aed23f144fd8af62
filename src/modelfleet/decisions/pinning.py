"""Pinning examples: a tenant says where a text must go, and takes that back."""

from modelfleet.catalog import Catalog
from modelfleet.decisions.checks import check_example, check_label
from modelfleet.decisions.decision import Example, Receipt
from modelfleet.decisions.desk import Desk
from modelfleet.errors import InvalidInput, NotFound
from modelfleet.events import EventLog, kinds
from modelfleet.events.validation import check_id, check_name, check_text
from modelfleet.training import PinnedExample, read_pinned


class PinBoard:
    """The pinned examples of tasks; the next decision knows each change."""

    def __init__(self, log: EventLog, catalog: Catalog, desk: Desk) -> None:
        self._log = log
        self._catalog = catalog
        self._desk = desk

    def pin(self, tenant: str, task: str, example: Example) -> Receipt:
        """Have requests with this text, and at least its metadata, decided as its label.

        It replaces what was pinned under its key, or for the same text and metadata.

        Raises:
            InvalidInput: a name, the text, metadata, label or key can't be accepted.
            Conflict: the id was used before for something else.
        """
        labels = self._catalog.labels(check_name(tenant, "tenant"), check_name(task, "task"))
        try:
            check_example(example, labels)
            check_label(example.label, labels)
        except InvalidInput:
            if not self._desk.has(tenant, example.id):
                raise
        body = kinds.ExamplePinned(
            example.text, str(example.label), example.metadata, example.key, example.by
        )
        return self._desk.tell(tenant, task, body, example.id, example.time)

    def unpin(
        self,
        tenant: str,
        task: str,
        key: str,
        *,
        by: str | None = None,
        id: str | None = None,  # noqa: A002 - its name everywhere
    ) -> Receipt:
        """Give the requests of a pinned example back to the model.

        Raises:
            NotFound: the task has pinned nothing under this key.
        """
        check_id(key, "key")
        if by is not None:
            check_text(by, "by", most=200)
        if all(one.key != key for one in self.pinned(tenant, task)):
            before = self._log.get(tenant, id) if id else None
            if before is None or before.kind != kinds.ExampleUnpinned.kind:
                raise NotFound.at("key", f"{tenant}/{task} has pinned nothing under '{key}'")
        return self._desk.tell(tenant, task, kinds.ExampleUnpinned(key, by), id)

    def pinned(self, tenant: str, task: str) -> list[PinnedExample]:
        """The examples that are pinned, in the order in which they were; also those that rest.

        Raises:
            InvalidInput: a name can't be accepted.
        """
        return read_pinned(self._log, check_name(tenant, "tenant"), check_name(task, "task"))
