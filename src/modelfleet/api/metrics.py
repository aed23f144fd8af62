"""What this process counts for Prometheus, beside what the database says; no series per tenant."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from modelfleet.api.fleet_metrics import FleetState
from modelfleet.decisions.decision import VERDICTS
from modelfleet.fleet import Fleet

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The counters of one process. Each is there from the start, at zero."""

    def __init__(self, fleet: Fleet) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Cache(fleet))
        self._registry.register(FleetState(fleet))
        self._requests = Counter(
            "modelfleet_http_requests",
            "Requests answered, by route template and status.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "modelfleet_http_request_seconds",
            "Time from a request's first byte to its answer's last.",
            ("method", "route"),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._decisions = self._counter("decisions", "Requests decided by this process.")
        self._abstentions = self._counter("abstentions", "Decisions without a label.")
        self._predictions = self._counter("predictions", "Requests scored without a decision.")
        self._feedback = Counter(
            "modelfleet_feedback",
            "Words of people about decisions.",
            ("verdict",),
            registry=self._registry,
        )
        for verdict in VERDICTS:
            self._feedback.labels(verdict)
        self._known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        key = (method, route, status)
        series = self._known.get(key)
        if series is None:
            series = self._known[key] = (
                self._requests.labels(method, route, str(status)),
                self._seconds.labels(method, route),
            )
        series[0].inc()
        series[1].observe(seconds)

    def decided(self, decisions: int, abstentions: int) -> None:
        """Count decisions."""
        self._decisions.inc(decisions)
        if abstentions:
            self._abstentions.inc(abstentions)

    def predicted(self, predictions: int) -> None:
        """Count predictions that nobody took down."""
        self._predictions.inc(predictions)

    def said(self, verdict: str) -> None:
        """Count somebody's word about a decision."""
        self._feedback.labels(verdict).inc()

    def shown(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self._registry)

    def _counter(self, name: str, meaning: str) -> Counter:
        return Counter(f"modelfleet_{name}", meaning, registry=self._registry)


class _Cache(Collector):
    """What this process has in memory, read at the moment of asking."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def describe(self) -> list[Metric]:
        """Nothing: there may be no fleet yet."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The gauges."""
        cache = self._fleet.cache
        yield GaugeMetricFamily(
            "modelfleet_models_in_memory", "Models in this process's memory.", len(cache)
        )
        yield GaugeMetricFamily(
            "modelfleet_models_memory_bytes", "Bytes of the models in memory.", cache.nbytes
        )
        yield GaugeMetricFamily(
            "modelfleet_models_standing_in",
            "Models in memory that answer in place of a live version that can't be served.",
            cache.stand_ins,
        )
        for name, meaning, count in (
            ("found", "Lookups that found their model in memory.", cache.hits),
            ("missed", "Lookups whose model wasn't in memory.", cache.misses),
            ("loaded", "Versions opened.", cache.loads.loaded),
            ("unusable", "Versions that couldn't be opened.", cache.loads.failed),
            ("dropped", "Models dropped from memory to stay within its budget.", cache.dropped),
        ):
            yield CounterMetricFamily(f"modelfleet_models_{name}", meaning, count)
