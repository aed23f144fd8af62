"""What all kinds of events have in common."""

from typing import Any, ClassVar

import msgspec

Json = Any  # what JSON can hold, checked where it comes in (see validation.py)


class Body(msgspec.Struct, frozen=True, omit_defaults=True):
    """The typed fields of one kind of event."""

    kind: ClassVar[str]

    def fields(self) -> dict[str, Json]:
        """The body as plain JSON; fields at their default are left out."""
        plain: dict[str, Json] = msgspec.to_builtins(self)
        return plain


class Forgettable(Body, frozen=True, kw_only=True):
    """What came from a person; once it was forgotten, ``forgotten`` is the event that ordered it.

    Then its text is empty, and its metadata and whoever said it are gone, in the log itself.
    """

    forgotten: str | None = None
