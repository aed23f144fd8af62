"""Random histories of a small fleet: events of every kind, in any order, right and wrong ones."""

from typing import Any

from hypothesis import strategies as st

from modelfleet.events import Event
from modelfleet.events.kinds import PLATFORM_TENANT

TENANTS = ("acme", "globex")
TASKS = ("team", "type")
LABELS = ("it", "facilities", "payroll")
DECISIONS = ("d0", "d1", "d2", "d3")
NUMBERED = tuple(f"n{number}" for number in range(10))
VERSIONS = ("v1", "v2", "v3")

_decision = st.sampled_from(DECISIONS)
_label = st.sampled_from(LABELS)
_version = st.sampled_from(VERSIONS)
_small = st.integers(0, 12)

_FIELDS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "label.defined": st.fixed_dictionaries(
        {"label": _label},
        optional={"name": st.sampled_from(["IT", ""]), "keywords": st.just(["x"])},
    ),
    "label.removed": st.fixed_dictionaries({"label": _label}),
    "decision.accepted": st.fixed_dictionaries({"decision": _decision}),
    "decision.reassigned": st.fixed_dictionaries(
        {"decision": _decision, "label": _label}, optional={"by": st.just("ann")}
    ),
    "decision.refused": st.fixed_dictionaries({"decision": _decision}),
    "decision.irrelevant": st.fixed_dictionaries({"decision": _decision}),
    "decision.rated": st.fixed_dictionaries({"decision": _decision, "helpful": st.booleans()}),
    "example.given": st.fixed_dictionaries(
        {"text": st.sampled_from(["no wifi", "lift stuck"]), "label": _label | st.none()},
        optional={"key": st.sampled_from(["k1", "k2"]), "metadata": st.just({"office": "Oslo"})},
    ),
    "example.pinned": st.fixed_dictionaries(
        {"text": st.sampled_from(["no wifi", "lift stuck"]), "label": _label},
        optional={"key": st.sampled_from(["k1", "k2"])},
    ),
    "example.unpinned": st.fixed_dictionaries({"key": st.sampled_from(["k1", "k2"])}),
    "evidence.forgotten": st.fixed_dictionaries(
        {"events": st.lists(st.sampled_from([*DECISIONS, *NUMBERED]), max_size=4)}
    ),
    "version.published": st.fixed_dictionaries(
        {
            "version": _version,
            "watermark": _small,
            "evidence": _small,
            "recipe": st.just("default"),
            "examples": _small,
            "labels": _small,
            "fingerprint": st.just("00ff"),
            "training_digest": st.just("ff00"),
            "why": st.just("better"),
        },
        optional={
            "metrics": st.sampled_from([{"accuracy": 0.5}, {"temperature": 0.5}]),
            "watched": st.booleans(),
            "reliability": st.sampled_from([[[7, 3]] * 20, [[90, 80]] * 20, [[1, 2]], []]),
            "recipe_digest": st.sampled_from(["aa", "bb"]),
        },
    ),
    "version.kept": st.fixed_dictionaries(
        {
            "watermark": _small,
            "evidence": _small,
            "recipe": st.just("default"),
            "why": st.just("worse"),
        }
    ),
    "version.promoted": st.fixed_dictionaries({"version": _version}),
    "version.pinned": st.fixed_dictionaries({"version": _version}),
    "version.unpinned": st.just({}),
    "version.canaried": st.fixed_dictionaries(
        {"version": _version | st.none()}, optional={"share": st.sampled_from([0.1, 1.0])}
    ),
    "version.shadowed": st.fixed_dictionaries({"version": _version | st.none()}),
    "version.unusable": st.fixed_dictionaries({"version": _version, "error": st.just("gone")}),
    "training.failed": st.fixed_dictionaries({"watermark": _small, "error": st.just("no space")}),
    "training.retried": st.just({}),
    "target.set": st.fixed_dictionaries({"precision": st.sampled_from([None, 0.95])}),
    "audits.asked": st.fixed_dictionaries(
        {"alert": st.sampled_from(["a1", "a2"]), "share": st.sampled_from([0.2, 1.0])}
    ),
    "alert.ended": st.fixed_dictionaries(
        {"alert": st.sampled_from(["a1", "a2"]), "why": st.just("over")}
    ),
    "ticket.closed": st.just({"note": "an application's own"}),
}

_decided = st.builds(
    lambda tenant, task, id_, label: Event(
        "request.decided",
        tenant,
        1,
        id_,
        task,
        {"text": f"request {id_}"} | ({} if label is None else {"label": label}),
    ),
    st.sampled_from(TENANTS),
    st.just("team"),
    _decision,
    _label | st.none(),
)
_of_task = st.sampled_from(sorted(_FIELDS)).flatmap(
    lambda kind: st.builds(
        lambda tenant, task, fields: Event(kind, tenant, 1, "", task, fields),
        st.sampled_from(TENANTS),
        st.sampled_from(TASKS),
        _FIELDS[kind],
    )
)
_key_made = st.builds(
    lambda key: Event(
        "key.created",
        PLATFORM_TENANT,
        1,
        "",
        "",
        {"key": key, "digest": f"digest of {key}", "role": "owner", "tenant": "acme"},
    ),
    st.sampled_from(["k1", "k2"]),
)
_key_revoked = st.sampled_from(["k1", "k2"]).map(
    lambda key: Event("key.revoked", PLATFORM_TENANT, 1, "", "", {"key": key})
)
_failed = {"watermark": 0, "error": "no space"}
_failures = st.just([Event("training.failed", "acme", 1, "", "team", _failed)])

_one = st.one_of(_of_task, _of_task, _of_task, _decided, _decided, _key_made, _key_revoked)


def _numbered(groups: list[list[Event]]) -> list[Event]:
    """All events with ids of their own; a decision's first keeps the id that it is known by."""
    known: set[tuple[str, str]] = set()
    events: list[Event] = []
    for event in (event for group in groups for event in group):
        name = (event.tenant, event.id)
        if event.id and name not in known:
            known.add(name)
            events.append(event)
        else:
            fields = dict(event.fields)
            own = Event(event.kind, event.tenant, event.time, f"n{len(events)}", event.task, fields)
            events.append(own)
    return events


HISTORIES = st.lists(
    st.one_of(_one.map(lambda event: [event]), _failures.map(lambda one: one * 5)), max_size=24
).map(_numbered)
"""Events in the order in which they are logged."""
