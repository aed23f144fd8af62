"""Which columns of a file hold text, label, tenant, time and metadata: named, or guessed."""

from collections.abc import Collection, Sequence

import msgspec

from modelfleet.errors import InvalidInput

METADATA = "metadata"
"""The column whose nested mapping is taken as it is."""

_HEADINGS = ("title", "subject", "summary")
_BODIES = ("text", "description", "body", "question", "message", "content", "utterance", "query")
_LABELS = ("label", "team", "component", "category", "intent", "topic", "queue", "class")
_TENANTS = ("tenant", "customer", "account", "product", "company", "organization", "organisation")
_TIMES = ("time", "created", "created_at", "date", "timestamp", "created_on", "opened_at")


class Asked(msgspec.Struct, frozen=True):
    """The columns that the user named; None is guessed, and an empty name means none."""

    text: tuple[str, ...] | None = None
    label: str | None = None
    tenant: str | None = None
    time: str | None = None
    metadata: tuple[str, ...] | None = None


class Columns(msgspec.Struct, frozen=True):
    """The columns that are used.

    Without a tenant column there is one tenant, named after the file; without a time column the
    file's order counts. ``guessed`` names the parts that the user didn't.
    """

    text: tuple[str, ...]
    label: str
    tenant: str | None
    time: str | None
    metadata: tuple[str, ...]
    guessed: tuple[str, ...]

    def described(self) -> str:
        """All of them in one line."""
        parts = {
            "text": " + ".join(self.text),
            "label": self.label,
            "tenant": self.tenant or "none (one tenant)",
            "time": self.time or "none (the file's order)",
            "metadata": ", ".join(self.metadata) or "none",
        }
        return "; ".join(
            f"{part}: {column}{' (guessed)' if part in self.guessed else ''}"
            for part, column in parts.items()
        )


def choose(names: Sequence[str], asked: Asked) -> Columns:
    """The columns to use of those that a file has.

    Raises:
        InvalidInput: a named column isn't there, or text or label can't be guessed.
    """
    for field in ("text", "label", "tenant", "time", "metadata"):
        _check_named(names, field, getattr(asked, field))
    heading, body = _first(names, _HEADINGS), _first(names, _BODIES)
    guess = Columns(
        text=tuple(name for name in (heading, body) if name),
        label=_first(names, _LABELS) or "",
        tenant=_first(names, _TENANTS),
        time=_first(names, _TIMES),
        metadata=(METADATA,) if METADATA in names else (),
        guessed=tuple(
            field
            for field in ("text", "label", "tenant", "time", "metadata")
            if getattr(asked, field) is None
        ),
    )
    chosen = Columns(
        text=guess.text if asked.text is None else asked.text,
        label=guess.label if asked.label is None else asked.label,
        tenant=guess.tenant if asked.tenant is None else asked.tenant or None,
        time=guess.time if asked.time is None else asked.time or None,
        metadata=guess.metadata if asked.metadata is None else asked.metadata,
        guessed=guess.guessed,
    )
    for field in ("text", "label"):
        if not getattr(chosen, field):
            raise InvalidInput.at(
                field, f"name its column with --{field}; the file has {_shown(names)}"
            )
    return chosen


def _check_named(names: Sequence[str], field: str, asked: str | tuple[str, ...] | None) -> None:
    for name in (asked,) if isinstance(asked, str) else asked or ():
        if name and name not in names:
            raise InvalidInput.at(
                field, f"there is no column '{name}'; the file has {_shown(names)}"
            )


def _first(names: Sequence[str], usual: Collection[str]) -> str | None:
    """The column with the first of the usual names, whatever its case and spacing."""
    plain = {name.strip().lower().replace(" ", "_"): name for name in reversed(names)}
    return next((plain[name] for name in usual if name in plain), None)


def _shown(names: Sequence[str]) -> str:
    return ", ".join(names[:30]) + (", …" if len(names) > 30 else "")  # noqa: PLR2004 - a line's worth
