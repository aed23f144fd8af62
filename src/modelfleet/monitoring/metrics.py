"""Product metrics: the shares that follow from counts of decisions and of what became of them."""

from collections.abc import Iterable, Mapping
from datetime import date

import msgspec

from modelfleet.monitoring import counts
from modelfleet.monitoring.counts import Counts
from modelfleet.monitoring.intervals import Interval, audited, with_silence
from modelfleet.monitoring.sums import pair_of

Bins = list[tuple[int, int, float]]

_CERTAINTY = 0.9
_SECONDS_IN_HOUR = 3600


class Metrics(msgspec.Struct, frozen=True):
    """How good some decisions were; a share is None where there was nothing to measure.

    Attributes:
        requests: all that were decided, without an answer too.
        decided: those that got a label.
        matured: those whose outcome is final; all that follow are about these.
        confirmed: decisions that people said were right.
        corrected: decisions that people said were wrong.
        silent: decisions about which nobody said anything.
        answered: decisions and abstentions about which somebody did.
        late: words that came after an outcome was final; they are counted as well.
        coverage: share of the requests that were decided.
        precision: of the decisions that people spoke of, the share that was right; between the
            bounds whatever the silent ones were.
        recall: share of the requests with a right label that were decided so; abstaining misses it.
        f1: the harmonic mean of precision and recall.
        audits: decisions that were drawn at random for a person to look at.
        audited: precision by the audits that were answered, without bias, with its 90% interval.
        top_3: share of the requests with a right label that had it among the first three.
        misrouted: share of decisions spoken of for which another label was right.
        reassigned: share of those answered that people gave another label, or one at all.
        no_label_fits: share of those answered that people said no label fits.
        irrelevant: share of those answered that people said was no request.
        new_domain: share of all requests that the model found no label for that fits.
        helpful: share that helped, of those of which people said whether it did.
        response_rate: share of what matured that was answered.
        hours_to_feedback: mean time until the first word.
        calibration_error: mean distance of confidence from the share that was right, over tenths of
            confidence (expected calibration error; it is too large where there are few).
        bias: mean confidence less the share that was right; above zero: too sure.
    """

    requests: int
    decided: int
    matured: int
    confirmed: int
    corrected: int
    silent: int
    answered: int
    late: int
    coverage: float | None
    precision: Interval
    recall: float | None
    f1: float | None
    audits: int
    audited: Interval
    top_3: float | None
    misrouted: float | None
    reassigned: float | None
    no_label_fits: float | None
    irrelevant: float | None
    new_domain: float | None
    helpful: float | None
    response_rate: float | None
    hours_to_feedback: float | None
    calibration_error: float | None
    bias: float | None


class Scores(msgspec.Struct, frozen=True):
    """Precision, recall and their harmonic mean; abstaining misses the label that was right."""

    precision: float | None
    recall: float | None
    f1: float | None


class LabelScores(Scores, frozen=True, kw_only=True):
    """Of one label: how often it was decided rightly and wrongly, and how often it was missed."""

    label: str
    right: int
    wrong: int
    missed: int


class Confused(msgspec.Struct, frozen=True):
    """How often a label was decided where another was right; None: no label."""

    decided: str | None
    right: str | None
    count: int


class Span(msgspec.Struct, frozen=True):
    """The decisions of some days, ``until`` not included; ``is_over``: so are they all."""

    since: date
    until: date
    metrics: Metrics
    micro: Scores
    macro: Scores
    labels: tuple[LabelScores, ...]
    confusion: tuple[Confused, ...]
    is_over: bool = True


class Kind(msgspec.Struct, frozen=True):
    """The decisions with one value of a field, beside those of the window before."""

    value: str
    now: Metrics
    before: Metrics


class Bucket(msgspec.Struct, frozen=True):
    """The decisions of a day or of a week, ``until`` not included; ``is_over``: so is it."""

    since: date
    until: date
    metrics: Metrics
    is_over: bool = True


class Measured(msgspec.Struct, frozen=True):
    """A window and the one before, as long; by a field, and by days or weeks, if asked for.

    ``fields`` are those that the decisions of the window can be told apart by.
    """

    now: Span
    before: Span
    fields: tuple[str, ...]
    kinds: tuple[Kind, ...] = ()
    buckets: tuple[Bucket, ...] = ()


def metrics_of(of: Counts) -> Metrics:
    """The metrics that counts come to."""

    def share(part: int, *whole: int) -> float | None:
        return _share(of.get(part, 0), sum(of.get(one, 0) for one in whole))

    confirmed, corrected = of.get(counts.CONFIRMED, 0), of.get(counts.CORRECTED, 0)
    silent = of.get(counts.SILENT, 0)
    waited = share(counts.SECONDS, counts.ANSWERED)
    return Metrics(
        requests=of.get(counts.REQUESTS, 0),
        decided=of.get(counts.DECIDED, 0),
        matured=of.get(counts.MATURED, 0),
        confirmed=confirmed,
        corrected=corrected,
        silent=silent,
        answered=of.get(counts.ANSWERED, 0),
        late=of.get(counts.LATE, 0),
        coverage=share(counts.DECIDED, counts.REQUESTS),
        precision=with_silence(confirmed, corrected, silent),
        recall=share(counts.CONFIRMED, counts.LABELLED),
        f1=_share(2 * confirmed, confirmed + corrected + of.get(counts.LABELLED, 0)),
        audits=of.get(counts.AUDITS, 0),
        audited=audited(
            of.get(counts.AUDITED_RIGHT, 0),
            of.get(counts.AUDITED, 0),
            of.get(counts.AUDITED_SQUARES, 0),
            _CERTAINTY,
        ),
        top_3=share(counts.IN_TOP_3, counts.LABELLED),
        misrouted=share(counts.MISROUTED, counts.CONFIRMED, counts.CORRECTED),
        reassigned=share(counts.REASSIGNED, counts.ANSWERED),
        no_label_fits=share(counts.NO_LABEL_FITS, counts.ANSWERED),
        irrelevant=share(counts.IRRELEVANT, counts.ANSWERED),
        new_domain=share(counts.UNFIT, counts.REQUESTS),
        helpful=share(counts.HELPFUL, counts.HELPFUL, counts.UNHELPFUL),
        response_rate=share(counts.ANSWERED, counts.MATURED),
        hours_to_feedback=None if waited is None else waited / _SECONDS_IN_HOUR,
        calibration_error=_calibration_error(_bins(of)),
        bias=_bias(_bins(of)),
    )


def metrics_by_label(
    by_label: Mapping[str, Counts], pairs: Mapping[str, Counts]
) -> dict[str, Metrics]:
    """The metrics of decisions by the label that was decided; recall is that of the label.

    What it missed was decided otherwise, so it stands among the pairs only.
    """
    scores = {one.label: one for one in scores_of(pairs)}
    none = Scores(None, None, None)
    found = {}
    for label, of in by_label.items():
        own = scores.get(label, none)
        found[label] = msgspec.structs.replace(metrics_of(of), recall=own.recall, f1=own.f1)
    return found


def scores_of(pairs: Mapping[str, Counts]) -> tuple[LabelScores, ...]:
    """The scores of each label, by pairs of what was decided and what was right."""
    right: dict[str, int] = {}
    wrong: dict[str, int] = {}
    missed: dict[str, int] = {}
    for confused in confusion_of(pairs):
        if confused.decided is not None and confused.decided == confused.right:
            right[confused.right] = confused.count
            continue
        for label, table in ((confused.decided, wrong), (confused.right, missed)):
            if label is not None:
                table[label] = table.get(label, 0) + confused.count
    labels = sorted(right.keys() | wrong.keys() | missed.keys())
    return tuple(
        _label_scores(one, right.get(one, 0), wrong.get(one, 0), missed.get(one, 0))
        for one in labels
    )


def confusion_of(pairs: Mapping[str, Counts]) -> tuple[Confused, ...]:
    """What was decided and what was right, the most frequent first."""
    found = [Confused(*pair_of(pair), of.get(counts.ANSWERED, 0)) for pair, of in pairs.items()]
    return tuple(sorted(found, key=lambda one: (-one.count, str(one.decided), str(one.right))))


def micro(labels: Iterable[LabelScores]) -> Scores:
    """The scores of all decisions together."""
    together = [(one.right, one.wrong, one.missed) for one in labels]
    right, wrong, missed = map(sum, zip(*together, strict=True)) if together else (0, 0, 0)
    return _scores(right, wrong, missed)


def macro(labels: Iterable[LabelScores]) -> Scores:
    """The mean of the scores of the labels that were right at least once."""
    known = [one for one in labels if one.right + one.missed]
    return Scores(
        *(
            _mean([value for one in known if (value := getattr(one, name)) is not None])
            for name in Scores.__struct_fields__
        )
    )


def _label_scores(label: str, right: int, wrong: int, missed: int) -> LabelScores:
    scores = msgspec.structs.asdict(_scores(right, wrong, missed))
    return LabelScores(**scores, label=label, right=right, wrong=wrong, missed=missed)


def _scores(right: int, wrong: int, missed: int) -> Scores:
    return Scores(
        _share(right, right + wrong),
        _share(right, right + missed),
        _share(2 * right, 2 * right + wrong + missed),
    )


def _calibration_error(bins: Bins) -> float | None:
    judged = sum(count for count, _, _ in bins)
    apart = sum(abs(stated - right) for _, right, stated in bins)
    return _share(apart, judged)


def _bias(bins: Bins) -> float | None:
    judged, right, stated = (sum(part) for part in zip(*bins, strict=True))
    return _share(stated - right, judged)


def _bins(of: Counts) -> Bins:
    """Of each tenth of confidence: how many were judged, how many right, and the sum of it."""
    places = [counts.FIRST_BIN + 3 * bin_ for bin_ in range(counts.BINS)]
    return [
        (of.get(own, 0), of.get(own + 1, 0), of.get(own + 2, 0) / counts.MILLION) for own in places
    ]


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None
