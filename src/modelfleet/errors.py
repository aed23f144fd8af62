"""The one tree of errors; a class's docstring says what happened, an instance says to what.

ModelfleetError
├── Declined               what was asked for isn't done; each fault names a field
│   ├── InvalidInput       what was sent can't be accepted; nothing changed
│   ├── NotFound           what was named isn't there
│   ├── Conflict           what was asked contradicts what is there
│   │   └── Outdated       a task's labels changed while it decided
│   └── NotAllowed         the key may not do this
├── SettingsWrong          the settings can't be used; every fault is listed
├── CheckpointUnusable     a version can't be served
│   ├── CheckpointMissing  its file is not in the store
│   └── CheckpointDamaged  its file isn't what was published
├── EncoderUnusable        what a recipe or a version makes features with can't be opened
├── StoreUnavailable       the store of checkpoints can't be reached
├── LogUnavailable         the database of the log can't be reached or is closed
└── ServerRefused          a modelfleet server answered a client with an error of its own
"""

from typing import Self

import msgspec


class Fault(msgspec.Struct, frozen=True):
    """One thing that is wrong with an input, and what would be right."""

    field: str
    message: str


class ModelfleetError(Exception):
    """Something modelfleet was asked for didn't happen."""


class Declined(ModelfleetError):
    """What was asked for isn't done, and nothing was changed; each fault names a field."""

    def __init__(self, *faults: Fault) -> None:
        self.faults = faults
        super().__init__("; ".join(f"{fault.field}: {fault.message}" for fault in faults))

    @classmethod
    def at(cls, field: str, message: str) -> Self:
        """The error with one fault: ``message`` says what would be right for ``field``."""
        return cls(Fault(field, message))


class InvalidInput(Declined):
    """The input can't be accepted; nothing was changed."""


class NotFound(Declined):
    """What was named isn't there."""


class Conflict(Declined):
    """What was asked contradicts what is there."""


class Outdated(Conflict):
    """A task's labels changed after what a decision knew, by the event ``seq``."""

    def __init__(self, tenant: str, task: str, seq: int) -> None:
        self.tenant = tenant
        self.task = task
        self.seq = seq
        super().__init__(Fault("task", f"the labels of {tenant}/{task} changed while it decided"))


class NotAllowed(Declined):
    """The key may not do this."""


class SettingsWrong(ModelfleetError):
    """The settings can't be used."""


class CheckpointUnusable(ModelfleetError):
    """A version can't be served."""


class CheckpointMissing(CheckpointUnusable):
    """The version's file is not in the store."""


class CheckpointDamaged(CheckpointUnusable):
    """The version's file isn't what was published."""


class EncoderUnusable(ModelfleetError):
    """What a recipe or a version makes features with can't be opened."""


class StoreUnavailable(ModelfleetError):
    """The store of checkpoints can't be reached."""


class LogUnavailable(ModelfleetError):
    """The database of the log can't be reached, or was closed."""


class ServerRefused(ModelfleetError):
    """A modelfleet server answered with an error of its own."""
