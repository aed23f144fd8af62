"""Pinned examples: texts of which a tenant says where they must go, whatever a model thinks."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from modelfleet.events import EventLog, Logged, body_of, kinds
from modelfleet.events.kinds import PINNING, Json
from modelfleet.learners.model import Model
from modelfleet.text.protocol import Encoder

_SHOWN = 3


class PinnedExample(msgspec.Struct, frozen=True):
    """A text that must be decided as ``label``, with any metadata that has at least its own.

    While the label is removed it rests. ``seq`` is where in the log it was pinned, ``time`` when
    that was said (microseconds).
    """

    key: str
    text: str
    metadata: dict[str, Json]
    label: str
    by: str | None
    seq: int
    time: int

    def holds_for(self, metadata: Mapping[str, Json]) -> bool:
        """Whether it speaks of a request of its text with this metadata."""
        return all(
            name in metadata and metadata[name] == value for name, value in self.metadata.items()
        )


def read_pinned(log: EventLog, tenant: str, task: str, until: int = 2**62) -> list[PinnedExample]:
    """The examples that are pinned as of a position in the log; the newest by default."""
    return fold(log.of_task(tenant, task, PINNING, until=until))


def fold(events: Iterable[Logged]) -> list[PinnedExample]:
    """The examples that are pinned after a task's events, in the order in which they were.

    A key is pinned once, and so is a text with its metadata: the last word holds. One that was
    forgotten holds no longer.
    """
    pinned: dict[str, PinnedExample] = {}
    for event in events:
        body = body_of(event) if event.kind in PINNING else None
        if isinstance(body, kinds.ExampleUnpinned):
            pinned.pop(body.key, None)
        elif isinstance(body, kinds.ExamplePinned) and body.forgotten is None:
            one = _pinned(event, body)
            about = (one.text, one.metadata)
            same = [key for key, old in pinned.items() if (old.text, old.metadata) == about]
            for key in {one.key, *same}:
                pinned.pop(key, None)
            pinned[one.key] = one
    return list(pinned.values())


def broken(model: Model, pinned: Sequence[PinnedExample], encoder: Encoder) -> str:
    """Which pinned examples a model would decide otherwise, in words; empty if none.

    They are named by their keys: what is said here stays in the log when a text is forgotten.
    """
    features = encoder.encode([one.text for one in pinned], [one.metadata for one in pinned])
    best = [model.labels[column] for column in model.scores(features).argmax(axis=1).tolist()]
    wrong = [
        f"'{one.key}' must go to '{one.label}' and would go to '{label}'"
        for one, label in zip(pinned, best, strict=True)
        if label != one.label
    ]
    if not wrong:
        return ""
    more = f" (and {len(wrong) - _SHOWN} more)" if len(wrong) > _SHOWN else ""
    return f"breaks a pinned example: {'; '.join(wrong[:_SHOWN])}{more}"


def _pinned(event: Logged, body: kinds.ExamplePinned) -> PinnedExample:
    key = event.id if body.key is None else body.key
    return PinnedExample(key, body.text, body.metadata, body.label, body.by, event.seq, event.time)
