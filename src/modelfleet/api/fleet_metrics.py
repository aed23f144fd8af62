"""What the database says of the whole fleet, for Prometheus: the same from every server.

Never a series per tenant: labels are words of modelfleet's own, and the names of recipes.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from modelfleet.clock import SECOND
from modelfleet.errors import LogUnavailable
from modelfleet.fleet import Fleet
from modelfleet.monitoring import Metrics, Period
from modelfleet.monitoring.findable import FINDINGS
from modelfleet.monitoring.outlets import KINDS
from modelfleet.monitoring.severity import severity_of

WINDOWS = (1, 7, 28)
"""Days over which decisions are summed by recipe."""
_MOST_RECIPES = 50
_OTHER = "other"
_TEXTS = "none"
"""While a task has no version, and its labels' texts answer."""
_SUMMED = ("requests", "decided", "matured", "answered", "confirmed", "corrected", "silent")

_MUTED = "muted"
_RAISED = [(finding, scope) for scope, findings in FINDINGS.items() for finding in findings]
_OPEN = [
    (finding, told)
    for finding, scope in _RAISED
    for told in (*(severity_of(scope, low_trust=few) for few in (False, True)), _MUTED)
]
"""What there can be, of which there are series before there is one: else its first isn't seen."""

Values = Mapping[Any, float]
"""By a tuple of labels' values."""


class FleetState(Collector):
    """Gauges and counters that are read at the moment of asking."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def describe(self) -> list[Metric]:
        """Nothing: so that registering doesn't read the log."""
        return []

    def collect(self) -> Iterator[Metric]:
        """All of it; while the log can't be reached only that."""
        try:
            found = list(self._read())
        except LogUnavailable:
            found = []
        yield _gauge("log_reachable", "Whether the log's database answers.", bool(found))
        yield from found

    def _read(self) -> Iterator[Metric]:
        yield _gauge("log_head", "The number of the log's last event.", self._fleet.log.head())
        yield from self._sums()
        yield from self._by_recipe()
        yield from self._alerts()
        yield from self._outlets()
        yield from self._watching()
        yield from self._training()

    def _sums(self) -> Iterator[Metric]:
        sums = self._fleet.status()
        yield _gauge("tenants", "Tenants.", sums.tenants)
        yield _gauge("tasks", "Tasks of all tenants.", sums.tasks)
        yield _counter("fleet_decisions", "Requests decided by all servers.", {(): sums.decided})
        yield _counter(
            "fleet_abstentions", "Of these, those without a label.", {(): sums.abstained}
        )
        # Gauges, as somebody who has second thoughts takes one away.
        yield _gauge("fleet_confirmed", "Decisions that people said are right.", sums.confirmed)
        yield _gauge("fleet_corrected", "Decisions that people said are wrong.", sums.corrected)
        trained: Values = {(name,): getattr(sums, name) for name in ("published", "kept", "failed")}
        yield _counter("trainings", "Trainings, by what came of them.", trained, "outcome")

    def _by_recipe(self) -> Iterator[Metric]:
        sums: Counter[tuple[str, str, str]] = Counter()
        for days in WINDOWS:
            found = self._fleet.metrics(Period(days, by="recipe")).kinds
            largest = sorted(found, key=lambda kind: kind.now.requests, reverse=True)
            for place, kind in enumerate(largest):
                recipe = (kind.value or _TEXTS) if place < _MOST_RECIPES else _OTHER
                for name, count in _counts(kind.now).items():
                    sums[name, recipe, str(days)] += count
        for name in _SUMMED:
            yield _gauge(
                f"recipe_{name}",
                f"Decisions of the last days (UTC) by recipe: {_MEANINGS[name]}.",
                {key[1:]: count for key, count in sums.items() if key[0] == name},
                "recipe",
                "days",
            )

    def _alerts(self) -> Iterator[Metric]:
        sums = self._fleet.catalog.alert_sums()
        opened = Counter(dict.fromkeys(_OPEN, 0))
        for one in sums.open:
            told = _MUTED if one.muted else severity_of(one.scope, low_trust=one.low_trust)
            opened[one.finding, told] += one.count
        budget = self._fleet.settings.false_alerts_per_week
        yield _gauge("false_alerts_per_week", "False alerts a week that are allowed.", budget)
        meaning = "Alerts that are open; muted: another explains it."
        yield _gauge("alerts_open", meaning, opened, "finding", "severity")
        raised = dict.fromkeys(_RAISED, 0) | dict(sums.raised)
        yield _counter("alerts_raised", "Alerts that were raised.", raised, "finding", "scope")

    def _outlets(self) -> Iterator[Metric]:
        now = self._fleet.clock()
        failing = {(kind,): 0.0 for kind in KINDS}
        for state in self._fleet.outlets.states():
            since = 0.0 if state.failing_since is None else (now - state.failing_since) / SECOND
            failing[state.kind,] = max(failing[state.kind,], since)
        meaning = "For how long an outlet of a kind couldn't be told of alerts; 0: it can."
        yield _gauge("outlet_failing_seconds", meaning, failing, "outlet")

    def _watching(self) -> Iterator[Metric]:
        status = self._fleet.monitoring_status()
        lag, canaries = status.lag, status.canaries
        yield _gauge("watcher_lag_events", "Events that the watcher hasn't taken in.", lag.events)
        yield _gauge("watcher_lag_seconds", "Age of the first of these.", lag.seconds)
        for name, meaning, count in (
            ("outcomes", "Outcomes of honest canaries.", canaries.outcomes),
            ("promised", "False alarms that honest canaries were allowed.", canaries.promised),
            ("realised", "False alarms that honest canaries raised.", canaries.realised),
            ("found", "Broken canaries that were found in time.", canaries.found),
            ("missed", "The share of broken canaries that wasn't.", canaries.missed or 0.0),
        ):
            yield _gauge(f"canaries_{name}", meaning, count)

    def _training(self) -> Iterator[Metric]:
        now = self._fleet.clock()
        state = self._fleet.queue.state(now)
        waits = 0.0 if state.oldest is None else max(0.0, (now - state.oldest) / SECOND)
        yield _gauge("trainings_waiting", "Tasks whose training is due.", state.waiting)
        yield _gauge("trainings_running", "Tasks that are being trained.", state.training)
        yield _gauge("trainings_waiting_seconds", "How long the first of them waits.", waits)


_MEANINGS = {
    "requests": "all",
    "decided": "those with a label",
    "matured": "those whose outcome is final",
    "answered": "those that people spoke of",
    "confirmed": "those that people said are right",
    "corrected": "those that people said are wrong",
    "silent": "those that nobody spoke of, though it is late",
}


def _counts(metrics: Metrics) -> dict[str, int]:
    return {name: getattr(metrics, name) for name in _SUMMED}


def _gauge(name: str, meaning: str, values: Values | float, *labels: str) -> Metric:
    family = GaugeMetricFamily(f"modelfleet_{name}", meaning, labels=labels)
    return _filled(family, values)


def _counter(name: str, meaning: str, values: Values, *labels: str) -> Metric:
    family = CounterMetricFamily(f"modelfleet_{name}", meaning, labels=labels)
    return _filled(family, values)


def _filled(family: Any, values: Values | float) -> Metric:  # noqa: ANN401 - a gauge or a counter
    filled: Metric = family
    for key, value in (values if isinstance(values, Mapping) else {(): values}).items():
        family.add_metric(key, value)
    return filled
