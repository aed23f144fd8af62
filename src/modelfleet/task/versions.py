"""The verbs of a task's versions."""

from modelfleet.catalog import Version
from modelfleet.decisions import Receipt
from modelfleet.errors import Conflict, NotFound
from modelfleet.events import kinds
from modelfleet.events.validation import check_name
from modelfleet.task.of_task import OfTask


class OfVersions(OfTask):
    """Versions of a task: which there are, and which one answers."""

    def versions(self) -> list[Version]:
        """The versions of this task, the newest first."""
        return self._rooms.catalog.versions(self.tenant, self.task)

    def promote(self, version: str, *, by: str | None = None) -> Receipt:
        """Make a version the live one; training goes on and may replace it.

        Raises:
            NotFound: the task has no such version.
        """
        return self._rooms.desk.tell(
            self.tenant, self.task, kinds.VersionPromoted(self._known(version), by)
        )

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
        return self._rooms.desk.tell(
            self.tenant, self.task, kinds.VersionPinned(self._known(version), by)
        )

    def unpin(self, *, by: str | None = None) -> Receipt:
        """Give the task back to automatic publication."""
        return self._rooms.desk.tell(self.tenant, self.task, kinds.VersionUnpinned(by))

    def retry_training(self, *, by: str | None = None) -> Receipt:
        """Have the task trained now, also if it was set aside after failures."""
        return self._rooms.desk.tell(self.tenant, self.task, kinds.TrainingRetried(by))

    def _known(self, version: str) -> str:
        check_name(version, "version")
        if self._rooms.catalog.version(self.tenant, self.task, version) is None:
            raise NotFound(f"version: {self.tenant}/{self.task} has no version '{version}'")
        return version
