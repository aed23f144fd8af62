"""Gathering a report: a window of one task costs as much as it has days and corrections."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from itertools import islice

from modelfleet.catalog import Alert, Catalog
from modelfleet.clock import from_datetime
from modelfleet.errors import InvalidInput
from modelfleet.events import EventLog, Logged, Query, kinds
from modelfleet.monitoring.beginning import beginning
from modelfleet.monitoring.intervals import Interval, exact
from modelfleet.monitoring.measuring import Every, Measures, Period
from modelfleet.monitoring.metrics import Measured, Metrics
from modelfleet.monitoring.reporting.report import Release, Report, Slice, Wrong

MOST_WEEKS = 78
_DAILY_UP_TO = 4
_CERTAINTY = 0.9
_LEAST_JUDGED = 8
_MOST_SLICES = 12
_MOST_WORDS = 400
_MOST_WRONG = 40
_LONGEST_TEXT = 400
_CORRECTING = (
    kinds.DecisionReassigned.kind,
    kinds.DecisionRefused.kind,
    kinds.DecisionIrrelevant.kind,
)
_ALIKE = {"recipe", "version"}
"""Fields that say who decided, not what was asked."""


class Reports:
    """Makes reports of tasks."""

    def __init__(self, log: EventLog, catalog: Catalog, measures: Measures) -> None:
        self._log = log
        self._catalog = catalog
        self._measures = measures

    def of_task(self, tenant: str, task: str, weeks: int = 8) -> Report:
        """The report of a task's last weeks.

        Raises:
            InvalidInput: the number of weeks can't be accepted.
        """
        if not 1 <= weeks <= MOST_WEEKS:
            raise InvalidInput.at("weeks", f"must be from 1 to {MOST_WEEKS}; got {weeks}")
        bucket: Every = "day" if weeks <= _DAILY_UP_TO else "week"
        measured = self._measures.of_task(tenant, task, Period(7 * weeks, bucket=bucket))
        since, until = _moment(measured.now.since), _moment(measured.now.until)
        alerts = self._catalog.alerts(tenant, task, ended=True)
        return Report(
            tenant=tenant,
            task=task,
            measured=measured,
            alerts=tuple(one for one in alerts if _concerns(one, since)),
            releases=self._releases(tenant, task, since),
            slices=self._slices(tenant, task, measured),
            wrong=tuple(self._wrong(tenant, task, since, until)),
        )

    def _releases(self, tenant: str, task: str, since: int) -> tuple[Release, ...]:
        found = reversed(self._catalog.versions(tenant, task))
        return tuple(
            Release(one.version, one.published, one.why) for one in found if one.published >= since
        )

    def _slices(self, tenant: str, task: str, measured: Measured) -> tuple[Slice, ...]:
        """The kinds of requests that did worse than all together, by more than chance."""
        overall = measured.now.metrics.precision.share
        if overall is None:
            return ()
        fields = [field for field in measured.fields if field not in _ALIKE]
        kinds_of = self._measures.by_fields(tenant, task, measured.now, fields)
        judged = [
            (field, value, found)
            for field, by_value in kinds_of.items()
            for value, found in by_value.items()
            if found.confirmed + found.corrected >= _LEAST_JUDGED
        ]
        slices = [Slice(*one, _precision(one[2], len(judged))) for one in judged]
        worse = [one for one in slices if one.precision.most < overall]
        return tuple(sorted(worse, key=_how_bad)[:_MOST_SLICES])

    def _wrong(self, tenant: str, task: str, since: int, until: int) -> Iterable[Wrong]:
        """The last decisions that were corrected, each with the last word about it."""
        asked = Query(tenant, task, _CORRECTING, since, until, newest_first=True)
        words: dict[str, Logged] = {}
        for word in islice(self._log.scan(asked), _MOST_WORDS):
            words.setdefault(word.fields["decision"], word)
        decisions = self._log.get_many(tenant, list(words))
        right = self._catalog.outcomes(tenant, list(words))
        found = (
            _was_wrong(decisions[name], word, right)
            for name, word in words.items()
            if name in decisions
        )
        return islice((one for one in found if one is not None), _MOST_WRONG)


def _was_wrong(decision: Logged, word: Logged, right: Mapping[str, str | None]) -> Wrong | None:
    """What went wrong; None if it had abstained, was right after all, or was forgotten."""
    decided = decision.fields.get("label")
    said = right.get(decision.id)
    if decided is None or decided == said or "forgotten" in decision.fields:
        return None
    return Wrong(
        decision.id,
        decision.time,
        beginning(str(decision.fields["text"]), _LONGEST_TEXT),
        decided,
        said,
        kinds.VERDICTS[word.kind],
        decision.fields.get("confidence", 0.0),
    )


def _precision(metrics: Metrics, among: int) -> Interval:
    """Of the decisions that people spoke of; ``among`` so many, all intervals are right at once.

    Each may miss with the same part of what all may (Bonferroni).
    """
    judged = metrics.confirmed + metrics.corrected
    bounds = exact(metrics.confirmed, judged, 1 - (1 - _CERTAINTY) / among)
    return Interval(metrics.confirmed / judged, *bounds)


def _how_bad(slice_: Slice) -> tuple[float, str, str]:
    return slice_.precision.most, slice_.field, slice_.value


def _concerns(alert: Alert, since: int) -> bool:
    return alert.ended is None or alert.raised >= since or alert.ended >= since


def _moment(day: date) -> int:
    return from_datetime(datetime.combine(day, time(), UTC))
