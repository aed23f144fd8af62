"""The verbs of a task's versions."""

from modelfleet.catalog import Version
from modelfleet.decisions import Receipt
from modelfleet.errors import Conflict
from modelfleet.events import kinds
from modelfleet.events.validation import check_name
from modelfleet.serving import Serving
from modelfleet.task.of_task import OfTask


class OfVersions(OfTask):
    """Versions of a task: which there are, and which one answers."""

    def versions(self) -> list[Version]:
        """The versions of this task, the newest first."""
        return self._rooms.catalog.versions(self.tenant, self.task)

    def serving(self) -> Serving:
        """Which version answers in this process, and what is wrong with the live one if another."""
        return self._rooms.decider.serving(self.tenant, self.task)

    def promote(self, version: str, *, by: str | None = None) -> Receipt:
        """Make a version, by its name or its part (`canary`), the live one.

        Training goes on and may replace it.

        Raises:
            NotFound: the task has no such version.
        """
        return self._tell(kinds.VersionPromoted(self._known(version), by))

    def roll_back(self, *, by: str | None = None) -> Receipt:
        """Make the version before the live one live again.

        Raises:
            Conflict: there is none.
        """
        previous = self._rooms.catalog.task(self.tenant, self.task).previous
        if previous is None:
            raise Conflict(f"version: {self.tenant}/{self.task} has none before the live one")
        return self.promote(previous, by=by)

    def pin(self, version: str, *, by: str | None = None) -> Receipt:
        """Fix a version as the live one until ``unpin``; nothing is trained meanwhile.

        Raises:
            NotFound: the task has no such version.
        """
        return self._tell(kinds.VersionPinned(self._known(version), by))

    def set_canary(
        self, version: str | None, share: float = 0.1, *, by: str | None = None
    ) -> Receipt:
        """Have a version answer a share of the requests; None ends it.

        A request that comes again under its id (or, without one, with its text) is answered by the
        same version. It ends by itself when the version becomes the live one.

        Raises:
            InvalidInput: the share isn't above 0 and at most 1.
            NotFound: the task has no such version.
            Conflict: the version is the live one.
        """
        if version is None:
            return self._tell(kinds.VersionCanaried(None, by=by))
        return self._tell(kinds.VersionCanaried(self._not_live(version), share, by))

    def set_shadow(self, version: str | None, *, by: str | None = None) -> Receipt:
        """Have a version score all requests without answering; None ends it.

        What it would have said is logged with each decision. It ends by itself when the version
        becomes the live one.

        Raises:
            NotFound: the task has no such version.
            Conflict: the version is the live one.
        """
        known = None if version is None else self._not_live(version)
        return self._tell(kinds.VersionShadowed(known, by))

    def unpin(self, *, by: str | None = None) -> Receipt:
        """Give the task back to automatic publication."""
        return self._tell(kinds.VersionUnpinned(by))

    def retry_training(self, *, by: str | None = None) -> Receipt:
        """Have the task trained now, also if it was set aside after failures."""
        return self._tell(kinds.TrainingRetried(by))

    def _known(self, version: str) -> str:
        return self._rooms.catalog.named(self.tenant, self.task, check_name(version, "version"))

    def _not_live(self, version: str) -> str:
        known = self._known(version)
        if known == self._rooms.catalog.task(self.tenant, self.task).live:
            raise Conflict(f"version: {known} is the live one, it can't be tried out beside itself")
        return known

    def _tell(self, body: kinds.Body) -> Receipt:
        return self._rooms.desk.tell(self.tenant, self.task, body)
