"""Streams and kinds of requests over the fleet and over each recipe: small biases show there."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec
import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from modelfleet.events.key_lookup import ByKeys
from modelfleet.monitoring.alarms.allowance import OVER_ALL, Allowance
from modelfleet.monitoring.alarms.gathering import Gathered
from modelfleet.monitoring.alarms.memory import Shared, slice_state, slice_states
from modelfleet.monitoring.detectors import Elements, advance, bets
from modelfleet.monitoring.finding import SliceKey
from modelfleet.monitoring.matured import Matured
from modelfleet.monitoring.schema import MONITOR_SLICES
from modelfleet.monitoring.slices import slice_bets
from modelfleet.monitoring.streams import ALTERNATIVES, OVER_MANY, Stream, Tolerance
from modelfleet.monitoring.watching import Observed

MOST_FIELDS = 16
MOST_VALUES = 24
_OTHER = "other"
_COMMON = ("length", "script", "hour", "weekday")
_SCOPES = ByKeys(sa.select(MONITOR_SLICES), MONITOR_SLICES.c.scope, MONITOR_SLICES.c.recipe)


class ScopeAlarm(msgspec.Struct, frozen=True):
    """A stream of the fleet or of a recipe rang, of all requests or of a kind.

    ``element`` is the element of the tasks' streams at which it did.
    """

    element: int
    scope: str
    recipe: str
    stream: Stream
    field: str
    value: str
    evidence: float
    bar: float


class Scopes:
    """Detectors over many tasks, as long as a step takes."""

    def __init__(self, connection: sa.Connection, recipes: Sequence[str]) -> None:
        wanted = [("fleet", ""), *(("recipe", recipe) for recipe in recipes)]
        rows = list(_SCOPES.rows(connection, wanted))
        self._keys: dict[SliceKey, int] = {}
        self._names: list[SliceKey] = []
        for row in rows:
            self._place((row.scope, row.recipe, row.field, row.value))
        self._levels, self._spent = slice_states(row.state for row in rows)
        self._touched: set[int] = set()

    def take_in(
        self,
        some: Sequence[Matured],
        gathered: Gathered,
        observed: Observed,
        shared: Shared,
        allowance: Allowance,
        tolerance: Tolerance,
    ) -> list[ScopeAlarm]:
        """Bring detectors forward by the elements of tasks, each held against what it was there."""
        streams = gathered.outcomes.streams
        chosen = np.flatnonzero(np.isin(streams, OVER_MANY) & (gathered.outcomes.shares > 0))
        rows: list[int] = []
        of: list[int] = []
        for element in chosen.tolist():
            one = some[gathered.of[element]]
            for key in _keys(one, Stream(streams[element]), shared):
                rows.append(self._place(key))
                of.append(element)
        self._grow()
        self._touched.update(rows)
        places, elements = np.array(rows, np.intp), np.array(of, np.intp)
        shares = np.array([allowance.share(OVER_ALL) for _ in rows], np.float64)
        factors = self._factors(places, elements, gathered, observed, tolerance)
        rang = advance(self._levels, self._spent, Elements(places, factors, shares))
        return [
            self._alarm(int(elements[place]), int(places[place]), streams, evidence, bar)
            for place, evidence, bar in zip(
                rang.places.tolist(), rang.evidence.tolist(), rang.bars.tolist(), strict=True
            )
        ]

    def states(self) -> Mapping[SliceKey, bytes]:
        """What is to be stored: of the detectors that were brought forward."""
        return {
            self._names[row]: slice_state(self._levels[row], float(self._spent[row]))
            for row in sorted(self._touched)
        }

    def _factors(
        self,
        places: NDArray[np.intp],
        elements: NDArray[np.intp],
        gathered: Gathered,
        observed: Observed,
        tolerance: Tolerance,
    ) -> NDArray[np.float32]:
        """Whole streams tolerate what tasks' do; kinds of requests have finer bets."""
        happened = gathered.outcomes.happened[elements]
        expected = observed.expected[elements]
        whole = np.array([not self._names[place][2] for place in places.tolist()], np.bool_)
        factors = np.empty((len(places), ALTERNATIVES), np.float32)
        streams = gathered.outcomes.streams[elements]
        factors[whole] = bets(streams[whole], happened[whole], expected[whole], tolerance)
        factors[~whole] = slice_bets(happened[~whole], expected[~whole])
        return factors

    def _alarm(
        self, element: int, row: int, streams: NDArray[np.integer], evidence: float, bar: float
    ) -> ScopeAlarm:
        scope, recipe, field, value = self._names[row]
        stream = Stream(streams[element])
        shown = value if field else ""
        return ScopeAlarm(element, scope, recipe, stream, field, shown, evidence, bar)

    def _place(self, key: SliceKey) -> int:
        place = self._keys.get(key)
        if place is None:
            place = self._keys[key] = len(self._names)
            self._names.append(key)
        return place

    def _grow(self) -> None:
        more = len(self._names) - len(self._spent)
        if more:
            self._levels = np.vstack([self._levels, np.zeros((more, ALTERNATIVES), np.float32)])
            self._spent = np.concatenate([self._spent, np.zeros(more)])


def _keys(one: Matured, stream: Stream, shared: Shared) -> Iterator[SliceKey]:
    """The detectors that an element is for; kinds of request ask whether decisions are right."""
    kinds = [("", stream.name)]
    if stream == Stream.PRECISION:
        kinds += common_slices(one, shared)
    for field, value in kinds:
        yield "fleet", "", field, value
        if one.recipe:
            yield "recipe", one.recipe, field, value


def common_slices(one: Matured, shared: Shared) -> list[tuple[str, str]]:
    """Kinds of requests that mean the same for all tasks: labels are each task's own."""
    found = [pair for pair in one.slices if pair[0] in _COMMON]
    for field, value in one.slices:
        if field.startswith("metadata."):
            found.append((field, _known(shared, field, value)))
    return [pair for pair in found if all(pair)]


def _known(shared: Shared, field: str, value: str) -> str:
    """A value of the metadata; later ones than the first 24 of a field are taken together."""
    if field not in shared.values:
        if len(shared.values) >= MOST_FIELDS:
            return ""
        shared.values[field] = []
    values = shared.values[field]
    if value not in values:
        if len(values) >= MOST_VALUES:
            return _OTHER
        values.append(value)
    return value
