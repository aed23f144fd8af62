"""Steering: people say which of a task's versions serves, is tried out, or is trained anew."""

import msgspec

from modelfleet.catalog import ALIASES, Catalog, TaskState
from modelfleet.decisions.checks import check_task
from modelfleet.decisions.decision import Receipt
from modelfleet.decisions.desk import Desk
from modelfleet.errors import Conflict, NotFound
from modelfleet.events import EventLog, kinds
from modelfleet.events.validation import check_id, check_name


class Swapped(Receipt, frozen=True):
    """A receipt, and the ``version`` that the order makes the live one."""

    version: str


class Steering:
    """Takes orders about versions, each through the log.

    An order may be sent again under its id: it is done once, with the version that a part
    (`canary`) named, or that was the one before, when it was first sent.
    """

    def __init__(self, log: EventLog, catalog: Catalog, desk: Desk) -> None:
        self._log = log
        self._catalog = catalog
        self._desk = desk

    def swap(
        self,
        tenant: str,
        task: str,
        body: kinds.VersionPromoted | kinds.VersionPinned,
        identity: str | None = None,
    ) -> Swapped:
        """Make a version, by its name or its part, the live one.

        Raises:
            NotFound: the task has no such version.
            Conflict: it is to be promoted, and a version is pinned.
        """
        known = self._named(tenant, task, body.version, identity)
        if isinstance(body, kinds.VersionPromoted) and not self._desk.has(tenant, identity):
            _refuse_pinned(self._catalog.task(tenant, task))
        return self._swapped(tenant, task, msgspec.structs.replace(body, version=known), identity)

    def roll_back(
        self, tenant: str, task: str, by: str | None = None, identity: str | None = None
    ) -> Swapped:
        """Make the version before the live one live again; never one that was made after it.

        It is the version that was live before. Where that is a newer one, since the task was rolled
        back already, it is the newest that was made before the live one.

        Raises:
            Conflict: there is none, or a version is pinned.
        """
        check_task(tenant, task)
        version = self._told_before(tenant, identity)
        if version is None:
            state = self._catalog.task(tenant, task)
            _refuse_pinned(state)
            version = self._version_before(state)
        return self._swapped(tenant, task, kinds.VersionPromoted(version, by), identity)

    def try_out(
        self,
        tenant: str,
        task: str,
        body: kinds.VersionCanaried | kinds.VersionShadowed,
        identity: str | None = None,
    ) -> Receipt:
        """Have a version answer a share of the requests, or score all; without one, end that.

        It ends by itself when the version becomes the live one.

        Raises:
            InvalidInput: the share isn't above 0 and at most 1.
            NotFound: the task has no such version.
            Conflict: the version is the live one.
        """
        if body.version is None:
            return self.order(tenant, task, body, identity)
        known = self._named(tenant, task, body.version, identity)
        if known == self._catalog.task(tenant, task).live and not self._desk.has(tenant, identity):
            raise Conflict.at(
                "version", f"{known} is the live one, it can't be tried out beside itself"
            )
        return self._desk.tell(tenant, task, msgspec.structs.replace(body, version=known), identity)

    def order(
        self, tenant: str, task: str, body: kinds.Body, identity: str | None = None
    ) -> Receipt:
        """Tell something of a task that there is.

        Raises:
            NotFound: nothing was ever logged of it.
        """
        check_task(tenant, task)
        if not self._catalog.has_task(tenant, task):
            raise NotFound.at("task", f"nothing was ever logged of {tenant}/{task}")
        return self._desk.tell(tenant, task, body, identity)

    def _swapped(
        self,
        tenant: str,
        task: str,
        body: kinds.VersionPromoted | kinds.VersionPinned,
        identity: str | None,
    ) -> Swapped:
        receipt = self._desk.tell(tenant, task, body, identity)
        return Swapped(receipt.id, receipt.seq, receipt.duplicate, body.version)

    def _named(self, tenant: str, task: str, version: str, identity: str | None) -> str:
        """The name of a version; of a part that was told before under this id, whose it was."""
        check_task(tenant, task)
        check_name(version, "version")
        before = self._told_before(tenant, identity) if version in ALIASES else None
        return before or self._catalog.named(tenant, task, version)

    def _told_before(self, tenant: str, identity: str | None) -> str | None:
        """Of which version something was told before under this id."""
        before = None if identity is None else self._log.get(tenant, check_id(identity))
        return None if before is None else before.fields.get("version")

    def _version_before(self, state: TaskState) -> str:
        place = f"{state.tenant}/{state.task}"
        if state.previous is None:
            raise Conflict.at("version", f"{place} has none before the live one")
        made = [one.version for one in self._catalog.versions(state.tenant, state.task)]
        older = made[made.index(state.live) + 1 :] if state.live in made else []
        if state.previous in older or state.previous not in made:
            return state.previous
        if not older:
            raise Conflict.at(
                "version",
                f"{place} has none before {state.live}; to return to {state.previous}, "
                "which was made after it, promote it",
            )
        return older[0]


def _refuse_pinned(state: TaskState) -> None:
    if state.pinned:
        raise Conflict.at(
            "version",
            f"{state.live} is pinned for {state.tenant}/{state.task}; unpin it first, "
            "or pin another",
        )
