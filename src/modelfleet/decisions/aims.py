"""How often decisions must be right: asking for a precision, what it costs, and what if."""

from collections.abc import Mapping, Sequence
from itertools import islice

import msgspec

from modelfleet.catalog import Catalog
from modelfleet.decisions.decision import Decision, Receipt, decision_of
from modelfleet.decisions.desk import Desk
from modelfleet.errors import NotFound
from modelfleet.events import EventLog, Query, kinds
from modelfleet.events.validation import check_name, check_target, check_text
from modelfleet.learners.operating import WHOLE_TASK
from modelfleet.serving import ModelCache
from modelfleet.serving.aiming import Aiming
from modelfleet.serving.judging import NO_LABEL_FITS

MOST_PREVIEWED = 500


class Aim(msgspec.Struct, frozen=True):
    """A precision that decisions should have, and what it takes.

    Attributes:
        label: whose decisions; None for all that have no target of their own.
        precision: the share of right decisions that is wanted.
        asked: whether people asked for it; otherwise it is the recipe's.
        threshold: the least probability that is decided.
        certified: whether the task's own requests show that the precision is kept. Until they do,
            the threshold is borrowed from other tasks, or probabilities are trusted.
        coverage: share of held-out requests that it decides; None without any.
        held_out_precision: share of those that were right; None if it decides none.
    """

    label: str | None
    precision: float
    asked: bool
    threshold: float
    certified: bool
    coverage: float | None
    held_out_precision: float | None


class Preview(msgspec.Struct, frozen=True):
    """What another precision would have changed, on the newest requests of a task.

    Attributes:
        aim: the precision, and the threshold that it gives.
        requests: how many were looked at: the newest, of the label if it is about one.
        decided: how many of them were decided.
        would_be_decided: how many would be.
        right_lost: decisions that people confirmed, which would not be made.
        wrong_avoided: decisions that people corrected, which would not be made.
        right_gained: abstentions to which people gave the label that would be decided.
        wrong_gained: abstentions to which people gave another, or none.
    """

    aim: Aim
    requests: int
    decided: int
    would_be_decided: int
    right_lost: int
    wrong_avoided: int
    right_gained: int
    wrong_gained: int


class Aims:
    """The precisions that are wanted of tasks; the next decision knows each change."""

    def __init__(self, log: EventLog, catalog: Catalog, cache: ModelCache, desk: Desk) -> None:
        self._log = log
        self._catalog = catalog
        self._cache = cache
        self._desk = desk

    def ask(
        self,
        tenant: str,
        task: str,
        precision: float | None,
        label: str | None = None,
        *,
        by: str | None = None,
        id: str | None = None,  # noqa: A002 - its name everywhere
    ) -> Receipt:
        """Have decisions be right that often, from the next one on and after every training.

        Raises:
            InvalidInput: a name or the precision can't be accepted.
            NotFound: the task has no such label.
        """
        try:
            self._check(tenant, task, precision, label)
        except NotFound:
            withdrawn = precision is None and label in self._cache.get(tenant, task).aiming.asked
            if not (withdrawn or self._desk.has(tenant, id)):
                raise
        if by is not None:
            check_text(by, "by", most=200)
        return self._desk.tell(tenant, task, kinds.TargetSet(precision, label, by), id)

    def aims(self, tenant: str, task: str) -> list[Aim]:
        """What is wanted of a task, and of labels with a target of their own.

        Raises:
            InvalidInput: a name can't be accepted.
        """
        check_name(tenant, "tenant")
        return _aims(self._cache.get(tenant, check_name(task, "task")).aiming)

    def preview(
        self, tenant: str, task: str, precision: float | None, label: str | None = None
    ) -> Preview:
        """What another precision would have changed; nothing is logged.

        The newest `MOST_PREVIEWED` requests are looked at with the probabilities that they were
        answered with, at the threshold of now.

        Raises:
            InvalidInput: a name or the precision can't be accepted.
            NotFound: the task has no such label.
        """
        self._check(tenant, task, precision, label)
        aiming = self._cache.get(tenant, task).aiming
        name = label or WHOLE_TASK
        asked = {key: value for key, value in aiming.asked.items() if key != name}
        then = aiming.asking(asked if precision is None else {**asked, name: precision})
        decisions = self._newest(tenant, task, label)
        outcomes = self._catalog.outcomes(tenant, [one.id for one in decisions])
        aimed = label if name in then.asked else None
        (aim,) = (one for one in _aims(then) if one.label == aimed)
        return _preview(aim, decisions, [_would(one, then) for one in decisions], outcomes)

    def _check(self, tenant: str, task: str, precision: float | None, label: str | None) -> None:
        check_name(tenant, "tenant")
        check_name(task, "task")
        check_target(precision, label)
        labels = [one.label for one in self._catalog.labels(tenant, task)]
        if label is not None and label not in labels:
            raise NotFound.at("label", f"{tenant}/{task} has no label '{label}'")

    def _newest(self, tenant: str, task: str, label: str | None) -> list[Decision]:
        query = Query(tenant, task, (kinds.RequestDecided.kind,), newest_first=True)
        events = islice(self._log.scan(query), MOST_PREVIEWED)
        decisions = [decision_of(event) for event in events if "forgotten" not in event.fields]
        return [one for one in decisions if label is None or _best(one) == label]


def _aims(aiming: Aiming) -> list[Aim]:
    """The task's first."""
    return [
        Aim(
            label=name or None,
            precision=point.target,
            asked=name in aiming.asked,
            threshold=point.threshold,
            certified=point.certified,
            coverage=point.coverage,
            held_out_precision=point.precision,
        )
        for name, point in sorted(aiming.points().items())
    ]


def _best(decision: Decision) -> str | None:
    return decision.candidates[0].label if decision.candidates else None


def _would(decision: Decision, aiming: Aiming) -> bool:
    """Whether a request would be decided; one that no label fits isn't, however sure."""
    best = _best(decision)
    if best is None or decision.reason == NO_LABEL_FITS:
        return False
    return decision.confidence >= aiming.threshold(best)


def _preview(
    aim: Aim,
    decisions: Sequence[Decision],
    would: Sequence[bool],
    outcomes: Mapping[str, str | None],
) -> Preview:
    lost: list[bool] = []
    gained: list[bool] = []
    for decision, then in zip(decisions, would, strict=True):
        if decision.id in outcomes and then != (decision.label is not None):
            is_right = outcomes[decision.id] == _best(decision)
            (gained if then else lost).append(is_right)
    return Preview(
        aim=aim,
        requests=len(decisions),
        decided=sum(decision.label is not None for decision in decisions),
        would_be_decided=sum(would),
        right_lost=sum(lost),
        wrong_avoided=len(lost) - sum(lost),
        right_gained=sum(gained),
        wrong_gained=len(gained) - sum(gained),
    )
