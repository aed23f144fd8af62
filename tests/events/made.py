"""Events as tests make them: by hand, and at random."""

from collections.abc import Mapping
from itertools import count

from hypothesis import strategies as st

from modelfleet.events import Event, EventLog, Logged
from modelfleet.events.kinds import Json

_numbers = count(1)

FIELDS = ("office", "amount", "tags", "deep", "note")
"""Names of fields of random events; few, so that random questions meet random answers."""

WORDS = ("printer", "Jam", "wifi", "ÜBER", "straße", "wifi2", "снег", "打印机", "it's", "a_b", "🙂")

NUMBERS = st.one_of(
    st.integers(-20, 20),
    st.sampled_from([0.0, -0.0, 0.5, -0.5, 2.25, 1e-30, -1e-30, 1e300, -1e300, 2**53, 2**63 - 1]),
    st.floats(-100, 100, allow_nan=False),
    st.floats(allow_nan=False, allow_infinity=False),
)
TEXTS = st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join) | st.text(
    st.characters(exclude_categories=["Cs", "Cc"]), max_size=12
)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=3)
    ),
    max_leaves=6,
)
RANDOM_FIELDS = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=4)


def event(
    kind: str = "ticket.closed",
    *,
    tenant: str = "acme",
    task: str = "team",
    time: int = 1_000_000,
    fields: Mapping[str, Json] | None = None,
    id: str | None = None,  # noqa: A002 - its name everywhere
) -> Event:
    """An event of an application, with an id of its own."""
    own = f"made-{next(_numbers)}" if id is None else id
    return Event(kind, tenant, time, own, task, dict(fields or {}))


def new_tenant() -> str:
    """A tenant that no test has used."""
    return f"tenant-{next(_numbers)}"


def everything(log: EventLog) -> list[Logged]:
    """The whole log, in order."""
    return log.read(0, limit=1_000_000)
