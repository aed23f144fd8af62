"""Random histories of decisions and of what people say about them, over weeks."""

from typing import Any

from hypothesis import strategies as st

from modelfleet.events import Event

HOUR = 3600
DECISIONS = tuple(f"d{number}" for number in range(6))
_label = st.sampled_from(["it", "facilities"])
_decision = st.sampled_from(DECISIONS)


def _decided(label: str | None, office: str, confidence: float, audit: float | None) -> Any:  # noqa: ANN401 - JSON
    candidates = [["it", confidence], ["facilities", 0.1]]
    fields = {"text": "no wifi", "candidates": candidates, "confidence": confidence}
    fields |= {"metadata": {"office": office}, "threshold": 0.5, "version": "v1"}
    fields |= {} if label is None else {"label": label}
    return "request.decided", fields | ({} if audit is None else {"audit": audit})


_WORDS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "decision.accepted": st.fixed_dictionaries({"decision": _decision}),
    "decision.reassigned": st.fixed_dictionaries({"decision": _decision, "label": _label}),
    "decision.refused": st.fixed_dictionaries({"decision": _decision}),
    "decision.irrelevant": st.fixed_dictionaries({"decision": _decision}),
    "decision.rated": st.fixed_dictionaries({"decision": _decision, "helpful": st.booleans()}),
    "evidence.forgotten": st.lists(st.sampled_from(DECISIONS), max_size=2).map(
        lambda ids: {"events": ids}
    ),
    "version.published": st.sampled_from(["default", "other"]).map(
        lambda recipe: {
            "version": "v1",
            "watermark": 0,
            "evidence": 0,
            "recipe": recipe,
            "examples": 1,
            "labels": 2,
            "fingerprint": "f",
            "training_digest": "d",
            "why": "first",
        }
    ),
}
_said = st.sampled_from(sorted(_WORDS)).flatmap(
    lambda kind: _WORDS[kind].map(lambda fields: (kind, fields))
)
_decisions = st.builds(
    _decided,
    st.none() | _label,
    st.sampled_from(["Oslo", "Rome"]),
    st.sampled_from([0.1, 0.55, 1.0]),
    st.sampled_from([None, 0.01]),
)
_step = st.tuples(
    st.one_of(_decisions, _decisions, _said),
    st.sampled_from(["team", "type"]),
    st.sampled_from([0, 1, HOUR, 30 * HOUR, 24 * 9 * HOUR]),
)


def _numbered(steps: list[tuple[tuple[str, dict[str, Any]], str, int]]) -> list[tuple[Event, int]]:
    free = list(DECISIONS)
    numbered = []
    for number, ((kind, fields), task, seconds) in enumerate(steps):
        is_decision = kind == "request.decided"
        id_ = free.pop(0) if is_decision and free else f"n{number}"
        numbered.append((Event(kind, "acme", 1, id_, task, fields), seconds))
    return numbered


HISTORIES = st.lists(_step, max_size=40).map(_numbered)
"""Events in the order in which they are logged, and how long after the one before, in seconds."""
