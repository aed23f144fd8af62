"""The verbs of a task's versions."""

from modelfleet.catalog import Version
from modelfleet.decisions import Receipt, Swapped
from modelfleet.events import kinds
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

    def promote(self, version: str, *, by: str | None = None) -> Swapped:
        """Make a version, by its name or its part (`canary`), the live one.

        Training goes on and may replace it.

        Raises:
            NotFound: the task has no such version.
            Conflict: a version is pinned.
        """
        return self._swap(kinds.VersionPromoted(version, by))

    def roll_back(self, *, by: str | None = None) -> Swapped:
        """Make the version before the live one live again; never one that was made after it.

        Raises:
            Conflict: there is none, or a version is pinned.
        """
        return self._rooms.steering.roll_back(self.tenant, self.task, by)

    def pin(self, version: str, *, by: str | None = None) -> Swapped:
        """Fix a version as the live one until ``unpin``; nothing is trained meanwhile.

        Raises:
            NotFound: the task has no such version.
        """
        return self._swap(kinds.VersionPinned(version, by))

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
        body = kinds.VersionCanaried(version, 0.0 if version is None else share, by)
        return self._rooms.steering.try_out(self.tenant, self.task, body)

    def set_shadow(self, version: str | None, *, by: str | None = None) -> Receipt:
        """Have a version score all requests without answering; None ends it.

        What it would have said is logged with each decision. It ends by itself when the version
        becomes the live one.

        Raises:
            NotFound: the task has no such version.
            Conflict: the version is the live one.
        """
        body = kinds.VersionShadowed(version, by)
        return self._rooms.steering.try_out(self.tenant, self.task, body)

    def unpin(self, *, by: str | None = None) -> Receipt:
        """Give the task back to automatic publication.

        Raises:
            NotFound: nothing was ever logged of the task.
        """
        return self._order(kinds.VersionUnpinned(by))

    def retry_training(self, *, by: str | None = None) -> Receipt:
        """Have the task trained now, also if it was set aside after failures.

        Raises:
            NotFound: nothing was ever logged of the task.
        """
        return self._order(kinds.TrainingRetried(by))

    def _swap(self, body: kinds.VersionPromoted | kinds.VersionPinned) -> Swapped:
        return self._rooms.steering.swap(self.tenant, self.task, body)

    def _order(self, body: kinds.VersionUnpinned | kinds.TrainingRetried) -> Receipt:
        return self._rooms.steering.order(self.tenant, self.task, body)
